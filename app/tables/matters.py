"""Customers and their matters: cases, interactions, messages, assignments. Decides which rows are sound."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from app.tables.columns import EMPTY_ARRAY, EMPTY_LIST, EMPTY_OBJECT, FALSE, MOMENT, NOW, TEXTS, ZERO, one_of
from routing import lifecycle


class Customer(SQLModel, table=True):
    """A person. A visitor may have no name and no identity. `merged_into`: known as this one now; never a chain."""

    __table_args__ = (
        one_of("state", lifecycle.CUSTOMER.states, name="state"),
        one_of("news_by", ("message", "person"), name="news_by"),
        CheckConstraint("(state = 'merged') = (merged_into IS NOT NULL)", name="merged"),
        Index("ix_customer_merged_into", "merged_into", postgresql_where=text("merged_into IS NOT NULL")),
    )
    id: UUID = Field(primary_key=True)
    name: str | None = Field(default=None, sa_type=Text)
    language: str | None = Field(default=None, sa_type=Text)
    needs: list[str] = Field(default_factory=list, sa_type=TEXTS, sa_column_kwargs=EMPTY_LIST)
    created_at: datetime = Field(sa_type=MOMENT, sa_column_kwargs=NOW)
    state: str = Field(default="known", sa_type=Text, sa_column_kwargs={"server_default": "known"})
    merged_into: UUID | None = Field(default=None, foreign_key="customer.id")
    news_by: str | None = Field(default=None, sa_type=Text)  # message, person; None: as the rules say
    version: int = Field(default=0, sa_column_kwargs=ZERO)


class CustomerIdentity(SQLModel, table=True):
    """A way to recognise a customer."""

    __tablename__ = "identity"
    __table_args__ = (one_of("kind", ("phone", "email", "national_id", "other"), name="kind"),)
    kind: str = Field(primary_key=True, sa_type=Text)
    value: str = Field(primary_key=True, sa_type=Text)
    customer_id: UUID = Field(foreign_key="customer.id", index=True)


class Case(SQLModel, table=True):
    """The customer's matter, until the customer says it is solved."""

    __tablename__ = "case"
    __table_args__ = (
        one_of("state", lifecycle.CASE.states, name="state"),
        one_of("closed_by", ("customer", "silence", "not_asked", "unserved"), name="closed_by"),
        CheckConstraint("(state = 'closed') = (closed_by IS NOT NULL)", name="closed"),
        CheckConstraint("merged_into <> id", name="merged"),
        Index("ix_case_merged_into", "merged_into", postgresql_where=text("merged_into IS NOT NULL")),
        Index("ix_case_follows", "follows", postgresql_where=text("follows IS NOT NULL")),
        Index("ix_case_owner", "owner", "id", postgresql_where=text("owner IS NOT NULL")),
        Index("ix_case_resolved", "resolved_at", postgresql_where=text("resolved_at IS NOT NULL")),
        Index("uq_case_page", "page_token", unique=True, postgresql_where=text("page_token IS NOT NULL")),
        Index(
            "ix_case_clocks",
            "clocks_version",
            "id",
            postgresql_where=text("state IN ('open', 'awaiting_customer', 'checking')"),
        ),
        Index("ix_case_area", "area", "id", postgresql_where=text("area IS NOT NULL")),
        Index("ix_case_product", "product", "id", postgresql_where=text("product IS NOT NULL")),
        Index(
            "ix_case_kept", "closed_at", postgresql_where=text("closed_at IS NOT NULL AND erased_at IS NULL")
        ),  # whose words are not gone yet
        Index("ix_case_closed", "closed_at", postgresql_where=text("closed_at IS NOT NULL")),
    )
    id: UUID = Field(primary_key=True)
    token: str = Field(sa_type=Text, unique=True)  # proves a message belongs here; never shown to anyone else
    customer_id: UUID | None = Field(default=None, foreign_key="customer.id", index=True)
    request_type: str | None = Field(default=None, sa_type=Text)
    state: str = Field(sa_type=Text)
    subject: str | None = Field(default=None, sa_type=Text)
    opened_at: datetime = Field(sa_type=MOMENT)
    resolved_at: datetime | None = Field(default=None, sa_type=MOMENT)
    outcome: str | None = Field(default=None, sa_type=Text)
    waited_seconds: int = Field(default=0, sa_column_kwargs=ZERO)
    version: int
    page_token: str | None = Field(default=None, sa_type=Text)  # opens the customer's page; made when first sent
    owner: str | None = Field(default=None, sa_type=Text)  # the representative whose matter it is; None: nobody's yet
    supervised: bool = Field(default=False, sa_column_kwargs=FALSE)  # twice the budget: the supervisors own it
    queue: str | None = Field(default=None, sa_type=Text)  # of its first contact: whose calendar and follow-up count
    office: str | None = Field(default=None, sa_type=Text)
    channel: str | None = Field(default=None, sa_type=Text)  # of its first contact
    language: str | None = Field(default=None, sa_type=Text)
    amount: float | None = Field(default=None)  # what it is about, in the house's money
    area: str | None = Field(default=None, sa_type=Text)  # where, and about what: codes of the house
    product: str | None = Field(default=None, sa_type=Text)
    touches: int = Field(default=0, sa_column_kwargs=ZERO)
    alarmed: int = Field(default=0, sa_column_kwargs=ZERO)  # 1: at the budget, 2: at twice the budget
    reopened: int = Field(default=0, sa_column_kwargs=ZERO)
    first_answer_at: datetime | None = Field(default=None, sa_type=MOMENT)  # first served or answered by a person
    root_cause: str | None = Field(default=None, sa_type=Text)
    resolved_by: str | None = Field(default=None, sa_type=Text)
    closed_at: datetime | None = Field(default=None, sa_type=MOMENT)
    closed_by: str | None = Field(default=None, sa_type=Text)
    reopen_until: datetime | None = Field(default=None, sa_type=MOMENT)  # a contact after this is a new case
    merged_into: UUID | None = Field(default=None, foreign_key="case.id")  # never a chain
    follows: UUID | None = Field(default=None, foreign_key="case.id")
    playbook: str | None = Field(default=None, sa_type=Text)
    playbook_version: int | None = Field(default=None)
    tended_at: datetime | None = Field(default=None, sa_type=MOMENT)  # its clocks, promise and playbook were set up
    clocks_version: int = Field(default=0, sa_column_kwargs=ZERO)  # the rules its clocks were last set by
    erased_at: datetime | None = Field(default=None, sa_type=MOMENT)


