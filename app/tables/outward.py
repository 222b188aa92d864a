"""What leaves for other systems, and how far the log was followed. Decides which rows are sound."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, LargeBinary, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from app.tables.columns import EMPTY_LIST, MOMENT, TEXTS, ZERO, one_of


class Follower(SQLModel, table=True):
    """How far a chore has followed the event feed. Moved in the transaction of what it did about those events."""

    name: str = Field(primary_key=True, sa_type=Text)
    epoch: int
    xid: int = Field(sa_type=BigInteger)
    seq: int = Field(sa_type=BigInteger)


class WebhookEndpoint(SQLModel, table=True):
    """Another system that follows us. `kinds`: which events, "case.resolved"; empty: all."""

    __tablename__ = "webhook_endpoint"
    __table_args__ = (
        CheckConstraint("cardinality(kinds) <= 100", name="kinds"),
        one_of("state", ("on", "off"), name="state"),
    )
    id: UUID = Field(primary_key=True)
    url: str = Field(sa_type=Text)
    secret: bytes = Field(sa_type=LargeBinary)
    old_secret: bytes | None = Field(default=None, sa_type=LargeBinary)  # signs too, while the receiver changes over
    kinds: list[str] = Field(default_factory=list, sa_type=TEXTS, sa_column_kwargs=EMPTY_LIST)
    state: str = Field(sa_type=Text)
    made_at: datetime = Field(sa_type=MOMENT)
    made_by: str = Field(sa_type=Text)


class WebhookDelivery(SQLModel, table=True):
    """One event for one endpoint. `payload` is the bytes that are signed and sent, as the event was then."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        UniqueConstraint("endpoint_id", "event_seq"),
        one_of("state", ("pending", "sending", "sent", "failed"), name="state"),
        Index("ix_webhook_delivery_due", "endpoint_id", "next_at", postgresql_where=text("state IN ('pending', 'sending')")),
        Index("ix_webhook_delivery_done", "done_at", postgresql_where=text("done_at IS NOT NULL")),
    )  # fmt: skip
    id: UUID = Field(primary_key=True)
    endpoint_id: UUID = Field(foreign_key="webhook_endpoint.id", ondelete="CASCADE")
    event_seq: int = Field(sa_type=BigInteger)
    kind: str = Field(sa_type=Text)
    payload: str = Field(sa_type=Text)
    state: str = Field(sa_type=Text)
    attempts: int = Field(default=0, sa_column_kwargs=ZERO)
    next_at: datetime = Field(sa_type=MOMENT)
    status: int | None = Field(default=None)  # what the receiver answered last
    reason: str | None = Field(default=None, sa_type=Text)  # why the last try failed: a code
    made_at: datetime = Field(sa_type=MOMENT)
    done_at: datetime | None = Field(default=None, sa_type=MOMENT)
