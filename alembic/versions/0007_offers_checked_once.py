"""Offers are checked once

Revision: 0007. Follows: 0006.

Every statement that writes an assignment joins its representative's locked row, and representatives are never deleted: the
foreign key looked at that row a second time for each offer.
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_constraint("fk_assignment_representative", "assignment", type_="foreignkey")


def downgrade() -> None:
    op.create_foreign_key("fk_assignment_representative", "assignment", "representative", ["representative"], ["code"])
