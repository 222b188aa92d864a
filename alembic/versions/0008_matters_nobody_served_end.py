"""Matters that nobody served end

Revision: 0008. Follows: 0007.

Who hung up or was turned away and never came again left a case that stood open for ever. Such a case is closed, counted by
itself; what stands open from before gets the time that a new one would have.
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _closed_by("'customer', 'silence', 'not_asked', 'unserved'")
    # Whether somebody serves it by then is seen when the time has come.
    op.execute("""
        INSERT INTO timer (id, key, kind, case_id, due_at, data)
        SELECT gen_random_uuid(), 'unserved:' || id, 'unserved', id, wall_clock() + interval '30 days', '{}' FROM "case"
        WHERE state = 'open' AND merged_into IS NULL AND owner IS NULL AND NOT supervised AND first_answer_at IS NULL
    """)


def downgrade() -> None:
    op.execute("DELETE FROM timer WHERE kind = 'unserved'")
    op.execute("""UPDATE "case" SET closed_by = 'not_asked' WHERE closed_by = 'unserved'""")
    _closed_by("'customer', 'silence', 'not_asked'")


def _closed_by(known: str) -> None:
    op.drop_constraint(op.f("ck_case_closed_by"), "case", type_="check")
    op.create_check_constraint(op.f("ck_case_closed_by"), "case", f"closed_by IN ({known})")