class Interaction(SQLModel, table=True):
    """One piece of work for one customer on one channel. `due_at` orders the waiting and moves only with a reason.

    Queue, request type and office are codes that the configuration never deletes: no foreign key is checked for each
    contact, `raabta audit` checks them all.
    """

    __table_args__ = (
        one_of("state", lifecycle.INTERACTION.states, name="state"),
        CheckConstraint("state IN ('arriving', 'abandoned', 'cancelled') OR queue IS NOT NULL", name="filed"),
        CheckConstraint("units BETWEEN 0 AND 100", name="units"),
        CheckConstraint("cardinality(excluded) <= 16", name="excluded"),
        CheckConstraint("cardinality(barred) <= 16", name="barred"),
        CheckConstraint("step BETWEEN 0 AND jsonb_array_length(steps)", name="step"),
        Index("ix_interaction_waiting", "queue", "due_at", "id", postgresql_where=text("state = 'queued'")),
        Index(
            "ix_interaction_open", "state", "id",
            postgresql_where=text("state NOT IN ('completed', 'abandoned', 'cancelled')"),
        ),
        Index(
            "ix_interaction_stepping", "step_at",
            postgresql_where=text("state = 'queued' AND step_at IS NOT NULL"),
        ),
        Index(
            "ix_interaction_waking", "state", "wake_at",
            postgresql_where=text("state IN ('parked', 'scheduled', 'wrapping')"),
        ),
    )  # fmt: skip
    id: UUID = Field(primary_key=True)
    case_id: UUID = Field(foreign_key="case.id", index=True)
    customer_id: UUID | None = Field(default=None, foreign_key="customer.id", index=True)
    channel: str = Field(sa_type=Text)
    contact: str = Field(sa_type=Text)  # the name the outside gave it: the receipt's `ref` that made it
    state: str = Field(sa_type=Text)
    queue: str | None = Field(default=None, sa_type=Text)
    request_type: str | None = Field(default=None, sa_type=Text)
    office: str | None = Field(default=None, sa_type=Text)
    language: str | None = Field(default=None, sa_type=Text)
    subject: str | None = Field(default=None, sa_type=Text)
    number: str | None = Field(default=None, sa_type=Text)  # the ticket, "B007"
    reply_to: str | None = Field(default=None, sa_type=Text)
    live: bool
    units: int
    skills: dict[str, int] = Field(default_factory=dict, sa_type=JSONB, sa_column_kwargs=EMPTY_OBJECT)
    speak: bool = Field(default=True, sa_column_kwargs={"server_default": text("true")})
    arrived_at: datetime = Field(sa_type=MOMENT)
    queued_at: datetime | None = Field(default=None, sa_type=MOMENT)  # first stood in line; the clock never restarts
    due_at: datetime | None = Field(default=None, sa_type=MOMENT)
    head_start_seconds: int = Field(default=0, sa_column_kwargs=ZERO)
    head_start_reasons: list[str] = Field(default_factory=list, sa_type=TEXTS, sa_column_kwargs=EMPTY_LIST)
    not_before: datetime | None = Field(default=None, sa_type=MOMENT)  # back-off after a missed offer
    misses: int = Field(default=0, sa_column_kwargs=ZERO)
    preferred: str | None = Field(default=None, sa_type=Text)
    preferred_until: datetime | None = Field(default=None, sa_type=MOMENT)
    excluded: list[str] = Field(default_factory=list, sa_type=TEXTS, sa_column_kwargs=EMPTY_LIST)
    barred: list[str] = Field(default_factory=list, sa_type=TEXTS, sa_column_kwargs=EMPTY_LIST)  # never asked at all
    rules_version: int = Field(default=0, sa_column_kwargs=ZERO)  # the rules it entered with
    routing: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB, sa_column_kwargs=EMPTY_OBJECT)
    """What else the needs say, as `app.convert.needs_extras` writes it; {} = nothing beyond the columns."""
    steps: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSONB, sa_column_kwargs=EMPTY_ARRAY)
    """Computed once on entry: each with its deadline and the needs that stand from then on."""
    step: int = Field(default=0, sa_column_kwargs=ZERO)
    """How many have passed: those before are expired, the one at `step - 1` is active (matched, once offered)."""
    step_at: datetime | None = Field(default=None, sa_type=MOMENT)  # the next step, overflow or end of all steps
    exhausted: str | None = Field(default=None, sa_type=Text)  # what is done when no step has helped
    exhausted_at: datetime | None = Field(default=None, sa_type=MOMENT)
    overflow_to: str | None = Field(default=None, sa_type=Text)
    callback: bool = Field(default=False, sa_column_kwargs=FALSE)  # is called back: need not stay on the line
    callback_attempts: int = Field(default=0, sa_column_kwargs=ZERO)
    escalated_at: datetime | None = Field(default=None, sa_type=MOMENT)  # a supervisor was told
    wake_at: datetime | None = Field(default=None, sa_type=MOMENT)  # parked until, or wrapping until
    state_at: datetime = Field(sa_type=MOMENT)
    attributes: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB, sa_column_kwargs=EMPTY_OBJECT)
    version: int


