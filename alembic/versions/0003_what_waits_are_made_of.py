"""What waits are made of

Revision: 0003. Follows: 0002.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "queue_estimate",
        sa.Column(
            "line", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
    )
    op.add_column("queue_estimate", sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_told_wait_queue_told_at", "told_wait", ["queue", "told_at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_told_wait_queue_told_at", table_name="told_wait")
    op.drop_column("queue_estimate", "changed_at")
    op.drop_column("queue_estimate", "line")
