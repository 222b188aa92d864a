"""Cases, until they are solved

Revision: 0005. Follows: 0004.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "merge",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("survivor", sa.Uuid(), nullable=False),
        sa.Column("merged", sa.Uuid(), nullable=False),
        sa.Column(
            "moved", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by", sa.Text(), nullable=True),
        sa.CheckConstraint("kind IN ('case', 'customer')", name=op.f("ck_merge_kind")),
        sa.CheckConstraint("survivor <> merged", name=op.f("ck_merge_two")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merge")),
    )
    op.create_index(op.f("ix_merge_kind_survivor"), "merge", ["kind", "survivor"], unique=False)
    op.create_index(
        "uq_merge_standing", "merge", ["kind", "merged"], unique=True, postgresql_where=sa.text("undone_at IS NULL")
    )
    op.create_table(
        "proxy",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("proxy_id", sa.Uuid(), nullable=False),
        sa.Column("relation", sa.Text(), nullable=False),
        sa.Column("consent", sa.Text(), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("noted_by", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.CheckConstraint("customer_id <> proxy_id", name=op.f("ck_proxy_two")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_proxy_customer_id")),
        sa.ForeignKeyConstraint(["proxy_id"], ["customer.id"], name=op.f("fk_proxy_proxy_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proxy")),
    )
    op.create_index(op.f("ix_proxy_proxy_id"), "proxy", ["proxy_id"], unique=False)
    op.create_index(
        "uq_proxy_standing",
        "proxy",
        ["customer_id", "proxy_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "alarm",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("representative", sa.Text(), nullable=True),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_by", sa.Text(), nullable=True),
        sa.Column(
            "data", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_alarm_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarm")),
        sa.UniqueConstraint("key", name=op.f("uq_alarm_key")),
    )
    op.create_index(op.f("ix_alarm_case_id"), "alarm", ["case_id"], unique=False)
    op.create_index(
        "ix_alarm_open",
        "alarm",
        ["representative", "raised_at"],
        unique=False,
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_index(
        "ix_alarm_open_all", "alarm", ["raised_at", "id"], unique=False, postgresql_where=sa.text("done_at IS NULL")
    )
    op.create_table(
        "clock",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("target_seconds", sa.Float(), nullable=False),
        sa.Column("spent_seconds", sa.Float(), server_default=sa.text("0"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("warned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("late_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("queue", sa.Text(), nullable=True),
        sa.Column("rules_version", sa.Integer(), nullable=False),
        sa.CheckConstraint("(state = 'running') = (due_at IS NOT NULL)", name=op.f("ck_clock_due")),
        sa.CheckConstraint("kind IN ('first_response', 'next_response', 'resolution')", name=op.f("ck_clock_kind")),
        sa.CheckConstraint("state IN ('running', 'paused', 'met', 'breached', 'stopped')", name=op.f("ck_clock_state")),
        sa.CheckConstraint("target_seconds > 0 AND spent_seconds >= 0", name=op.f("ck_clock_seconds")),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_clock_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clock")),
    )
    op.create_index(op.f("ix_clock_case_id"), "clock", ["case_id"], unique=False)
    op.create_index(
        "ix_clock_ended", "clock", ["ended_at"], unique=False, postgresql_where=sa.text("ended_at IS NOT NULL")
    )
    op.create_index(
        "uq_clock_going",
        "clock",
        ["case_id", "kind"],
        unique=True,
        postgresql_where=sa.text("state IN ('running', 'paused')"),
    )
    op.create_table(
        "promise",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("interaction_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("representative", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("moved_to", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("nudged_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'standing') = (ended_at IS NULL)", name=op.f("ck_promise_ended")),
        sa.CheckConstraint(
            "state IN ('standing', 'kept', 'broken', 'moved', 'released')", name=op.f("ck_promise_state")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_promise_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promise")),
    )
    op.create_index(op.f("ix_promise_case_id_made_at"), "promise", ["case_id", "made_at"], unique=False)
    op.create_index(op.f("ix_promise_due_at"), "promise", ["due_at"], unique=False)
    op.create_index(
        "ix_promise_ended", "promise", ["ended_at"], unique=False, postgresql_where=sa.text("ended_at IS NOT NULL")
    )
    op.create_index(
        "uq_promise_callback",
        "promise",
        ["interaction_id"],
        unique=True,
        postgresql_where=sa.text("kind = 'callback' AND state = 'standing'"),
    )
    op.create_index(
        "uq_promise_news",
        "promise",
        ["case_id"],
        unique=True,
        postgresql_where=sa.text("kind = 'news' AND state = 'standing'"),
    )
    op.create_table(
        "timer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "data", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_timer_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timer")),
        sa.UniqueConstraint("key", name=op.f("uq_timer_key")),
    )
    op.create_index(op.f("ix_timer_case_id"), "timer", ["case_id"], unique=False)
    op.create_index(op.f("ix_timer_due_at_id"), "timer", ["due_at", "id"], unique=False)
    op.create_table(
        "touch",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("caused_by", sa.Text(), nullable=False),
        sa.Column("representative", sa.Text(), nullable=True),
        sa.Column("request_type", sa.Text(), nullable=True),
        sa.Column("queue", sa.Text(), nullable=True),
        sa.Column("office", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('contact', 'message', 'asked')", name=op.f("ck_touch_kind")),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_touch_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_touch")),
        sa.UniqueConstraint("subject_id", "version", name=op.f("uq_touch_subject_id_version")),
    )
    op.create_index(op.f("ix_touch_at"), "touch", ["at"], unique=False)
    op.create_index(op.f("ix_touch_case_id_number"), "touch", ["case_id", "number"], unique=False)
    op.add_column("case", sa.Column("page_token", sa.Text(), nullable=True))
    op.add_column("case", sa.Column("owner", sa.Text(), nullable=True))
    op.add_column("case", sa.Column("supervised", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("case", sa.Column("queue", sa.Text(), nullable=True))
    op.add_column("case", sa.Column("office", sa.Text(), nullable=True))
    op.add_column("case", sa.Column("channel", sa.Text(), nullable=True))
    op.add_column("case", sa.Column("language", sa.Text(), nullable=True))
    op.add_column("case", sa.Column("amount", sa.Float(), nullable=True))
    op.add_column("case", sa.Column("area", sa.Text(), nullable=True))
    op.add_column("case", sa.Column("product", sa.Text(), nullable=True))
    op.add_column("case", sa.Column("touches", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column("case", sa.Column("alarmed", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column("case", sa.Column("reopened", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column("case", sa.Column("first_answer_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("case", sa.Column("root_cause", sa.Text(), nullable=True))
    op.add_column("case", sa.Column("resolved_by", sa.Text(), nullable=True))
    op.add_column("case", sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("case", sa.Column("closed_by", sa.Text(), nullable=True))
    op.add_column("case", sa.Column("reopen_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("case", sa.Column("merged_into", sa.Uuid(), nullable=True))
    op.add_column("case", sa.Column("follows", sa.Uuid(), nullable=True))
    op.add_column("case", sa.Column("playbook", sa.Text(), nullable=True))
    op.add_column("case", sa.Column("playbook_version", sa.Integer(), nullable=True))
    op.add_column("case", sa.Column("tended_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("case", sa.Column("clocks_version", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column("case", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_case_clocks",
        "case",
        ["clocks_version", "id"],
        unique=False,
        postgresql_where=sa.text("state IN ('open', 'awaiting_customer', 'checking')"),
    )
    op.create_index("ix_case_area", "case", ["area", "id"], unique=False, postgresql_where=sa.text("area IS NOT NULL"))
    op.create_index(
        "ix_case_product", "case", ["product", "id"], unique=False, postgresql_where=sa.text("product IS NOT NULL")
    )
    op.create_index(
        "ix_case_closed", "case", ["closed_at"], unique=False, postgresql_where=sa.text("closed_at IS NOT NULL")
    )
    op.create_index(
        "ix_case_follows", "case", ["follows"], unique=False, postgresql_where=sa.text("follows IS NOT NULL")
    )
    op.create_index(
        "ix_case_merged_into",
        "case",
        ["merged_into"],
        unique=False,
        postgresql_where=sa.text("merged_into IS NOT NULL"),
    )
    op.create_index(
        "ix_case_owner",
        "case",
        ["owner", "id"],
        unique=False,
        postgresql_where=sa.text("owner IS NOT NULL"),
    )
    op.create_index(
        "ix_case_resolved", "case", ["resolved_at"], unique=False, postgresql_where=sa.text("resolved_at IS NOT NULL")
    )
    op.create_index(
        "uq_case_page", "case", ["page_token"], unique=True, postgresql_where=sa.text("page_token IS NOT NULL")
    )
    op.create_foreign_key(op.f("fk_case_follows"), "case", "case", ["follows"], ["id"])
    op.create_foreign_key(op.f("fk_case_merged_into"), "case", "case", ["merged_into"], ["id"])
    op.add_column("customer", sa.Column("state", sa.Text(), server_default="known", nullable=False))
    op.add_column("customer", sa.Column("merged_into", sa.Uuid(), nullable=True))
    op.add_column("customer", sa.Column("news_by", sa.Text(), nullable=True))
    op.add_column("customer", sa.Column("version", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.create_index(
        "ix_customer_merged_into",
        "customer",
        ["merged_into"],
        unique=False,
        postgresql_where=sa.text("merged_into IS NOT NULL"),
    )
    op.create_foreign_key(op.f("fk_customer_merged_into"), "customer", "customer", ["merged_into"], ["id"])
    # A case closed before there was a word for it was closed by its customer: nothing else closed one.
    op.execute("""UPDATE "case" SET closed_by = 'customer', closed_at = resolved_at WHERE state = 'closed'""")
    op.create_check_constraint(op.f("ck_case_closed_by"), "case", "closed_by IN ('customer', 'silence', 'not_asked')")
    op.create_check_constraint(op.f("ck_case_closed"), "case", "(state = 'closed') = (closed_by IS NOT NULL)")
    op.create_check_constraint(op.f("ck_case_merged"), "case", "merged_into <> id")
    op.create_check_constraint(op.f("ck_customer_state"), "customer", "state IN ('known', 'merged', 'erased')")
    op.create_check_constraint(op.f("ck_customer_news_by"), "customer", "news_by IN ('message', 'person')")
    op.create_check_constraint(op.f("ck_customer_merged"), "customer", "(state = 'merged') = (merged_into IS NOT NULL)")


def downgrade() -> None:
    op.drop_constraint(op.f("ck_customer_merged"), "customer", type_="check")
    op.drop_constraint(op.f("ck_customer_news_by"), "customer", type_="check")
    op.drop_constraint(op.f("ck_customer_state"), "customer", type_="check")
    op.drop_constraint(op.f("ck_case_merged"), "case", type_="check")
    op.drop_constraint(op.f("ck_case_closed"), "case", type_="check")
    op.drop_constraint(op.f("ck_case_closed_by"), "case", type_="check")
    op.drop_constraint(op.f("fk_customer_merged_into"), "customer", type_="foreignkey")
    op.drop_index("ix_customer_merged_into", table_name="customer", postgresql_where=sa.text("merged_into IS NOT NULL"))
    op.drop_column("customer", "version")
    op.drop_column("customer", "news_by")
    op.drop_column("customer", "merged_into")
    op.drop_column("customer", "state")
    op.drop_constraint(op.f("fk_case_merged_into"), "case", type_="foreignkey")
    op.drop_constraint(op.f("fk_case_follows"), "case", type_="foreignkey")
    op.drop_index("uq_case_page", table_name="case", postgresql_where=sa.text("page_token IS NOT NULL"))
    op.drop_index("ix_case_resolved", table_name="case", postgresql_where=sa.text("resolved_at IS NOT NULL"))
    op.drop_index("ix_case_owner", table_name="case", postgresql_where=sa.text("owner IS NOT NULL"))
    op.drop_index("ix_case_merged_into", table_name="case", postgresql_where=sa.text("merged_into IS NOT NULL"))
    op.drop_index("ix_case_follows", table_name="case", postgresql_where=sa.text("follows IS NOT NULL"))
    op.drop_index("ix_case_product", table_name="case", postgresql_where=sa.text("product IS NOT NULL"))
    op.drop_index("ix_case_area", table_name="case", postgresql_where=sa.text("area IS NOT NULL"))
    op.drop_index("ix_case_closed", table_name="case", postgresql_where=sa.text("closed_at IS NOT NULL"))
    op.drop_index(
        "ix_case_clocks",
        table_name="case",
        postgresql_where=sa.text("state IN ('open', 'awaiting_customer', 'checking')"),
    )
    op.drop_column("case", "erased_at")
    op.drop_column("case", "clocks_version")
    op.drop_column("case", "tended_at")
    op.drop_column("case", "playbook_version")
    op.drop_column("case", "playbook")
    op.drop_column("case", "follows")
    op.drop_column("case", "merged_into")
    op.drop_column("case", "reopen_until")
    op.drop_column("case", "closed_by")
    op.drop_column("case", "closed_at")
    op.drop_column("case", "resolved_by")
    op.drop_column("case", "root_cause")
    op.drop_column("case", "first_answer_at")
    op.drop_column("case", "reopened")
    op.drop_column("case", "alarmed")
    op.drop_column("case", "touches")
    op.drop_column("case", "product")
    op.drop_column("case", "area")
    op.drop_column("case", "amount")
    op.drop_column("case", "language")
    op.drop_column("case", "channel")
    op.drop_column("case", "office")
    op.drop_column("case", "queue")
    op.drop_column("case", "supervised")
    op.drop_column("case", "owner")
    op.drop_column("case", "page_token")
    op.drop_index(op.f("ix_touch_case_id_number"), table_name="touch")
    op.drop_index(op.f("ix_touch_at"), table_name="touch")
    op.drop_table("touch")
    op.drop_index(op.f("ix_timer_due_at_id"), table_name="timer")
    op.drop_index(op.f("ix_timer_case_id"), table_name="timer")
    op.drop_table("timer")
    op.drop_index(
        "uq_promise_callback",
        table_name="promise",
        postgresql_where=sa.text("kind = 'callback' AND state = 'standing'"),
    )
    op.drop_index(
        "uq_promise_news", table_name="promise", postgresql_where=sa.text("kind = 'news' AND state = 'standing'")
    )
    op.drop_index("ix_promise_ended", table_name="promise", postgresql_where=sa.text("ended_at IS NOT NULL"))
    op.drop_index(op.f("ix_promise_due_at"), table_name="promise")
    op.drop_index(op.f("ix_promise_case_id_made_at"), table_name="promise")
    op.drop_table("promise")
    op.drop_index("uq_clock_going", table_name="clock", postgresql_where=sa.text("state IN ('running', 'paused')"))
    op.drop_index("ix_clock_ended", table_name="clock", postgresql_where=sa.text("ended_at IS NOT NULL"))
    op.drop_index(op.f("ix_clock_case_id"), table_name="clock")
    op.drop_table("clock")
    op.drop_index("ix_alarm_open_all", table_name="alarm", postgresql_where=sa.text("done_at IS NULL"))
    op.drop_index("ix_alarm_open", table_name="alarm", postgresql_where=sa.text("done_at IS NULL"))
    op.drop_index(op.f("ix_alarm_case_id"), table_name="alarm")
    op.drop_table("alarm")
    op.drop_index("uq_proxy_standing", table_name="proxy", postgresql_where=sa.text("ended_at IS NULL"))
    op.drop_index(op.f("ix_proxy_proxy_id"), table_name="proxy")
    op.drop_table("proxy")
    op.drop_index("uq_merge_standing", table_name="merge", postgresql_where=sa.text("undone_at IS NULL"))
    op.drop_index(op.f("ix_merge_kind_survivor"), table_name="merge")
    op.drop_table("merge")
