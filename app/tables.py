"""The tables, their constraints and their indexes. The database is the last guard, so every rule it can keep stands here.

Decides what a row may hold; never how it comes about (the actions do). No `from __future__ import annotations` here:
the models need their annotations at run time. Text with CHECK instead of enums; keys are uuid v7 made by us, or the
plain codes that the configuration gives.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Identity, Index, LargeBinary, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.types import UserDefinedType
from sqlmodel import Field, SQLModel
from typing_extensions import override

from routing import lifecycle


class Xid8(UserDefinedType[str]):
    """PostgreSQL's 64-bit transaction id."""

    cache_ok = True

    @override
    def get_col_spec(self, **_: object) -> str:
        return "xid8"


SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

_MOMENT: Any = DateTime(timezone=True)
_TEXTS: Any = ARRAY(Text)
_NOW = {"server_default": text("wall_clock()")}
_EMPTY_OBJECT = {"server_default": text("'{}'::jsonb")}
_EMPTY_LIST = {"server_default": text("'{}'::text[]")}
_ZERO = {"server_default": text("0")}


def _one_of(column: str, values: list[str] | tuple[str, ...], *, name: str) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=name)


# --- What the configuration says -----------------------------------------------------------------------------------------


class Organisation(SQLModel, table=True):
    """Who we are: one row."""

    __table_args__ = (CheckConstraint("id = 1", name="single"),)
    id: int = Field(default=1, primary_key=True, sa_column_kwargs={"autoincrement": False})
    name: str = Field(sa_type=Text)
    languages: list[str] = Field(sa_type=_TEXTS)
    default_request_type: str | None = Field(default=None, sa_type=Text)


class Office(SQLModel, table=True):
    """A place with counters, its own days and its own ticket numbers."""

    code: str = Field(primary_key=True, sa_type=Text)
    name: str = Field(sa_type=Text)
    timezone: str = Field(sa_type=Text)
    place: int = Field(default=0, sa_column_kwargs=_ZERO)  # order of listing; the first is the default


class Queue(SQLModel, table=True):
    """Where interactions wait: target, offer timeout, wrap-up, hours, overflow."""

    __table_args__ = (
        CheckConstraint("target_seconds >= 0", name="target"),
        CheckConstraint("offer_timeout_seconds BETWEEN 1 AND 86400", name="offer_timeout"),
        CheckConstraint("wrap_up_seconds BETWEEN 0 AND 86400", name="wrap_up"),
        CheckConstraint("grace_seconds BETWEEN 0 AND 86400", name="grace"),
        CheckConstraint("head_start_cap_seconds >= 0", name="head_start_cap"),
        CheckConstraint("mean_handle_seconds > 0", name="mean_handle"),
    )
    code: str = Field(primary_key=True, sa_type=Text)
    name: str = Field(sa_type=Text)
    target_seconds: int
    offer_timeout_seconds: int
    wrap_up_seconds: int = Field(default=0, sa_column_kwargs=_ZERO)
    grace_seconds: int = Field(default=300, sa_column_kwargs={"server_default": text("300")})
    head_start_cap_seconds: int = Field(default=3600, sa_column_kwargs={"server_default": text("3600")})
    mean_handle_seconds: int = Field(default=300, sa_column_kwargs={"server_default": text("300")})
    hours: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB, sa_column_kwargs=_EMPTY_OBJECT)


class RequestType(SQLModel, table=True):
    """One node of the request tree that drives menu, kiosk, classification and reports."""

    __tablename__ = "request_type"
    __table_args__ = (
        CheckConstraint("letter ~ '^[A-Z]$'", name="letter"),
        CheckConstraint("parent <> code", name="tree"),
    )
    code: str = Field(primary_key=True, sa_type=Text)
    parent: str | None = Field(default=None, sa_type=Text, foreign_key="request_type.code")
    queue: str = Field(sa_type=Text, foreign_key="queue.code")
    labels: dict[str, str] = Field(sa_type=JSONB)
    skills: dict[str, int] = Field(default_factory=dict, sa_type=JSONB, sa_column_kwargs=_EMPTY_OBJECT)
    speak: bool = Field(default=True, sa_column_kwargs={"server_default": text("true")})  # the language is a need
    letter: str = Field(sa_type=Text)  # first character of a ticket number
    place: int = Field(default=0, sa_column_kwargs=_ZERO)


