"""The first schema

Revision: 0001. Follows: None.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

import app.tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# The one clock that decides. Tests replace it in their own database; nothing else ever does.
WALL_CLOCK = """
CREATE FUNCTION wall_clock() RETURNS timestamptz LANGUAGE sql VOLATILE AS 'SELECT clock_timestamp()'
"""

# Written into every event; plpgsql because its body is looked up only when it first runs.
CURRENT_EPOCH = """
CREATE FUNCTION current_epoch() RETURNS int LANGUAGE plpgsql STABLE AS
$$ BEGIN RETURN (SELECT epoch FROM feed_epoch); END $$
"""

FIRST_EPOCH = "INSERT INTO feed_epoch (id, epoch, identity) VALUES (1, 1, '')"

EVENTS_STAY = """
CREATE FUNCTION events_stay() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'events are never changed or removed' USING ERRCODE = 'restrict_violation'; END $$
"""


# fmt: off
def upgrade() -> None:
    op.execute(WALL_CLOCK)
    op.execute(CURRENT_EPOCH)
    op.create_table('customer',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.Text(), nullable=True),
    sa.Column('language', sa.Text(), nullable=True),
    sa.Column('needs', postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'::text[]"), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('wall_clock()'), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_customer'))
    )
    op.create_table('event',
    sa.Column('seq', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('epoch', sa.Integer(), server_default=sa.text('current_epoch()'), nullable=False),
    sa.Column('xid', app.tables.Xid8(), server_default=sa.text('pg_current_xact_id()'), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('subject_id', sa.Text(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('actor', sa.Text(), nullable=False),
    sa.Column('data', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False),
    sa.PrimaryKeyConstraint('seq', name=op.f('pk_event')),
    sa.UniqueConstraint('subject', 'subject_id', 'version', name=op.f('uq_event_subject_subject_id_version'))
    )
    op.create_index('ix_event_feed', 'event', ['epoch', 'xid', 'seq'], unique=False)
    op.create_table('feed_epoch',
    sa.Column('id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('epoch', sa.Integer(), nullable=False),
    sa.Column('identity', sa.Text(), nullable=False),
    sa.CheckConstraint('id = 1', name=op.f('ck_feed_epoch_single')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_feed_epoch'))
    )
    op.create_table('idempotency_key',
    sa.Column('owner', sa.Text(), nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('digest', sa.LargeBinary(), nullable=False),
    sa.Column('status', sa.Integer(), nullable=False),
    sa.Column('body', sa.LargeBinary(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('wall_clock()'), nullable=False),
    sa.PrimaryKeyConstraint('owner', 'key', name=op.f('pk_idempotency_key'))
    )
    op.create_index(op.f('ix_idempotency_key_created_at'), 'idempotency_key', ['created_at'], unique=False)
    op.create_table('lease',
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('holder', sa.Uuid(), nullable=False),
    sa.Column('until', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_lease'))
    )
    op.create_table('office',
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('timezone', sa.Text(), nullable=False),
    sa.Column('place', sa.Integer(), server_default=sa.text('0'), nullable=False),
    sa.PrimaryKeyConstraint('code', name=op.f('pk_office'))
    )
    op.create_table('organisation',
    sa.Column('id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('languages', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('default_request_type', sa.Text(), nullable=True),
    sa.CheckConstraint('id = 1', name=op.f('ck_organisation_single')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_organisation'))
    )
    op.create_table('queue',
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('target_seconds', sa.Integer(), nullable=False),
    sa.Column('offer_timeout_seconds', sa.Integer(), nullable=False),
    sa.Column('wrap_up_seconds', sa.Integer(), server_default=sa.text('0'), nullable=False),
    sa.Column('grace_seconds', sa.Integer(), server_default=sa.text('300'), nullable=False),
    sa.Column('head_start_cap_seconds', sa.Integer(), server_default=sa.text('3600'), nullable=False),
    sa.Column('mean_handle_seconds', sa.Integer(), server_default=sa.text('300'), nullable=False),
    sa.Column('hours', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False),
    sa.CheckConstraint('grace_seconds BETWEEN 0 AND 86400', name=op.f('ck_queue_grace')),
    sa.CheckConstraint('head_start_cap_seconds >= 0', name=op.f('ck_queue_head_start_cap')),
    sa.CheckConstraint('mean_handle_seconds > 0', name=op.f('ck_queue_mean_handle')),
    sa.CheckConstraint('offer_timeout_seconds BETWEEN 1 AND 86400', name=op.f('ck_queue_offer_timeout')),
    sa.CheckConstraint('target_seconds >= 0', name=op.f('ck_queue_target')),
    sa.CheckConstraint('wrap_up_seconds BETWEEN 0 AND 86400', name=op.f('ck_queue_wrap_up')),
    sa.PrimaryKeyConstraint('code', name=op.f('pk_queue'))
    )
    op.create_table('identity',
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('value', sa.Text(), nullable=False),
    sa.Column('customer_id', sa.Uuid(), nullable=False),
    sa.CheckConstraint("kind IN ('phone', 'email', 'national_id', 'other')", name=op.f('ck_identity_kind')),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_identity_customer_id')),
    sa.PrimaryKeyConstraint('kind', 'value', name=op.f('pk_identity'))
    )
    op.create_index(op.f('ix_identity_customer_id'), 'identity', ['customer_id'], unique=False)
    op.create_table('queue_estimate',
    sa.Column('queue', sa.Text(), nullable=False),
    sa.Column('servers', sa.Integer(), nullable=False),
    sa.Column('free', sa.Integer(), nullable=False),
    sa.Column('mean_handle_seconds', sa.Float(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['queue'], ['queue.code'], name=op.f('fk_queue_estimate_queue'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('queue', name=op.f('pk_queue_estimate'))
    )
    op.create_table('representative',
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('office', sa.Text(), nullable=True),
    sa.Column('skills', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False),
    sa.Column('languages', postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'::text[]"), nullable=False),
    sa.Column('queues', postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'::text[]"), nullable=False),
    sa.Column('desk', sa.Text(), nullable=True),
    sa.Column('capacity', sa.Integer(), nullable=False),
    sa.Column('ceiling', sa.Integer(), nullable=False),
    sa.Column('live', sa.Integer(), server_default=sa.text('0'), nullable=False),
    sa.Column('units', sa.Integer(), server_default=sa.text('0'), nullable=False),
    sa.Column('presence', sa.Text(), server_default='offline', nullable=False),
    sa.Column('presence_reason', sa.Text(), nullable=True),
    sa.Column('presence_at', sa.DateTime(timezone=True), server_default=sa.text('wall_clock()'), nullable=False),
    sa.Column('heartbeat_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('idle_since', sa.DateTime(timezone=True), server_default=sa.text('wall_clock()'), nullable=False),
    sa.Column('retired', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('version', sa.Integer(), server_default=sa.text('0'), nullable=False),
    sa.CheckConstraint("presence IN ('offline', 'available', 'away')", name=op.f('ck_representative_presence')),
    sa.CheckConstraint('capacity BETWEEN 0 AND 100 AND ceiling >= capacity', name=op.f('ck_representative_capacity')),
    sa.CheckConstraint('live BETWEEN 0 AND 1', name=op.f('ck_representative_live')),
    sa.CheckConstraint('units BETWEEN 0 AND ceiling', name=op.f('ck_representative_units')),
    sa.ForeignKeyConstraint(['office'], ['office.code'], name=op.f('fk_representative_office')),
    sa.PrimaryKeyConstraint('code', name=op.f('pk_representative'))
    )
    op.create_table('request_type',
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('parent', sa.Text(), nullable=True),
    sa.Column('queue', sa.Text(), nullable=False),
    sa.Column('labels', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('skills', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False),
    sa.Column('speak', sa.Boolean(), server_default=sa.text('true'), nullable=False),
    sa.Column('letter', sa.Text(), nullable=False),
    sa.Column('place', sa.Integer(), server_default=sa.text('0'), nullable=False),
    sa.CheckConstraint("letter ~ '^[A-Z]$'", name=op.f('ck_request_type_letter')),
    sa.CheckConstraint('parent <> code', name=op.f('ck_request_type_tree')),
    sa.ForeignKeyConstraint(['parent'], ['request_type.code'], name=op.f('fk_request_type_parent')),
    sa.ForeignKeyConstraint(['queue'], ['queue.code'], name=op.f('fk_request_type_queue')),
    sa.PrimaryKeyConstraint('code', name=op.f('pk_request_type'))
    )
    op.create_table('ticket_counter',
    sa.Column('office', sa.Text(), nullable=False),
    sa.Column('letter', sa.Text(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('last', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['office'], ['office.code'], name=op.f('fk_ticket_counter_office')),
    sa.PrimaryKeyConstraint('office', 'letter', 'day', name=op.f('pk_ticket_counter'))
    )
    op.create_table('api_key',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('role', sa.Text(), nullable=False),
    sa.Column('representative', sa.Text(), nullable=True),
    sa.Column('prefix', sa.Text(), nullable=False),
    sa.Column('digest', sa.LargeBinary(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('wall_clock()'), nullable=False),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("(role = 'representative') = (representative IS NOT NULL)", name=op.f('ck_api_key_names_one')),
    sa.CheckConstraint("role IN ('admin', 'supervisor', 'representative', 'integration', 'kiosk')", name=op.f('ck_api_key_role')),
    sa.ForeignKeyConstraint(['representative'], ['representative.code'], name=op.f('fk_api_key_representative')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_api_key')),
    sa.UniqueConstraint('digest', name=op.f('uq_api_key_digest'))
    )
    op.create_table('case',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('token', sa.Text(), nullable=False),
    sa.Column('customer_id', sa.Uuid(), nullable=True),
    sa.Column('request_type', sa.Text(), nullable=True),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=True),
    sa.Column('opened_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('resolved_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('outcome', sa.Text(), nullable=True),
    sa.Column('waited_seconds', sa.Integer(), server_default=sa.text('0'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint("state IN ('open', 'awaiting_customer', 'checking', 'resolved', 'closed')", name=op.f('ck_case_state')),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_case_customer_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_case')),
    sa.UniqueConstraint('token', name=op.f('uq_case_token'))
    )
    op.create_index(op.f('ix_case_customer_id'), 'case', ['customer_id'], unique=False)
    op.create_table('interaction',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('case_id', sa.Uuid(), nullable=False),
    sa.Column('customer_id', sa.Uuid(), nullable=True),
    sa.Column('channel', sa.Text(), nullable=False),
    sa.Column('contact', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('queue', sa.Text(), nullable=True),
    sa.Column('request_type', sa.Text(), nullable=True),
    sa.Column('office', sa.Text(), nullable=True),
    sa.Column('language', sa.Text(), nullable=True),
    sa.Column('subject', sa.Text(), nullable=True),
    sa.Column('number', sa.Text(), nullable=True),
    sa.Column('reply_to', sa.Text(), nullable=True),
    sa.Column('live', sa.Boolean(), nullable=False),
    sa.Column('units', sa.Integer(), nullable=False),
    sa.Column('skills', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False),
    sa.Column('speak', sa.Boolean(), server_default=sa.text('true'), nullable=False),
    sa.Column('arrived_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('queued_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('head_start_seconds', sa.Integer(), server_default=sa.text('0'), nullable=False),
    sa.Column('head_start_reasons', postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'::text[]"), nullable=False),
    sa.Column('not_before', sa.DateTime(timezone=True), nullable=True),
    sa.Column('misses', sa.Integer(), server_default=sa.text('0'), nullable=False),
    sa.Column('preferred', sa.Text(), nullable=True),
    sa.Column('preferred_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('excluded', postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'::text[]"), nullable=False),
    sa.Column('wake_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('state_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('attributes', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint("state IN ('arriving', 'abandoned', 'cancelled') OR queue IS NOT NULL", name=op.f('ck_interaction_filed')),
    sa.CheckConstraint("state IN ('arriving', 'scheduled', 'queued', 'abandoned', 'cancelled', 'offered', 'active', 'parked', 'wrapping', 'completed')", name=op.f('ck_interaction_state')),
    sa.CheckConstraint('cardinality(excluded) <= 16', name=op.f('ck_interaction_excluded')),
    sa.CheckConstraint('units BETWEEN 0 AND 100', name=op.f('ck_interaction_units')),
    sa.ForeignKeyConstraint(['case_id'], ['case.id'], name=op.f('fk_interaction_case_id')),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_interaction_customer_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_interaction'))
    )
    op.create_index(op.f('ix_interaction_case_id'), 'interaction', ['case_id'], unique=False)
    op.create_index(op.f('ix_interaction_customer_id'), 'interaction', ['customer_id'], unique=False)
    op.create_index('ix_interaction_open', 'interaction', ['state', 'id'], unique=False, postgresql_where=sa.text("state NOT IN ('completed', 'abandoned', 'cancelled')"))
    op.create_index('ix_interaction_waking', 'interaction', ['state', 'wake_at'], unique=False, postgresql_where=sa.text("state IN ('parked', 'scheduled', 'wrapping')"))
    op.create_index('ix_interaction_waiting', 'interaction', ['queue', 'due_at', 'id'], unique=False, postgresql_where=sa.text("state = 'queued'"))
    op.create_table('assignment',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('interaction_id', sa.Uuid(), nullable=False),
    sa.Column('representative', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('live', sa.Boolean(), nullable=False),
    sa.Column('units', sa.Integer(), nullable=False),
    sa.Column('offered_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('outcome', sa.Text(), nullable=True),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.CheckConstraint("(state = 'ended') = (ended_at IS NOT NULL)", name=op.f('ck_assignment_ended')),
    sa.CheckConstraint("outcome IN ('completed', 'customer_left', 'declined', 'expired', 'handed_back', 'parked', 'transferred', 'withdrawn')", name=op.f('ck_assignment_outcome')),
    sa.CheckConstraint("state IN ('offered', 'accepted', 'ended', 'wrapping')", name=op.f('ck_assignment_state')),
    sa.CheckConstraint('(outcome IS NULL) = (ended_at IS NULL)', name=op.f('ck_assignment_outcome_at_end')),
    sa.CheckConstraint('expires_at > offered_at', name=op.f('ck_assignment_expiry')),
    sa.ForeignKeyConstraint(['interaction_id'], ['interaction.id'], name=op.f('fk_assignment_interaction_id')),
    sa.ForeignKeyConstraint(['representative'], ['representative.code'], name=op.f('fk_assignment_representative')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_assignment'))
    )
    op.create_index('ix_assignment_expiring', 'assignment', ['expires_at'], unique=False, postgresql_where=sa.text("state = 'offered'"))
    op.create_index('ix_assignment_held', 'assignment', ['representative', 'id'], unique=False, postgresql_where=sa.text('ended_at IS NULL'))
    op.create_index(op.f('ix_assignment_interaction_id'), 'assignment', ['interaction_id'], unique=False)
    op.create_index('ix_assignment_representative', 'assignment', ['representative', 'id'], unique=False)
    op.create_index('uq_assignment_live', 'assignment', ['interaction_id'], unique=True, postgresql_where=sa.text('ended_at IS NULL'))
    op.create_table('message',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('interaction_id', sa.Uuid(), nullable=False),
    sa.Column('case_id', sa.Uuid(), nullable=False),
    sa.Column('direction', sa.Text(), nullable=False),
    sa.Column('author', sa.Text(), nullable=True),
    sa.Column('subject', sa.Text(), nullable=True),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('reference', sa.Text(), nullable=True),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('attributes', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False),
    sa.CheckConstraint("direction IN ('in', 'out', 'note')", name=op.f('ck_message_direction')),
    sa.ForeignKeyConstraint(['interaction_id'], ['interaction.id'], name=op.f('fk_message_interaction_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_message'))
    )
    op.create_index(op.f('ix_message_case_id'), 'message', ['case_id'], unique=False)
    op.create_index(op.f('ix_message_interaction_id'), 'message', ['interaction_id'], unique=False)
    op.create_index(op.f('ix_message_reference'), 'message', ['reference'], unique=False)
    op.create_table('outbox',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('dedupe_key', sa.Text(), nullable=False),
    sa.Column('channel', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('interaction_id', sa.Uuid(), nullable=False),
    sa.Column('recipient', sa.Text(), nullable=True),
    sa.Column('language', sa.Text(), nullable=False),
    sa.Column('payload', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('state', sa.Text(), server_default='pending', nullable=False),
    sa.Column('attempts', sa.Integer(), server_default=sa.text('0'), nullable=False),
    sa.Column('next_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('done_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("state IN ('pending', 'sending', 'sent', 'failed', 'unknown')", name=op.f('ck_outbox_state')),
    sa.ForeignKeyConstraint(['interaction_id'], ['interaction.id'], name=op.f('fk_outbox_interaction_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_outbox')),
    sa.UniqueConstraint('dedupe_key', name=op.f('uq_outbox_dedupe_key'))
    )
    op.create_index('ix_outbox_due', 'outbox', ['channel', 'next_at'], unique=False, postgresql_where=sa.text("state IN ('pending', 'sending')"))
    op.create_index(op.f('ix_outbox_interaction_id'), 'outbox', ['interaction_id'], unique=False)
    op.create_table('receipt',
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('channel', sa.Text(), nullable=False),
    sa.Column('ref', sa.Text(), nullable=False),
    sa.Column('interaction_id', sa.Uuid(), nullable=True),
    sa.Column('digest', sa.Text(), nullable=True),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['interaction_id'], ['interaction.id'], name=op.f('fk_receipt_interaction_id'), initially='DEFERRED', deferrable=True),
    sa.PrimaryKeyConstraint('source', 'channel', 'ref', name=op.f('pk_receipt'))
    )
    op.create_index(op.f('ix_receipt_interaction_id'), 'receipt', ['interaction_id'], unique=False)
    op.execute(FIRST_EPOCH)
    op.execute(EVENTS_STAY)
    op.execute("CREATE TRIGGER event_rows_stay BEFORE UPDATE OR DELETE ON event FOR EACH ROW EXECUTE FUNCTION events_stay()")
    op.execute("CREATE TRIGGER event_table_stays BEFORE TRUNCATE ON event FOR EACH STATEMENT EXECUTE FUNCTION events_stay()")


def downgrade() -> None:
    op.drop_index(op.f('ix_receipt_interaction_id'), table_name='receipt')
    op.drop_table('receipt')
    op.drop_index(op.f('ix_outbox_interaction_id'), table_name='outbox')
    op.drop_index('ix_outbox_due', table_name='outbox', postgresql_where=sa.text("state IN ('pending', 'sending')"))
    op.drop_table('outbox')
    op.drop_index(op.f('ix_message_reference'), table_name='message')
    op.drop_index(op.f('ix_message_interaction_id'), table_name='message')
    op.drop_index(op.f('ix_message_case_id'), table_name='message')
    op.drop_table('message')
    op.drop_index('uq_assignment_live', table_name='assignment', postgresql_where=sa.text('ended_at IS NULL'))
    op.drop_index('ix_assignment_representative', table_name='assignment')
    op.drop_index(op.f('ix_assignment_interaction_id'), table_name='assignment')
    op.drop_index('ix_assignment_held', table_name='assignment', postgresql_where=sa.text('ended_at IS NULL'))
    op.drop_index('ix_assignment_expiring', table_name='assignment', postgresql_where=sa.text("state = 'offered'"))
    op.drop_table('assignment')
    op.drop_index('ix_interaction_waking', table_name='interaction', postgresql_where=sa.text("state IN ('parked', 'scheduled', 'wrapping')"))
    op.drop_index('ix_interaction_waiting', table_name='interaction', postgresql_where=sa.text("state = 'queued'"))
    op.drop_index('ix_interaction_open', table_name='interaction', postgresql_where=sa.text("state NOT IN ('completed', 'abandoned', 'cancelled')"))
    op.drop_index(op.f('ix_interaction_customer_id'), table_name='interaction')
    op.drop_index(op.f('ix_interaction_case_id'), table_name='interaction')
    op.drop_table('interaction')
    op.drop_index(op.f('ix_case_customer_id'), table_name='case')
    op.drop_table('case')
    op.drop_table('api_key')
    op.drop_table('ticket_counter')
    op.drop_table('request_type')
    op.drop_table('representative')
    op.drop_table('queue_estimate')
    op.drop_index(op.f('ix_identity_customer_id'), table_name='identity')
    op.drop_table('identity')
    op.drop_table('queue')
    op.drop_table('organisation')
    op.drop_table('office')
    op.drop_table('lease')
    op.drop_index(op.f('ix_idempotency_key_created_at'), table_name='idempotency_key')
    op.drop_table('idempotency_key')
    op.drop_table('feed_epoch')
    op.drop_index('ix_event_feed', table_name='event')
    op.drop_table('event')
    op.drop_table('customer')
    for function in ("events_stay", "current_epoch", "wall_clock"):
        op.execute(f"DROP FUNCTION {function}()")
