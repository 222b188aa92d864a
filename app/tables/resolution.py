"""What stays with a case until it is solved: touches, promises, clocks, timers, alarms, checks, surveys, playbooks, merges.

Decides which rows are sound. Every row belongs to a case and is written under the lock of that case.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from app.tables.columns import EMPTY_OBJECT, MOMENT, ZERO, one_of
from routing import lifecycle


class Touch(SQLModel, table=True):
    """One time the customer had to turn to us again, or was asked for something. `subject_id`, `version`: the event it is."""

    __table_args__ = (
        one_of("kind", ("contact", "message", "asked"), name="kind"),
        UniqueConstraint("subject_id", "version"),
        Index(None, "case_id", "number"),
        Index(None, "at"),
    )
    id: UUID = Field(primary_key=True)
    case_id: UUID = Field(foreign_key="case.id")
    number: int
    """From 1; the first contact of a case is no touch."""
    kind: str = Field(sa_type=Text)
    subject_id: UUID  # the interaction
    version: int
    channel: str = Field(sa_type=Text)
    cause: str = Field(sa_type=Text)
    caused_by: str = Field(sa_type=Text)  # "rule", or who said so
    representative: str | None = Field(default=None, sa_type=Text)  # who held or owned it then
    request_type: str | None = Field(default=None, sa_type=Text)
    queue: str | None = Field(default=None, sa_type=Text)
    office: str | None = Field(default=None, sa_type=Text)
    at: datetime = Field(sa_type=MOMENT)


class Promise(SQLModel, table=True):
    """A time the customer was given. At most one stands that is about the next news."""

    __table_args__ = (
        one_of("state", lifecycle.PROMISE.states, name="state"),
        CheckConstraint("(state = 'standing') = (ended_at IS NULL)", name="ended"),
        Index("uq_promise_news", "case_id", unique=True, postgresql_where=text("kind = 'news' AND state = 'standing'")),
        Index(
            "uq_promise_callback", "interaction_id", unique=True,
            postgresql_where=text("kind = 'callback' AND state = 'standing'"),
        ),
        Index(None, "case_id", "made_at"),
        Index(None, "due_at"),
        Index("ix_promise_ended", "ended_at", postgresql_where=text("ended_at IS NOT NULL")),
    )  # fmt: skip
    id: UUID = Field(primary_key=True)
    case_id: UUID = Field(foreign_key="case.id")
    interaction_id: UUID | None = Field(default=None)  # of a callback: which contact is called back
    kind: str = Field(sa_type=Text)  # news, callback, visit, solution, incident, or a code of the house
    words: str | None = Field(default=None, sa_type=Text)  # what was promised, as the customer may read it
    due_at: datetime = Field(sa_type=MOMENT)
    made_at: datetime = Field(sa_type=MOMENT)
    made_by: str = Field(sa_type=Text)
    representative: str | None = Field(default=None, sa_type=Text)  # whose word it is
    state: str = Field(default="standing", sa_type=Text)
    ended_at: datetime | None = Field(default=None, sa_type=MOMENT)
    moved_to: UUID | None = Field(default=None)
    reason: str | None = Field(default=None, sa_type=Text)  # why it was moved or released: a code
    nudged_at: datetime | None = Field(default=None, sa_type=MOMENT)  # the owner was told to say something


class Clock(SQLModel, table=True):
    """One target of a case in working hours. `spent_seconds`: until `since`; while it runs, more is spent from then on."""

    __table_args__ = (
        one_of("kind", ("first_response", "next_response", "resolution"), name="kind"),
        one_of("state", lifecycle.CLOCK.states, name="state"),
        CheckConstraint("(state = 'running') = (due_at IS NOT NULL)", name="due"),
        CheckConstraint("target_seconds > 0 AND spent_seconds >= 0", name="seconds"),
        Index(
            "uq_clock_going", "case_id", "kind", unique=True, postgresql_where=text("state IN ('running', 'paused')")
        ),
        Index(None, "case_id"),
        Index("ix_clock_ended", "ended_at", postgresql_where=text("ended_at IS NOT NULL")),
    )
    id: UUID = Field(primary_key=True)
    case_id: UUID = Field(foreign_key="case.id")
    kind: str = Field(sa_type=Text)
    state: str = Field(sa_type=Text)
    target_seconds: float
    spent_seconds: float = Field(default=0.0, sa_column_kwargs=ZERO)
    started_at: datetime = Field(sa_type=MOMENT)
    since: datetime = Field(sa_type=MOMENT)  # the last start, pause or resumption
    due_at: datetime | None = Field(default=None, sa_type=MOMENT)  # only while it runs
    warned_at: datetime | None = Field(default=None, sa_type=MOMENT)
    ended_at: datetime | None = Field(default=None, sa_type=MOMENT)
    late_at: datetime | None = Field(default=None, sa_type=MOMENT)  # breached, and done all the same then
    queue: str | None = Field(default=None, sa_type=Text)  # whose calendar it goes by
    rules_version: int


class Timer(SQLModel, table=True):
    """Something to be done at a time, once: whoever does it deletes the row in the same transaction."""

    __table_args__ = (
        Index(None, "due_at", "id"),
        Index(None, "case_id"),
    )
    id: UUID = Field(primary_key=True)
    key: str = Field(sa_type=Text, unique=True)  # one per reason: "promise:ID"
    kind: str = Field(sa_type=Text)  # which handler of app.actions.firing
    case_id: UUID | None = Field(default=None, foreign_key="case.id")
    due_at: datetime = Field(sa_type=MOMENT)
    attempts: int = Field(default=0, sa_column_kwargs=ZERO)
    data: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB, sa_column_kwargs=EMPTY_OBJECT)


class Alarm(SQLModel, table=True):
    """Something a named person must look at. Raised once per `key`, done when somebody says so."""

    __table_args__ = (
        Index("ix_alarm_open", "representative", "raised_at", postgresql_where=text("done_at IS NULL")),
        Index("ix_alarm_open_all", "raised_at", "id", postgresql_where=text("done_at IS NULL")),
        Index(None, "case_id"),
    )
    id: UUID = Field(primary_key=True)
    key: str = Field(sa_type=Text, unique=True)
    kind: str = Field(
        sa_type=Text
    )  # touch_budget, promise_near, promise_broken, clock_near, clock_breached, rescue, check_late, surge
    case_id: UUID | None = Field(default=None, foreign_key="case.id")
    representative: str | None = Field(default=None, sa_type=Text)  # None: the supervisors
    raised_at: datetime = Field(sa_type=MOMENT)
    done_at: datetime | None = Field(default=None, sa_type=MOMENT)
    done_by: str | None = Field(default=None, sa_type=Text)
    data: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB, sa_column_kwargs=EMPTY_OBJECT)


class SecondCheck(SQLModel, table=True):
    """A second person's look. At most one is open for a case's resolution, and one for each message."""

    __tablename__ = "second_check"
    __table_args__ = (
        one_of("before", ("resolution", "message"), name="before"),
        one_of("state", lifecycle.CHECK.states, name="state"),
        CheckConstraint("checker IS DISTINCT FROM representative OR checker IS NULL", name="another"),
        CheckConstraint("(state IN ('passed', 'returned', 'withdrawn')) = (decided_at IS NOT NULL)", name="decided"),
        Index(
            "uq_second_check_resolution", "case_id", unique=True,
            postgresql_where=text("before = 'resolution' AND state IN ('waiting', 'taken')"),
        ),
        Index(
            "uq_second_check_message", "message_id", unique=True,
            postgresql_where=text("before = 'message' AND state IN ('waiting', 'taken')"),
        ),
        Index("ix_second_check_open", "requested_at", "id", postgresql_where=text("state IN ('waiting', 'taken')")),
        Index(None, "case_id"),
        Index("ix_second_check_decided", "decided_at", postgresql_where=text("decided_at IS NOT NULL")),
    )  # fmt: skip
    id: UUID = Field(primary_key=True)
    case_id: UUID = Field(foreign_key="case.id")
    before: str = Field(sa_type=Text)
    message_id: UUID | None = Field(default=None)
    state: str = Field(sa_type=Text)
    representative: str | None = Field(default=None, sa_type=Text)  # whose work is looked at
    requested_at: datetime = Field(sa_type=MOMENT)
    due_at: datetime = Field(sa_type=MOMENT)
    reason: str = Field(sa_type=Text)  # amount, new_representative, share, reopened, always
    skill: str | None = Field(default=None, sa_type=Text)
    level: int = Field(default=1, sa_column_kwargs={"server_default": text("1")})
    checker: str | None = Field(default=None, sa_type=Text)
    taken_at: datetime | None = Field(default=None, sa_type=MOMENT)
    decided_at: datetime | None = Field(default=None, sa_type=MOMENT)
    comment: str | None = Field(default=None, sa_type=Text)
    data: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB, sa_column_kwargs=EMPTY_OBJECT)


class Survey(SQLModel, table=True):
    """Asked once per resolution: is it solved, and how was the representative, who is fixed at that moment."""

    __table_args__ = (
        one_of("state", lifecycle.SURVEY.states, name="state"),
        CheckConstraint("solved IN ('yes', 'no', 'partly')", name="solved"),
        CheckConstraint("mark BETWEEN 1 AND 5", name="mark"),
        CheckConstraint("(state = 'asked') = (ended_at IS NULL)", name="ended"),
        UniqueConstraint("case_id", "round"),
        Index("uq_survey_asked", "case_id", unique=True, postgresql_where=text("state = 'asked'")),
        Index(None, "customer_id", "asked_at"),
        Index(None, "asked_at"),
    )
    id: UUID = Field(primary_key=True)
    case_id: UUID = Field(foreign_key="case.id")
    customer_id: UUID | None = Field(default=None, foreign_key="customer.id")
    round: int
    state: str = Field(sa_type=Text)
    channel: str = Field(sa_type=Text)
    representative: str | None = Field(default=None, sa_type=Text)
    asked_at: datetime = Field(sa_type=MOMENT)
    closes_at: datetime = Field(sa_type=MOMENT)
    solved: str | None = Field(default=None, sa_type=Text)
    mark: int | None = Field(default=None)
    words: str | None = Field(default=None, sa_type=Text)
    ended_at: datetime | None = Field(default=None, sa_type=MOMENT)


class Playbook(SQLModel, table=True):
    """One version of a playbook, as it was published. Another version only where the steps differ."""

    code: str = Field(primary_key=True, sa_type=Text)
    version: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    rules_version: int
    steps: list[dict[str, Any]] = Field(sa_type=JSONB)
    published_at: datetime = Field(sa_type=MOMENT)


class PlaybookTick(SQLModel, table=True):
    """A step of its playbook that was done for a case, when and by whom."""

    __tablename__ = "playbook_tick"
    case_id: UUID = Field(primary_key=True, foreign_key="case.id")
    step: str = Field(primary_key=True, sa_type=Text)
    at: datetime = Field(sa_type=MOMENT)
    by: str = Field(sa_type=Text)


class Merge(SQLModel, table=True):
    """One case or customer taken into another; nothing is rewritten that `moved` does not name, so it can be undone."""

    __table_args__ = (
        one_of("kind", ("case", "customer"), name="kind"),
        CheckConstraint("survivor <> merged", name="two"),
        Index("uq_merge_standing", "kind", "merged", unique=True, postgresql_where=text("undone_at IS NULL")),
        Index(None, "kind", "survivor"),
    )
    id: UUID = Field(primary_key=True)
    kind: str = Field(sa_type=Text)
    survivor: UUID
    merged: UUID
    moved: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB, sa_column_kwargs=EMPTY_OBJECT)
    reason: str | None = Field(default=None, sa_type=Text)
    made_at: datetime = Field(sa_type=MOMENT)
    made_by: str = Field(sa_type=Text)
    undone_at: datetime | None = Field(default=None, sa_type=MOMENT)
    undone_by: str | None = Field(default=None, sa_type=Text)


class Proxy(SQLModel, table=True):
    """Who may speak for a customer, and that the customer agreed."""

    __table_args__ = (
        CheckConstraint("customer_id <> proxy_id", name="two"),
        Index("uq_proxy_standing", "customer_id", "proxy_id", unique=True, postgresql_where=text("ended_at IS NULL")),
        Index(None, "proxy_id"),
    )
    id: UUID = Field(primary_key=True)
    customer_id: UUID = Field(foreign_key="customer.id")
    proxy_id: UUID = Field(foreign_key="customer.id")
    relation: str = Field(sa_type=Text)  # a code: child, parent, spouse, guardian, …
    consent: str = Field(sa_type=Text)  # how it was given: a code: in_person, by_phone, in_writing, legal
    noted_at: datetime = Field(sa_type=MOMENT)
    noted_by: str = Field(sa_type=Text)
    ended_at: datetime | None = Field(default=None, sa_type=MOMENT)
    ended_by: str | None = Field(default=None, sa_type=Text)


class Document(SQLModel, table=True):
    """A file a customer or a representative added to a case."""

    __table_args__ = (
        CheckConstraint("octet_length(content) <= 10485760", name="size"),
        Index(None, "case_id", "at"),
    )
    id: UUID = Field(primary_key=True)
    case_id: UUID = Field(foreign_key="case.id")
    message_id: UUID | None = Field(default=None)
    name: str = Field(sa_type=Text)
    media_type: str = Field(sa_type=Text)
    content: bytes
    digest: str = Field(sa_type=Text)  # SHA-256, hex
    author: str = Field(sa_type=Text)  # "customer", or who added it
    at: datetime = Field(sa_type=MOMENT)


class Erasure(SQLModel, table=True):
    """A customer's wish to be forgotten, and when it was done. Kept: a restored backup erases them again."""

    customer_id: UUID = Field(primary_key=True)
    asked_at: datetime = Field(sa_type=MOMENT)
    asked_by: str = Field(sa_type=Text)
    done_at: datetime | None = Field(default=None, sa_type=MOMENT)


class Reached(SQLModel, table=True):
    """How many notices a customer was sent on one day, so that nobody is flooded. `key`: the notice; once each."""

    __table_args__ = (Index(None, "customer_id", "at"), Index(None, "at"))
    key: str = Field(primary_key=True, sa_type=Text)
    customer_id: UUID = Field(foreign_key="customer.id")
    at: datetime = Field(sa_type=MOMENT)