class Representative(SQLModel, table=True):
    """A person who works. `live` and `units` are moved only by the assignments really inserted and really ended.

    `ceiling` is the most units the row may hold now: the capacity, or more while a lowered one drains or an override
    is on record. A new offer is guarded by `capacity`; `ceiling` is the last net.
    """

    __table_args__ = (
        CheckConstraint("live BETWEEN 0 AND 1", name="live"),
        CheckConstraint("units BETWEEN 0 AND ceiling", name="units"),
        CheckConstraint("capacity BETWEEN 0 AND 100 AND ceiling >= capacity", name="capacity"),
        _one_of("presence", lifecycle.PRESENCE.states, name="presence"),
    )
    code: str = Field(primary_key=True, sa_type=Text)
    name: str = Field(sa_type=Text)
    office: str | None = Field(default=None, sa_type=Text, foreign_key="office.code")
    skills: dict[str, int] = Field(default_factory=dict, sa_type=JSONB, sa_column_kwargs=_EMPTY_OBJECT)
    languages: list[str] = Field(default_factory=list, sa_type=_TEXTS, sa_column_kwargs=_EMPTY_LIST)
    queues: list[str] = Field(default_factory=list, sa_type=_TEXTS, sa_column_kwargs=_EMPTY_LIST)
    desk: str | None = Field(default=None, sa_type=Text)  # a phone number, a counter, a screen
    capacity: int
    ceiling: int
    live: int = Field(default=0, sa_column_kwargs=_ZERO)
    units: int = Field(default=0, sa_column_kwargs=_ZERO)
    presence: str = Field(default="offline", sa_type=Text, sa_column_kwargs={"server_default": "offline"})
    presence_reason: str | None = Field(default=None, sa_type=Text)
    presence_at: datetime = Field(sa_type=_MOMENT, sa_column_kwargs=_NOW)
    heartbeat_at: datetime | None = Field(default=None, sa_type=_MOMENT)
    idle_since: datetime = Field(sa_type=_MOMENT, sa_column_kwargs=_NOW)
    retired: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    version: int = Field(default=0, sa_column_kwargs=_ZERO)


# --- Customers and their matters ----------------------------------------------------------------------------------------


class Customer(SQLModel, table=True):
    """A person. A visitor may have no name and no identity."""

    id: UUID = Field(primary_key=True)
    name: str | None = Field(default=None, sa_type=Text)
    language: str | None = Field(default=None, sa_type=Text)
    needs: list[str] = Field(default_factory=list, sa_type=_TEXTS, sa_column_kwargs=_EMPTY_LIST)
    created_at: datetime = Field(sa_type=_MOMENT, sa_column_kwargs=_NOW)


class CustomerIdentity(SQLModel, table=True):
    """A way to recognise a customer."""

    __tablename__ = "identity"
    __table_args__ = (_one_of("kind", ("phone", "email", "national_id", "other"), name="kind"),)
    kind: str = Field(primary_key=True, sa_type=Text)
    value: str = Field(primary_key=True, sa_type=Text)
    customer_id: UUID = Field(foreign_key="customer.id", index=True)


class Case(SQLModel, table=True):
    """The customer's matter, until the customer says it is solved."""

    __tablename__ = "case"
    __table_args__ = (_one_of("state", lifecycle.CASE.states, name="state"),)
    id: UUID = Field(primary_key=True)
    token: str = Field(sa_type=Text, unique=True)  # proves a message belongs here; never shown to anyone else
    customer_id: UUID | None = Field(default=None, foreign_key="customer.id", index=True)
    request_type: str | None = Field(default=None, sa_type=Text, foreign_key="request_type.code")
    state: str = Field(sa_type=Text)
    subject: str | None = Field(default=None, sa_type=Text)
    opened_at: datetime = Field(sa_type=_MOMENT)
    resolved_at: datetime | None = Field(default=None, sa_type=_MOMENT)
    outcome: str | None = Field(default=None, sa_type=Text)
    waited_seconds: int = Field(default=0, sa_column_kwargs=_ZERO)
    version: int


