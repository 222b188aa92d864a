"""Counted by one clock

Revision: 0004. Follows: 0003.

What somebody has taken in an hour is found by when they answered, which the database's clock said; ids are made by the
clocks of processes.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_assignment_answered",
        "assignment",
        ["representative", "answered_at"],
        unique=False,
        postgresql_where=sa.text("answered_at IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_assignment_answered", table_name="assignment")
