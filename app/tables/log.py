"""The log, the outbox, and what keeps repeats harmless. Decides which rows are sound."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Identity,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from app.tables.columns import EMPTY_OBJECT, MOMENT, NOW, ZERO, Xid8, one_of


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
    at: datetime = Field(sa_type=MOMENT)
    actor: str = Field(sa_type=Text)
    data: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB, sa_column_kwargs=EMPTY_OBJECT)


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
        one_of("state", ("pending", "sending", "sent", "failed", "unknown"), name="state"),
        Index("ix_outbox_due", "channel", "next_at", postgresql_where=text("state IN ('pending', 'sending')")),
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
    attempts: int = Field(default=0, sa_column_kwargs=ZERO)
    next_at: datetime = Field(sa_type=MOMENT)  # when to try (again), or when a claim lapses
    reason: str | None = Field(default=None, sa_type=Text)
    created_at: datetime = Field(sa_type=MOMENT)
    done_at: datetime | None = Field(default=None, sa_type=MOMENT)


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
    at: datetime = Field(sa_type=MOMENT)
    line: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB, sa_column_kwargs=EMPTY_OBJECT)
    """By kind of work what its wait is made of, as `app.queries.line.lines` writes it: who really comes, and who goes before."""
    changed_at: datetime | None = Field(default=None, sa_type=MOMENT)  # when one of its representatives last changed


class Lease(SQLModel, table=True):
    """Who does a chore now. For efficiency only: the guards in the writes keep the truth."""

    name: str = Field(primary_key=True, sa_type=Text)
    holder: UUID
    until: datetime = Field(sa_type=MOMENT)


class ApiKey(SQLModel, table=True):
    """Who may call. The key itself is never stored."""

    __tablename__ = "api_key"
    __table_args__ = (
        one_of("role", ("admin", "supervisor", "representative", "integration", "kiosk"), name="role"),
        CheckConstraint("(role = 'representative') = (representative IS NOT NULL)", name="names_one"),
    )
    id: UUID = Field(primary_key=True)
    name: str = Field(sa_type=Text)
    role: str = Field(sa_type=Text)
    representative: str | None = Field(default=None, sa_type=Text, foreign_key="representative.code")
    prefix: str = Field(sa_type=Text)
    digest: bytes = Field(sa_type=LargeBinary, unique=True)
    created_at: datetime = Field(sa_type=MOMENT, sa_column_kwargs=NOW)
    revoked_at: datetime | None = Field(default=None, sa_type=MOMENT)


class IdempotencyKey(SQLModel, table=True):
    """A committed answer, kept 48 hours. `owner` is the key's source: keys of strangers never meet."""

    __tablename__ = "idempotency_key"
    owner: str = Field(primary_key=True, sa_type=Text)
    key: str = Field(primary_key=True, sa_type=Text)
    digest: bytes = Field(sa_type=LargeBinary)  # of method, path and body
    status: int
    body: bytes = Field(sa_type=LargeBinary)
    created_at: datetime = Field(sa_type=MOMENT, sa_column_kwargs=NOW, index=True)