class Interaction(SQLModel, table=True):
    """One piece of work for one customer on one channel. `due_at` orders the waiting and moves only with a reason."""

    __table_args__ = (
        _one_of("state", lifecycle.INTERACTION.states, name="state"),
        CheckConstraint("state IN ('arriving', 'abandoned', 'cancelled') OR queue IS NOT NULL", name="filed"),
        CheckConstraint("units BETWEEN 0 AND 100", name="units"),
        CheckConstraint("cardinality(excluded) <= 16", name="excluded"),
        Index("ix_interaction_waiting", "queue", "due_at", "id", postgresql_where=text("state = 'queued'")),
        Index(
            "ix_interaction_open", "state", "id",
            postgresql_where=text("state NOT IN ('completed', 'abandoned', 'cancelled')"),
        ),
    )  # fmt: skip
    id: UUID = Field(primary_key=True)
    case_id: UUID = Field(foreign_key="case.id", index=True)
    customer_id: UUID | None = Field(default=None, foreign_key="customer.id", index=True)
    channel: str = Field(sa_type=Text)
    contact: str = Field(sa_type=Text)  # the name the outside gave it: the receipt's `ref` that made it
    state: str = Field(sa_type=Text)
    queue: str | None = Field(default=None, sa_type=Text, foreign_key="queue.code")
    request_type: str | None = Field(default=None, sa_type=Text, foreign_key="request_type.code")
    office: str | None = Field(default=None, sa_type=Text, foreign_key="office.code")
    language: str | None = Field(default=None, sa_type=Text)
    subject: str | None = Field(default=None, sa_type=Text)
    number: str | None = Field(default=None, sa_type=Text)  # the ticket, "B007"
    reply_to: str | None = Field(default=None, sa_type=Text)
    live: bool
    units: int
    skills: dict[str, int] = Field(default_factory=dict, sa_type=JSONB, sa_column_kwargs=_EMPTY_OBJECT)
    speak: bool = Field(default=True, sa_column_kwargs={"server_default": text("true")})
    arrived_at: datetime = Field(sa_type=_MOMENT)
    queued_at: datetime | None = Field(default=None, sa_type=_MOMENT)  # first stood in line; the clock never restarts
    due_at: datetime | None = Field(default=None, sa_type=_MOMENT)
    head_start_seconds: int = Field(default=0, sa_column_kwargs=_ZERO)
    head_start_reasons: list[str] = Field(default_factory=list, sa_type=_TEXTS, sa_column_kwargs=_EMPTY_LIST)
    not_before: datetime | None = Field(default=None, sa_type=_MOMENT)  # back-off after a missed offer
    misses: int = Field(default=0, sa_column_kwargs=_ZERO)
    preferred: str | None = Field(default=None, sa_type=Text)
    preferred_until: datetime | None = Field(default=None, sa_type=_MOMENT)
    excluded: list[str] = Field(default_factory=list, sa_type=_TEXTS, sa_column_kwargs=_EMPTY_LIST)
    wake_at: datetime | None = Field(default=None, sa_type=_MOMENT)  # parked until, or wrapping until
    state_at: datetime = Field(sa_type=_MOMENT)
    attributes: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB, sa_column_kwargs=_EMPTY_OBJECT)
    version: int


class Receipt(SQLModel, table=True):
    """Proof that one contact or webhook was taken, and of what it did. `digest` tells other content under one name."""

    source: str = Field(primary_key=True, sa_type=Text)
    channel: str = Field(primary_key=True, sa_type=Text)
    ref: str = Field(primary_key=True, sa_type=Text)
    interaction_id: UUID | None = Field(default=None, foreign_key="interaction.id", index=True)
    digest: str | None = Field(default=None, sa_type=Text)
    at: datetime = Field(sa_type=_MOMENT)


