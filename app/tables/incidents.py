"""Faults that touch many: what is declared, which cases it is about, who was told. Decides which rows are sound."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from app.tables.columns import EMPTY_LIST, MOMENT, TEXTS, ZERO, one_of
from routing import lifecycle


class Incident(SQLModel, table=True):
    """Whom it touches: all that is named must fit a case; what is empty says nothing. `words`: by language, for customers."""

    __table_args__ = (
        one_of("state", lifecycle.INCIDENT.states, name="state"),
        CheckConstraint("(state IN ('closed', 'dismissed')) = (ended_at IS NOT NULL)", name="ended"),
        Index("ix_incident_open", "state", postgresql_where=text("state IN ('proposed', 'declared')")),
    )
    id: UUID = Field(primary_key=True)
    state: str = Field(sa_type=Text)
    words: dict[str, str] = Field(sa_type=JSONB)
    request_types: list[str] = Field(default_factory=list, sa_type=TEXTS, sa_column_kwargs=EMPTY_LIST)
    areas: list[str] = Field(default_factory=list, sa_type=TEXTS, sa_column_kwargs=EMPTY_LIST)
    products: list[str] = Field(default_factory=list, sa_type=TEXTS, sa_column_kwargs=EMPTY_LIST)
    channels: list[str] = Field(default_factory=list, sa_type=TEXTS, sa_column_kwargs=EMPTY_LIST)
    since: datetime = Field(sa_type=MOMENT)  # cases from then on are about it
    promised_at: datetime | None = Field(default=None, sa_type=MOMENT)
    made_at: datetime = Field(sa_type=MOMENT)
    made_by: str = Field(sa_type=Text)
    ended_at: datetime | None = Field(default=None, sa_type=MOMENT)
    version: int = Field(default=0, sa_column_kwargs=ZERO)


class IncidentCase(SQLModel, table=True):
    """A case that is about an incident. Detached by hand, it is not attached again by rule."""

    __tablename__ = "incident_case"
    __table_args__ = (Index(None, "case_id"),)
    incident_id: UUID = Field(primary_key=True, foreign_key="incident.id")
    case_id: UUID = Field(primary_key=True, foreign_key="case.id")
    attached_at: datetime = Field(sa_type=MOMENT)
    attached_by: str = Field(sa_type=Text)
    detached_at: datetime | None = Field(default=None, sa_type=MOMENT)
    detached_by: str | None = Field(default=None, sa_type=Text)
    promise_id: UUID | None = Field(default=None)  # by when it was promised to be over, as it stood last


class IncidentUpdate(SQLModel, table=True):
    """What was told to all it is about. The first is the declaration, the last the end."""

    __tablename__ = "incident_update"
    __table_args__ = (
        Index(None, "incident_id", "at"),
        Index("ix_incident_update_left", "at", "id", postgresql_where=text("spread_at IS NULL")),
    )
    id: UUID = Field(primary_key=True)
    incident_id: UUID = Field(foreign_key="incident.id")
    words: dict[str, str] = Field(sa_type=JSONB)
    promised_at: datetime | None = Field(default=None, sa_type=MOMENT)
    at: datetime = Field(sa_type=MOMENT)
    by: str = Field(sa_type=Text)
    spread_to: UUID | None = Field(default=None)  # the last case that was told; None: nobody yet
    reached_to: UUID | None = Field(default=None)  # of the end: the last of those who never called that was told
    spread_at: datetime | None = Field(default=None, sa_type=MOMENT)  # all were told


class IncidentReach(SQLModel, table=True):
    """A customer who is likely touched and has not called was told, once."""

    __tablename__ = "incident_reach"
    incident_id: UUID = Field(primary_key=True, foreign_key="incident.id")
    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    told_at: datetime = Field(sa_type=MOMENT)
    told_by: str = Field(sa_type=Text)


class SurgeCount(SQLModel, table=True):
    """How many came with one request, from one area, in one window: what a surge is seen by."""

    __tablename__ = "surge_count"
    __table_args__ = (Index(None, "starts_at"),)
    request_type: str = Field(primary_key=True, sa_type=Text)
    area: str = Field(primary_key=True, sa_type=Text)  # "" = wherever it was
    starts_at: datetime = Field(primary_key=True, sa_type=MOMENT)
    contacts: int