class Receipt(SQLModel, table=True):
    """Proof that one contact or webhook was taken, and of what it did. `digest` tells other content under one name.

    The receipt is claimed before what it proves is written, so its reference is checked at the commit.
    """

    __table_args__ = (
        ForeignKeyConstraint(["interaction_id"], ["interaction.id"], deferrable=True, initially="DEFERRED"),
    )
    source: str = Field(primary_key=True, sa_type=Text)
    channel: str = Field(primary_key=True, sa_type=Text)
    ref: str = Field(primary_key=True, sa_type=Text)
    interaction_id: UUID | None = Field(default=None, index=True)
    digest: str | None = Field(default=None, sa_type=Text)
    at: datetime = Field(sa_type=MOMENT)


class Message(SQLModel, table=True):
    """Words between the customer and us. `reference` is the letter's own id, by which answers to it are known."""

    __table_args__ = (one_of("direction", ("in", "out", "note"), name="direction"),)
    id: UUID = Field(primary_key=True)
    interaction_id: UUID = Field(foreign_key="interaction.id", index=True)
    case_id: UUID = Field(index=True)
    direction: str = Field(sa_type=Text)
    author: str | None = Field(default=None, sa_type=Text)  # the representative's code, for `out` and `note`
    subject: str | None = Field(default=None, sa_type=Text)
    body: str = Field(sa_type=Text)
    reference: str | None = Field(default=None, sa_type=Text, index=True)
    at: datetime = Field(sa_type=MOMENT)
    attributes: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB, sa_column_kwargs=EMPTY_OBJECT)