class Message(SQLModel, table=True):
    """Words between the customer and us. `reference` is the letter's own id, by which answers to it are known."""

    __table_args__ = (_one_of("direction", ("in", "out", "note"), name="direction"),)
    id: UUID = Field(primary_key=True)
    interaction_id: UUID = Field(foreign_key="interaction.id", index=True)
    case_id: UUID = Field(foreign_key="case.id", index=True)
    direction: str = Field(sa_type=Text)
    author: str | None = Field(default=None, sa_type=Text)  # the representative's code, for `out` and `note`
    subject: str | None = Field(default=None, sa_type=Text)
    body: str = Field(sa_type=Text)
    reference: str | None = Field(default=None, sa_type=Text, index=True)
    at: datetime = Field(sa_type=_MOMENT)
    attributes: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB, sa_column_kwargs=_EMPTY_OBJECT)


class Assignment(SQLModel, table=True):
    """One representative asked to take one interaction. It ends exactly once; an interaction has at most one that lives."""

    __table_args__ = (
        _one_of("state", lifecycle.ASSIGNMENT.states, name="state"),
        _one_of("outcome", sorted(set(lifecycle.OUTCOME.values())), name="outcome"),
        CheckConstraint("(state = 'ended') = (ended_at IS NOT NULL)", name="ended"),
        CheckConstraint("(outcome IS NULL) = (ended_at IS NULL)", name="outcome_at_end"),
        CheckConstraint("expires_at > offered_at", name="expiry"),
        Index("uq_assignment_live", "interaction_id", unique=True, postgresql_where=text("ended_at IS NULL")),
        Index("ix_assignment_held", "representative", "id", postgresql_where=text("ended_at IS NULL")),
        Index("ix_assignment_expiring", "expires_at", postgresql_where=text("state = 'offered'")),
    )
    id: UUID = Field(primary_key=True)
    interaction_id: UUID = Field(foreign_key="interaction.id", index=True)
    representative: str = Field(sa_type=Text, foreign_key="representative.code", index=True)
    state: str = Field(sa_type=Text)
    live: bool  # what it takes of the representative, as counted on their row
    units: int
    offered_at: datetime = Field(sa_type=_MOMENT)
    expires_at: datetime = Field(sa_type=_MOMENT)
    answered_at: datetime | None = Field(default=None, sa_type=_MOMENT)
    ended_at: datetime | None = Field(default=None, sa_type=_MOMENT)
    outcome: str | None = Field(default=None, sa_type=Text)
    reason: str | None = Field(default=None, sa_type=Text)


# --- The log, the outbox, and what keeps repeats harmless ---------------------------------------------------------------


class EventRow(SQLModel, table=True):
    """A fact. Insert-only: a trigger refuses everything else. `xid` orders the public feed, `version` a subject's story."""

    __tablename__ = "event"
    __table_args__ = (
        UniqueConstraint("subject", "subject_id", "version"),
        Index("ix_event_feed", "epoch", "xid", "seq"),
    )
    seq: int = Field(primary_key=True, sa_type=BigInteger, sa_column_args=(Identity(always=True),))
    epoch: int = Field(sa_column_kwargs={"server_default": text("current_epoch()")})
    xid: str = Field(sa_type=Xid8, sa_column_kwargs={"server_default": text("pg_current_xact_id()")})
    subject: str = Field(sa_type=Text)
    subject_id: str = Field(sa_type=Text)
    version: int
    kind: str = Field(sa_type=Text)
    at: datetime = Field(sa_type=_MOMENT)
    actor: str = Field(sa_type=Text)
    data: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB, sa_column_kwargs=_EMPTY_OBJECT)


