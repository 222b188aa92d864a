"""What the configuration says: offices, queues, request types, and who works. Decides which rows are sound."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, Text, text
from sqlalchemy.dialects.postgresql import JSON, JSONB
from sqlmodel import Field, SQLModel

from app.tables.columns import EMPTY_LIST, EMPTY_OBJECT, FALSE, MOMENT, NOW, TEXTS, ZERO, one_of
from routing import lifecycle


class Organisation(SQLModel, table=True):
    """Who we are: one row."""

    __table_args__ = (CheckConstraint("id = 1", name="single"),)
    id: int = Field(default=1, primary_key=True, sa_column_kwargs={"autoincrement": False})
    name: str = Field(sa_type=Text)
    languages: list[str] = Field(sa_type=TEXTS)
    default_request_type: str | None = Field(default=None, sa_type=Text)


class Office(SQLModel, table=True):
    """A place with counters, its own days and its own ticket numbers."""

    code: str = Field(primary_key=True, sa_type=Text)
    name: str = Field(sa_type=Text)
    timezone: str = Field(sa_type=Text)
    place: int = Field(default=0, sa_column_kwargs=ZERO)  # order of listing; the first is the default


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
    wrap_up_seconds: int = Field(default=0, sa_column_kwargs=ZERO)
    grace_seconds: int = Field(default=300, sa_column_kwargs={"server_default": text("300")})
    head_start_cap_seconds: int = Field(default=3600, sa_column_kwargs={"server_default": text("3600")})
    mean_handle_seconds: int = Field(default=300, sa_column_kwargs={"server_default": text("300")})
    hours: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB, sa_column_kwargs=EMPTY_OBJECT)
    closed_until: datetime | None = Field(default=None, sa_type=MOMENT)  # closed ad hoc, whatever the hours say
    closed_message: str | None = Field(default=None, sa_type=Text)


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
    skills: dict[str, int] = Field(default_factory=dict, sa_type=JSONB, sa_column_kwargs=EMPTY_OBJECT)
    speak: bool = Field(default=True, sa_column_kwargs={"server_default": text("true")})  # the language is a need
    letter: str = Field(sa_type=Text)  # first character of a ticket number
    place: int = Field(default=0, sa_column_kwargs=ZERO)


class Representative(SQLModel, table=True):
    """A person who works. `live` and `units` are moved only by the assignments really inserted and really ended.

    `ceiling` is the most units the row may hold now: the capacity, or more while a lowered one drains or an override
    is on record. A new offer is guarded by `capacity`; `ceiling` is the last net.
    """

    __table_args__ = (
        CheckConstraint("live BETWEEN 0 AND 1", name="live"),
        CheckConstraint("units BETWEEN 0 AND ceiling", name="units"),
        CheckConstraint("capacity BETWEEN 0 AND 100 AND ceiling >= capacity", name="capacity"),
        CheckConstraint("per_hour > 0 AND per_day > 0", name="per_time"),
        one_of("presence", lifecycle.PRESENCE.states, name="presence"),
    )
    code: str = Field(primary_key=True, sa_type=Text)
    name: str = Field(sa_type=Text)
    office: str | None = Field(default=None, sa_type=Text, foreign_key="office.code")
    skills: dict[str, int] = Field(default_factory=dict, sa_type=JSONB, sa_column_kwargs=EMPTY_OBJECT)
    languages: list[str] = Field(default_factory=list, sa_type=TEXTS, sa_column_kwargs=EMPTY_LIST)
    queues: list[str] = Field(default_factory=list, sa_type=TEXTS, sa_column_kwargs=EMPTY_LIST)
    desk: str | None = Field(default=None, sa_type=Text)  # a phone number, a counter, a screen
    capacity: int
    ceiling: int
    live: int = Field(default=0, sa_column_kwargs=ZERO)
    units: int = Field(default=0, sa_column_kwargs=ZERO)
    presence: str = Field(default="offline", sa_type=Text, sa_column_kwargs={"server_default": "offline"})
    presence_reason: str | None = Field(default=None, sa_type=Text)
    presence_at: datetime = Field(sa_type=MOMENT, sa_column_kwargs=NOW)
    heartbeat_at: datetime | None = Field(default=None, sa_type=MOMENT)
    idle_since: datetime = Field(sa_type=MOMENT, sa_column_kwargs=NOW)
    groups: list[str] = Field(default_factory=list, sa_type=TEXTS, sa_column_kwargs=EMPTY_LIST)
    pull: bool = Field(default=False, sa_column_kwargs=FALSE)  # is never offered anything: asks for the next one
    per_hour: int | None = Field(default=None)  # the most they take in a local hour, and in a local day
    per_day: int | None = Field(default=None)
    resting_until: datetime | None = Field(default=None, sa_type=MOMENT)  # one of the two is reached
    retired: bool = Field(default=False, sa_column_kwargs=FALSE)
    version: int = Field(default=0, sa_column_kwargs=ZERO)


class RuleSet(SQLModel, table=True):
    """One version of the rules. A draft becomes live, what was live is past; a document never changes."""

    __tablename__ = "rule_set"
    __table_args__ = (
        one_of("state", lifecycle.RULES.states, name="state"),
        CheckConstraint("(state IN ('live', 'past')) = (published_at IS NOT NULL)", name="published"),
        Index("uq_rule_set_live", "state", unique=True, postgresql_where=text("state = 'live'")),
    )
    version: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    state: str = Field(sa_type=Text)
    document: dict[str, Any] = Field(sa_type=JSON)  # not JSONB: it stays in the order in which it was written
    based_on: int  # the version that was live when it was written; 0 = none
    note: str | None = Field(default=None, sa_type=Text)
    made_by: str = Field(sa_type=Text)
    made_at: datetime = Field(sa_type=MOMENT)
    published_by: str | None = Field(default=None, sa_type=Text)
    published_at: datetime | None = Field(default=None, sa_type=MOMENT)


class QueueDay(SQLModel, table=True):
    """How many came to a queue on one local day: what shares of head starts are counted against."""

    __tablename__ = "queue_day"
    queue: str = Field(primary_key=True, sa_type=Text)
    day: date = Field(primary_key=True)
    arrivals: int


class HeadStartDay(SQLModel, table=True):
    """How often a reason for a head start was granted and refused in a queue on one local day."""

    __tablename__ = "head_start_day"
    queue: str = Field(primary_key=True, sa_type=Text)
    day: date = Field(primary_key=True)
    reason: str = Field(primary_key=True, sa_type=Text)
    granted: int = Field(default=0, sa_column_kwargs=ZERO)
    refused: int = Field(default=0, sa_column_kwargs=ZERO)