class Assignment(SQLModel, table=True):
    """One representative asked to take one interaction. It ends exactly once; an interaction has at most one that lives."""

    __table_args__ = (
        one_of("state", lifecycle.ASSIGNMENT.states, name="state"),
        one_of("outcome", sorted(set(lifecycle.OUTCOME.values())), name="outcome"),
        CheckConstraint("(state = 'ended') = (ended_at IS NOT NULL)", name="ended"),
        CheckConstraint("(outcome IS NULL) = (ended_at IS NULL)", name="outcome_at_end"),
        CheckConstraint("expires_at > offered_at", name="expiry"),
        Index("uq_assignment_live", "interaction_id", unique=True, postgresql_where=text("ended_at IS NULL")),
        Index("ix_assignment_representative", "representative", "id"),
        Index("ix_assignment_held", "representative", "id", postgresql_where=text("ended_at IS NULL")),
        Index(
            "ix_assignment_answered", "representative", "answered_at", postgresql_where=text("answered_at IS NOT NULL")
        ),
        Index("ix_assignment_expiring", "expires_at", postgresql_where=text("state = 'offered'")),
    )
    id: UUID = Field(primary_key=True)
    interaction_id: UUID = Field(foreign_key="interaction.id", index=True)
    representative: str = Field(sa_type=Text)  # whose locked row was joined when it was written
    state: str = Field(sa_type=Text)
    live: bool  # what it takes of the representative, as counted on their row
    units: int
    offered_at: datetime = Field(sa_type=MOMENT)
    expires_at: datetime = Field(sa_type=MOMENT)
    answered_at: datetime | None = Field(default=None, sa_type=MOMENT)
    ended_at: datetime | None = Field(default=None, sa_type=MOMENT)
    outcome: str | None = Field(default=None, sa_type=Text)
    reason: str | None = Field(default=None, sa_type=Text)


class Bar(SQLModel, table=True):
    """This customer, or this case, never meets this representative again. Stands until it is lifted."""

    __table_args__ = (
        CheckConstraint("(customer_id IS NULL) <> (case_id IS NULL)", name="of_one"),
        Index("uq_bar_customer", "customer_id", "representative", unique=True),
        Index("uq_bar_case", "case_id", "representative", unique=True),
    )
    id: UUID = Field(primary_key=True)
    customer_id: UUID | None = Field(default=None, foreign_key="customer.id")
    case_id: UUID | None = Field(default=None, foreign_key="case.id")
    representative: str = Field(sa_type=Text, foreign_key="representative.code")
    reason: str = Field(sa_type=Text)  # a code
    made_by: str = Field(sa_type=Text)
    made_at: datetime = Field(sa_type=MOMENT)


class ToldWait(SQLModel, table=True):
    """What one customer was told on entry, so that the estimate can be held against what came."""

    __tablename__ = "told_wait"
    __table_args__ = (Index(None, "queue", "told_at"),)
    interaction_id: UUID = Field(primary_key=True, foreign_key="interaction.id")
    queue: str = Field(sa_type=Text)
    told_at: datetime = Field(sa_type=MOMENT)
    low_at: datetime = Field(sa_type=MOMENT)
    high_at: datetime = Field(sa_type=MOMENT)