class FeedEpoch(SQLModel, table=True):
    """One row: raised when the database's identity or timeline changes, since a restored dump starts low xids again."""

    __tablename__ = "feed_epoch"
    __table_args__ = (CheckConstraint("id = 1", name="single"),)
    id: int = Field(default=1, primary_key=True, sa_column_kwargs={"autoincrement": False})
    epoch: int
    identity: str = Field(sa_type=Text)


class Outbox(SQLModel, table=True):
    """Commands to the outside. One per reason: `dedupe_key`."""

    __table_args__ = (
        _one_of("state", ("pending", "sending", "sent", "failed", "unknown"), name="state"),
        Index("ix_outbox_due", "next_at", postgresql_where=text("state IN ('pending', 'sending')")),
    )
    id: UUID = Field(primary_key=True)
    dedupe_key: str = Field(sa_type=Text, unique=True)
    channel: str = Field(sa_type=Text)
    kind: str = Field(sa_type=Text)
    interaction_id: UUID = Field(foreign_key="interaction.id", index=True)
    recipient: str | None = Field(default=None, sa_type=Text)
    language: str = Field(sa_type=Text)
    payload: dict[str, Any] = Field(sa_type=JSONB)
    state: str = Field(default="pending", sa_type=Text, sa_column_kwargs={"server_default": "pending"})
    attempts: int = Field(default=0, sa_column_kwargs=_ZERO)
    next_at: datetime = Field(sa_type=_MOMENT)  # when to try (again), or when a claim lapses
    reason: str | None = Field(default=None, sa_type=Text)
    created_at: datetime = Field(sa_type=_MOMENT)
    done_at: datetime | None = Field(default=None, sa_type=_MOMENT)


class TicketCounter(SQLModel, table=True):
    """The last number given, by office, service and local day."""

    __tablename__ = "ticket_counter"
    office: str = Field(primary_key=True, sa_type=Text, foreign_key="office.code")
    letter: str = Field(primary_key=True, sa_type=Text)
    day: date = Field(primary_key=True)
    last: int


class QueueEstimate(SQLModel, table=True):
    """What waiting in a queue is made of now, written by the dispatcher at most once a second."""

    __tablename__ = "queue_estimate"
    queue: str = Field(primary_key=True, sa_type=Text, foreign_key="queue.code", ondelete="CASCADE")
    servers: int
    free: int
    mean_handle_seconds: float
    at: datetime = Field(sa_type=_MOMENT)


class Lease(SQLModel, table=True):
    """Who does a chore now. For efficiency only: the guards in the writes keep the truth."""

    name: str = Field(primary_key=True, sa_type=Text)
    holder: UUID
    until: datetime = Field(sa_type=_MOMENT)


class ApiKey(SQLModel, table=True):
    """Who may call. The key itself is never stored."""

    __tablename__ = "api_key"
    __table_args__ = (
        _one_of("role", ("admin", "supervisor", "representative", "integration", "kiosk"), name="role"),
        CheckConstraint("(role = 'representative') = (representative IS NOT NULL)", name="names_one"),
    )
    id: UUID = Field(primary_key=True)
    name: str = Field(sa_type=Text)
    role: str = Field(sa_type=Text)
    representative: str | None = Field(default=None, sa_type=Text, foreign_key="representative.code")
    prefix: str = Field(sa_type=Text)
    digest: bytes = Field(sa_type=LargeBinary, unique=True)
    created_at: datetime = Field(sa_type=_MOMENT, sa_column_kwargs=_NOW)
    revoked_at: datetime | None = Field(default=None, sa_type=_MOMENT)


class IdempotencyKey(SQLModel, table=True):
    """A committed answer, kept 48 hours. `owner` is the API key's id: keys of strangers never meet."""

    __tablename__ = "idempotency_key"
    owner: str = Field(primary_key=True, sa_type=Text)
    key: str = Field(primary_key=True, sa_type=Text)
    digest: bytes = Field(sa_type=LargeBinary)  # of method, path and body
    status: int
    body: bytes = Field(sa_type=LargeBinary)
    created_at: datetime = Field(sa_type=_MOMENT, sa_column_kwargs=_NOW, index=True)
