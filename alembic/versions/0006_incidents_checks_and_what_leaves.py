"""Incidents, checks, surveys, playbooks, and what leaves for other systems

Revision: 0006. Follows: 0005.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_case_kept",
        "case",
        ["closed_at"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NOT NULL AND erased_at IS NULL"),
    )
    op.create_table(
        "follower",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("xid", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_follower")),
    )
    op.create_table(
        "incident",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("words", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("request_types", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'::text[]"), nullable=False),
        sa.Column("areas", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'::text[]"), nullable=False),
        sa.Column("products", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'::text[]"), nullable=False),
        sa.Column("channels", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'::text[]"), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("promised_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint(
            "(state IN ('closed', 'dismissed')) = (ended_at IS NOT NULL)", name=op.f("ck_incident_ended")
        ),
        sa.CheckConstraint("state IN ('proposed', 'declared', 'dismissed', 'closed')", name=op.f("ck_incident_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident")),
    )
    op.create_index(
        "ix_incident_open",
        "incident",
        ["state"],
        unique=False,
        postgresql_where=sa.text("state IN ('proposed', 'declared')"),
    )
    op.create_table(
        "playbook",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("rules_version", sa.Integer(), nullable=False),
        sa.Column("steps", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("code", "version", name=op.f("pk_playbook")),
    )
    op.create_table(
        "surge_count",
        sa.Column("request_type", sa.Text(), nullable=False),
        sa.Column("area", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("contacts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("request_type", "area", "starts_at", name=op.f("pk_surge_count")),
    )
    op.create_index(op.f("ix_surge_count_starts_at"), "surge_count", ["starts_at"], unique=False)
    op.create_table(
        "webhook_endpoint",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("old_secret", sa.LargeBinary(), nullable=True),
        sa.Column("kinds", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'::text[]"), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.CheckConstraint("state IN ('on', 'off')", name=op.f("ck_webhook_endpoint_state")),
        sa.CheckConstraint("cardinality(kinds) <= 100", name=op.f("ck_webhook_endpoint_kinds")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_endpoint")),
    )
    op.create_table(
        "incident_reach",
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_incident_reach_customer_id")),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_incident_reach_incident_id")),
        sa.PrimaryKeyConstraint("incident_id", "customer_id", name=op.f("pk_incident_reach")),
    )
    op.create_table(
        "incident_update",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("words", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("promised_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("spread_to", sa.Uuid(), nullable=True),
        sa.Column("reached_to", sa.Uuid(), nullable=True),
        sa.Column("spread_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_incident_update_incident_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident_update")),
    )
    op.create_index(op.f("ix_incident_update_incident_id_at"), "incident_update", ["incident_id", "at"], unique=False)
    op.create_index(
        "ix_incident_update_left",
        "incident_update",
        ["at", "id"],
        unique=False,
        postgresql_where=sa.text("spread_at IS NULL"),
    )
    op.create_table(
        "webhook_delivery",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("event_seq", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('pending', 'sending', 'sent', 'failed')", name=op.f("ck_webhook_delivery_state")),
        sa.ForeignKeyConstraint(
            ["endpoint_id"], ["webhook_endpoint.id"], name=op.f("fk_webhook_delivery_endpoint_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_delivery")),
        sa.UniqueConstraint("endpoint_id", "event_seq", name=op.f("uq_webhook_delivery_endpoint_id_event_seq")),
    )
    op.create_index(
        "ix_webhook_delivery_done",
        "webhook_delivery",
        ["done_at"],
        unique=False,
        postgresql_where=sa.text("done_at IS NOT NULL"),
    )
    op.create_index(
        "ix_webhook_delivery_due",
        "webhook_delivery",
        ["endpoint_id", "next_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('pending', 'sending')"),
    )
    op.create_table(
        "incident_case",
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("attached_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attached_by", sa.Text(), nullable=False),
        sa.Column("detached_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("detached_by", sa.Text(), nullable=True),
        sa.Column("promise_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_incident_case_case_id")),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_incident_case_incident_id")),
        sa.PrimaryKeyConstraint("incident_id", "case_id", name=op.f("pk_incident_case")),
    )
    op.create_index(op.f("ix_incident_case_case_id"), "incident_case", ["case_id"], unique=False)
    op.create_table(
        "playbook_tick",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_playbook_tick_case_id")),
        sa.PrimaryKeyConstraint("case_id", "step", name=op.f("pk_playbook_tick")),
    )
    op.create_table(
        "second_check",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("representative", sa.Text(), nullable=True),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("skill", sa.Text(), nullable=True),
        sa.Column("level", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("checker", sa.Text(), nullable=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column(
            "data", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.CheckConstraint(
            "(state IN ('passed', 'returned', 'withdrawn')) = (decided_at IS NOT NULL)",
            name=op.f("ck_second_check_decided"),
        ),
        sa.CheckConstraint("before IN ('resolution', 'message')", name=op.f("ck_second_check_before")),
        sa.CheckConstraint(
            "state IN ('waiting', 'taken', 'passed', 'returned', 'withdrawn')", name=op.f("ck_second_check_state")
        ),
        sa.CheckConstraint(
            "checker IS DISTINCT FROM representative OR checker IS NULL", name=op.f("ck_second_check_another")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_second_check_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_second_check")),
    )
    op.create_index(op.f("ix_second_check_case_id"), "second_check", ["case_id"], unique=False)
    op.create_index(
        "ix_second_check_decided",
        "second_check",
        ["decided_at"],
        unique=False,
        postgresql_where=sa.text("decided_at IS NOT NULL"),
    )
    op.create_index(
        "ix_second_check_open",
        "second_check",
        ["requested_at", "id"],
        unique=False,
        postgresql_where=sa.text("state IN ('waiting', 'taken')"),
    )
    op.create_index(
        "uq_second_check_resolution",
        "second_check",
        ["case_id"],
        unique=True,
        postgresql_where=sa.text("before = 'resolution' AND state IN ('waiting', 'taken')"),
    )
    op.create_index(
        "uq_second_check_message",
        "second_check",
        ["message_id"],
        unique=True,
        postgresql_where=sa.text("before = 'message' AND state IN ('waiting', 'taken')"),
    )
    op.create_table(
        "survey",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("representative", sa.Text(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("solved", sa.Text(), nullable=True),
        sa.Column("mark", sa.Integer(), nullable=True),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'asked') = (ended_at IS NULL)", name=op.f("ck_survey_ended")),
        sa.CheckConstraint("solved IN ('yes', 'no', 'partly')", name=op.f("ck_survey_solved")),
        sa.CheckConstraint("state IN ('asked', 'answered', 'lapsed', 'dropped')", name=op.f("ck_survey_state")),
        sa.CheckConstraint("mark BETWEEN 1 AND 5", name=op.f("ck_survey_mark")),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_survey_case_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_survey_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_survey")),
        sa.UniqueConstraint("case_id", "round", name=op.f("uq_survey_case_id_round")),
    )
    op.create_index(op.f("ix_survey_asked_at"), "survey", ["asked_at"], unique=False)
    op.create_index(op.f("ix_survey_customer_id_asked_at"), "survey", ["customer_id", "asked_at"], unique=False)
    op.create_index("uq_survey_asked", "survey", ["case_id"], unique=True, postgresql_where=sa.text("state = 'asked'"))
    op.create_table(
        "erasure",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_erasure")),
    )
    op.create_table(
        "reached",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_reached_customer_id")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_reached")),
    )
    op.create_index(op.f("ix_reached_at"), "reached", ["at"], unique=False)
    op.create_index(op.f("ix_reached_customer_id_at"), "reached", ["customer_id", "at"], unique=False)
    op.create_table(
        "document",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("octet_length(content) <= 10485760", name=op.f("ck_document_size")),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_document_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document")),
    )
    op.create_index(op.f("ix_document_case_id_at"), "document", ["case_id", "at"], unique=False)
    # Whoever follows the log begins where it stands: what was before has no clocks, and old cases are told nothing late.
    op.execute(
        """
        INSERT INTO follower (name, epoch, xid, seq)
        SELECT name, epoch, xid::text::bigint, seq
        FROM (SELECT epoch, xid, seq FROM event ORDER BY epoch DESC, xid DESC, seq DESC LIMIT 1) AS last,
             unnest(ARRAY['tending', 'webhooks']) AS name
        """
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_document_case_id_at"), table_name="document")
    op.drop_table("document")
    op.drop_index(op.f("ix_reached_at"), table_name="reached")
    op.drop_index(op.f("ix_reached_customer_id_at"), table_name="reached")
    op.drop_table("reached")
    op.drop_table("erasure")
    op.drop_index("ix_case_kept", table_name="case")
    op.drop_index("uq_survey_asked", table_name="survey", postgresql_where=sa.text("state = 'asked'"))
    op.drop_index(op.f("ix_survey_customer_id_asked_at"), table_name="survey")
    op.drop_index(op.f("ix_survey_asked_at"), table_name="survey")
    op.drop_table("survey")
    op.drop_index(
        "uq_second_check_message",
        table_name="second_check",
        postgresql_where=sa.text("before = 'message' AND state IN ('waiting', 'taken')"),
    )
    op.drop_index(
        "uq_second_check_resolution",
        table_name="second_check",
        postgresql_where=sa.text("before = 'resolution' AND state IN ('waiting', 'taken')"),
    )
    op.drop_index(
        "ix_second_check_open", table_name="second_check", postgresql_where=sa.text("state IN ('waiting', 'taken')")
    )
    op.drop_index(
        "ix_second_check_decided", table_name="second_check", postgresql_where=sa.text("decided_at IS NOT NULL")
    )
    op.drop_index(op.f("ix_second_check_case_id"), table_name="second_check")
    op.drop_table("second_check")
    op.drop_table("playbook_tick")
    op.drop_index(op.f("ix_incident_case_case_id"), table_name="incident_case")
    op.drop_table("incident_case")
    op.drop_index(
        "ix_webhook_delivery_due",
        table_name="webhook_delivery",
        postgresql_where=sa.text("state IN ('pending', 'sending')"),
    )
    op.drop_index(
        "ix_webhook_delivery_done", table_name="webhook_delivery", postgresql_where=sa.text("done_at IS NOT NULL")
    )
    op.drop_table("webhook_delivery")
    op.drop_index(
        "ix_incident_update_left", table_name="incident_update", postgresql_where=sa.text("spread_at IS NULL")
    )
    op.drop_index(op.f("ix_incident_update_incident_id_at"), table_name="incident_update")
    op.drop_table("incident_update")
    op.drop_table("incident_reach")
    op.drop_table("webhook_endpoint")
    op.drop_index(op.f("ix_surge_count_starts_at"), table_name="surge_count")
    op.drop_table("surge_count")
    op.drop_table("playbook")
    op.drop_index(
        "ix_incident_open", table_name="incident", postgresql_where=sa.text("state IN ('proposed', 'declared')")
    )
    op.drop_table("incident")
    op.drop_table("follower")
