"""Rules as versions, and what they need

Revision: 0002. Follows: 0001.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

EMPTY_ARRAY = sa.text("'[]'::jsonb")
EMPTY_OBJECT = sa.text("'{}'::jsonb")
NOBODY = sa.text("'{}'::text[]")
FALSE = sa.text("false")


def moment(name: str, *, nullable: bool = True) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "rule_set",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("document", postgresql.JSON(astext_type=sa.Text()), nullable=False),
        sa.Column("based_on", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("made_by", sa.Text(), nullable=False),
        moment("made_at", nullable=False),
        sa.Column("published_by", sa.Text(), nullable=True),
        moment("published_at"),
        sa.CheckConstraint("state IN ('draft', 'live', 'discarded', 'past')", name=op.f("ck_rule_set_state")),
        sa.CheckConstraint(
            "(state IN ('live', 'past')) = (published_at IS NOT NULL)", name=op.f("ck_rule_set_published")
        ),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_rule_set")),
    )
    op.create_index("uq_rule_set_live", "rule_set", ["state"], unique=True, postgresql_where=sa.text("state = 'live'"))
    op.create_table(
        "queue_day",
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("arrivals", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("queue", "day", name=op.f("pk_queue_day")),
    )
    op.create_table(
        "head_start_day",
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("granted", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("refused", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("queue", "day", "reason", name=op.f("pk_head_start_day")),
    )
    op.create_table(
        "bar",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("representative", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        moment("made_at", nullable=False),
        sa.CheckConstraint("(customer_id IS NULL) <> (case_id IS NULL)", name=op.f("ck_bar_of_one")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_bar_customer_id")),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_bar_case_id")),
        sa.ForeignKeyConstraint(["representative"], ["representative.code"], name=op.f("fk_bar_representative")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bar")),
    )
    op.create_index("uq_bar_customer", "bar", ["customer_id", "representative"], unique=True)
    op.create_index("uq_bar_case", "bar", ["case_id", "representative"], unique=True)
    op.create_table(
        "told_wait",
        sa.Column("interaction_id", sa.Uuid(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        moment("told_at", nullable=False),
        moment("low_at", nullable=False),
        moment("high_at", nullable=False),
        sa.ForeignKeyConstraint(["interaction_id"], ["interaction.id"], name=op.f("fk_told_wait_interaction_id")),
        sa.PrimaryKeyConstraint("interaction_id", name=op.f("pk_told_wait")),
    )
    op.add_column("queue", moment("closed_until"))
    op.add_column("queue", sa.Column("closed_message", sa.Text(), nullable=True))
    for column in (
        sa.Column("groups", postgresql.ARRAY(sa.Text()), server_default=NOBODY, nullable=False),
        sa.Column("pull", sa.Boolean(), server_default=FALSE, nullable=False),
        sa.Column("per_hour", sa.Integer(), nullable=True),
        sa.Column("per_day", sa.Integer(), nullable=True),
        moment("resting_until"),
    ):
        op.add_column("representative", column)
    op.create_check_constraint(op.f("ck_representative_per_time"), "representative", "per_hour > 0 AND per_day > 0")
    for column in (
        sa.Column("barred", postgresql.ARRAY(sa.Text()), server_default=NOBODY, nullable=False),
        sa.Column("rules_version", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("routing", postgresql.JSONB(astext_type=sa.Text()), server_default=EMPTY_OBJECT, nullable=False),
        sa.Column("steps", postgresql.JSONB(astext_type=sa.Text()), server_default=EMPTY_ARRAY, nullable=False),
        sa.Column("step", sa.Integer(), server_default=sa.text("0"), nullable=False),
        moment("step_at"),
        sa.Column("exhausted", sa.Text(), nullable=True),
        moment("exhausted_at"),
        sa.Column("overflow_to", sa.Text(), nullable=True),
        sa.Column("callback", sa.Boolean(), server_default=FALSE, nullable=False),
        sa.Column("callback_attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        moment("escalated_at"),
    ):
        op.add_column("interaction", column)
    op.create_check_constraint(op.f("ck_interaction_barred"), "interaction", "cardinality(barred) <= 16")
    op.create_check_constraint(
        op.f("ck_interaction_step"), "interaction", "step BETWEEN 0 AND jsonb_array_length(steps)"
    )
    op.create_index(
        "ix_interaction_stepping",
        "interaction",
        ["step_at"],
        unique=False,
        postgresql_where=sa.text("state = 'queued' AND step_at IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_interaction_stepping", table_name="interaction")
    op.drop_constraint(op.f("ck_interaction_step"), "interaction")
    op.drop_constraint(op.f("ck_interaction_barred"), "interaction")
    for name in (
        "barred", "rules_version", "routing", "steps", "step", "step_at", "exhausted", "exhausted_at", "overflow_to",
        "callback", "callback_attempts", "escalated_at",
    ):  # fmt: skip
        op.drop_column("interaction", name)
    op.drop_constraint(op.f("ck_representative_per_time"), "representative")
    for name in ("groups", "pull", "per_hour", "per_day", "resting_until"):
        op.drop_column("representative", name)
    op.drop_column("queue", "closed_until")
    op.drop_column("queue", "closed_message")
    for name in ("told_wait", "bar", "head_start_day", "queue_day", "rule_set"):
        op.drop_table(name)
