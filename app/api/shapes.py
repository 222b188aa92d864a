"""The shapes that requests and answers are made of. No `from __future__ import annotations`: they are needed at run time.

Decides lengths, letters and nesting of everything a caller may send. Never checks whether a code exists: the actions do.
"""

import re
from datetime import datetime
from typing import Annotated, Any, Final, Generic, Literal, TypeVar
from uuid import UUID

import orjson
from fastapi import Header, Path, Query
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from app.api.case_facts import CaseFacts
from channels.addresses import email_address, phone_number
from routing import lifecycle

MOST_ATTRIBUTE_BYTES: Final = 8_192
DEEPEST_ATTRIBUTE: Final = 5
MOST_ITEMS: Final = 200
_RFC_3339: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII)

Item = TypeVar("Item")


def _shallow(value: dict[str, Any]) -> dict[str, Any]:
    level: list[Any] = [value]
    for _ in range(DEEPEST_ATTRIBUTE):
        level = [part for whole in level for part in _parts(whole)]
    if level:
        raise ValueError(f"may be nested at most {DEEPEST_ATTRIBUTE} deep")
    if len(orjson.dumps(value)) > MOST_ATTRIBUTE_BYTES:
        raise ValueError(f"may have at most {MOST_ATTRIBUTE_BYTES} bytes as JSON")
    return value


def _parts(whole: Any) -> list[Any]:
    if isinstance(whole, dict):
        return list(whole.values())
    return whole if isinstance(whole, list) else []


def _phone(value: str) -> str:
    number = phone_number(value)
    if number is None:
        raise ValueError("is not a phone number; write it with + and the country code")
    return number


def _email(value: str) -> str:
    address = email_address(value)
    if address is None:
        raise ValueError("is not an email address")
    return address


def _rfc_3339(value: object) -> object:
    if not isinstance(value, str) or _RFC_3339.fullmatch(value) is None:
        raise ValueError("must be a date and time with offset, as in 2026-01-31T12:00:00Z")
    return value


def _state_of(machine: lifecycle.Machine) -> tuple[object, ...]:
    """A state the machine knows: its table is the one list of names."""
    states = frozenset(machine.states)

    def check(value: str) -> str:
        if value not in states:
            raise ValueError(f"must be one of {', '.join(machine.states)}")
        return value

    return AfterValidator(check), WithJsonSchema({"type": "string", "enum": machine.states})


Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]*$", max_length=60)]
"""A code of the configuration."""
Reason = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]*$", max_length=60)]
"""Why: a code, not a sentence. It is kept in the event log for ever, where no words of or about people may stand."""
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35)]
Ref = Annotated[str, StringConstraints(pattern=r"^[^\s\x00-\x1f\x7f]+$", min_length=1, max_length=200)]
Line = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=500)]
Name = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=200)]
Body = Annotated[str, StringConstraints(max_length=100_000)]
Attributes = Annotated[dict[str, Any], AfterValidator(_shallow)]
Phone = Annotated[str, StringConstraints(max_length=40), AfterValidator(_phone)]
Email = Annotated[str, StringConstraints(max_length=254), AfterValidator(_email)]
Moment = Annotated[AwareDatetime, BeforeValidator(_rfc_3339)]
NeedCode = Literal["elderly", "disability", "pregnancy", "small_child"]
InteractionState = Annotated[str, *_state_of(lifecycle.INTERACTION)]
AssignmentState = Annotated[str, *_state_of(lifecycle.ASSIGNMENT)]
CaseState = Annotated[str, *_state_of(lifecycle.CASE)]
Presence = Annotated[str, *_state_of(lifecycle.PRESENCE)]

PathId = Annotated[UUID, Path(alias="id", description="The id, as it was given.")]
PathCode = Annotated[
    str, Path(alias="id", pattern=r"^[a-z][a-z0-9_-]*$", max_length=60, description="The code in the configuration.")
]
Limit = Annotated[int, Query(ge=1, le=MOST_ITEMS, description="Most items on this page.")]
After = Annotated[str | None, Query(max_length=200, description="`next` of the page before.")]
IfMatch = Annotated[
    str | None,
    Header(alias="If-Match", max_length=200, description="Change it only while its ETag is this one; else 412."),
]


class Given(BaseModel):
    """What a caller sends: a field we do not know is a mistake, not a wish."""

    model_config = ConfigDict(extra="forbid")


class Page(BaseModel, Generic[Item]):
    """One page. `next` is the `after` of the following one, null at the end."""

    items: list[Item]
    next: str | None


class Problem(BaseModel):
    """RFC 9457. `code` is stable: compare it. `detail` is for people."""

    type: str = "about:blank"
    title: str
    status: int
    code: str
    detail: str
    errors: list[dict[str, Any]] | None = Field(None, description="Single faults, as `where` and `detail`.")
    faults: list[dict[str, str]] | None = Field(
        None, description="Of `wrong_rules`: its mistakes, as `path` and `reason`."
    )


class Customer(Given):
    """Who the customer is, as far as the caller knows."""

    name: Name | None = None
    phone: Phone | None = None
    email: Email | None = None
    needs: list[NeedCode] = Field(default_factory=list, max_length=8)


class NewInteraction(Given):
    """A contact: one call, one email, one visit."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "channel": "phone",
                    "ref": "call-2026-000123",
                    "request_type": "claim",
                    "language": "ur",
                    "customer": {"name": "Sana Tariq", "phone": "+923001234567", "needs": ["elderly"]},
                }
            ]
        }
    )

    channel: Annotated[Code, Field(description="The way in: phone, email, walk_in, …")]
    ref: Annotated[Ref, Field(description="Your own name for this contact; sent again, it does nothing twice.")]
    request_type: Annotated[Code, Field(description="What the customer wants; decides the queue.")]
    language: Language | None = None
    subject: Line | None = None
    body: Body | None = None
    customer: Customer | None = None
    office: Annotated[Code | None, Field(description="The first office where none is named.")] = None
    case_id: Annotated[UUID | None, Field(description="The case this belongs to; a new one where none is named.")] = (
        None
    )
    attributes: Attributes = Field(
        default_factory=dict, description="Your own data, kept as it is: at most 8 KiB, 5 deep."
    )


class WaitShape(BaseModel):
    """An honest range: half are served within `low_seconds`, nine of ten within `high_seconds`."""

    low_seconds: int
    high_seconds: int


class RefusalShape(BaseModel):
    """Why it was turned away: `closed`, `closing`, `nobody`, `length` or `wait`; and what the house says to it."""

    reason: str
    message: str | None
    opens_at: datetime | None


class Received(BaseModel):
    """How a contact stands now."""

    id: UUID
    case_id: UUID
    channel: str
    state: InteractionState
    queue: str | None
    position: int | None = Field(description="Place in line, 1 is next; null where it does not wait.")
    wait: WaitShape | None
    number: str | None = Field(description="The ticket, for visits.")
    callback: bool = Field(
        False, description="The customer need not stay: the place is kept, and they are called back."
    )
    refusal: RefusalShape | None = Field(None, description="Turned away on entry; the state is `cancelled`.")
    notices: list[str] = Field(default_factory=list, description="What to tell the customer, as it stands.")


class CustomerView(BaseModel):
    """Who the customer is, for whoever serves."""

    id: UUID
    name: str | None
    language: str | None
    needs: list[str]
    history: str = Field(description="Where all their interactions are listed.")


class AssignmentView(BaseModel):
    """One representative asked to take one interaction."""

    id: UUID
    interaction_id: UUID
    representative: str
    state: AssignmentState
    offered_at: datetime
    expires_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    outcome: str | None
    reason: str | None


class InteractionView(BaseModel):
    """One piece of work for one customer on one channel."""

    id: UUID
    case_id: UUID
    channel: str
    ref: str
    state: InteractionState
    queue: str | None
    request_type: str | None
    office: str | None
    language: str | None
    subject: str | None
    number: str | None
    customer: CustomerView | None
    reply_to: str | None
    position: int | None
    wait: WaitShape | None
    head_start_seconds: int
    head_start_reasons: list[str]
    assignment: AssignmentView | None
    preferred: str | None
    callback: bool = Field(description="They are called back, and need not stay on the line.")
    callback_attempts: int
    step: int = Field(description="How many steps of its rules have passed.")
    escalated_at: datetime | None = Field(description="Since when a supervisor knows; null once it is served.")
    arrived_at: datetime
    queued_at: datetime | None
    due_at: datetime | None
    not_before: datetime | None
    wake_at: datetime | None
    state_at: datetime
    attributes: dict[str, Any]
    version: int


class MessageView(BaseModel):
    """Words: of the customer (`in`), to the customer (`out`), or among colleagues (`note`)."""

    id: UUID
    interaction_id: UUID
    case_id: UUID
    direction: Literal["in", "out", "note"]
    author: str | None
    subject: str | None
    body: str
    at: datetime
    asks: str | None = Field(None, description="What the customer is asked for: a code.")
    held: UUID | None = Field(None, description="It has not left: the check that it waits, or waited, for.")

    @model_validator(mode="before")
    @classmethod
    def _of_row(cls, row: Any) -> Any:
        """Both stand among the attributes of a row."""
        said = row.get("attributes") if isinstance(row, dict) else None
        return {**row, **{name: said.get(name) for name in ("asks", "held")}} if said else row


class BarView(BaseModel):
    """Whom a customer, or a case, must never meet. One of the two ids is null."""

    id: UUID
    customer_id: UUID | None
    case_id: UUID | None
    representative: str
    reason: str
    made_by: str
    made_at: datetime


class CaseView(CaseFacts):
    """The customer's matter across all contacts. Oldest first; `more` where only the last 200 of each are shown."""

    id: UUID
    state: CaseState
    request_type: str | None
    subject: str | None
    customer: CustomerView | None
    opened_at: datetime
    resolved_at: datetime | None
    outcome: str | None
    waited_seconds: int
    version: int
    interactions: list[InteractionView]
    messages: list[MessageView]
    bars: list[BarView] = Field(description="Who must not serve it: by the case's own bars and the customer's.")
    more: bool


class RepresentativeView(BaseModel):
    """A person who works, and how they stand now."""

    id: str
    name: str
    office: str | None
    skills: dict[str, int]
    languages: list[str]
    queues: list[str]
    desk: str | None
    capacity: int
    live: int
    units: int
    presence: Presence
    presence_reason: str | None
    presence_at: datetime
    heartbeat_at: datetime | None
    pull: bool = Field(description="Is offered nothing: asks for the next one.")
    resting_until: datetime | None = Field(description="As many as the hour or the day allows were taken.")
    version: int


class EstimateView(BaseModel):
    """How well what customers were told on entry was kept, over the last 7 days: of at most the 1,000 latest who were served."""

    told: int = Field(description="So many were told a wait and served since.")
    within_low: float | None = Field(description="Share served no later than the low end; meant to be 0.5.")
    within_high: float | None = Field(description="Share served no later than the high end; meant to be 0.9.")


class QueueView(BaseModel):
    """A queue and how it stands now."""

    id: str
    name: str
    target_seconds: int
    waiting: int
    longest_wait_seconds: float
    offered: int
    representatives: dict[Presence, int]
    estimate: EstimateView


class EventView(BaseModel):
    """A fact, past tense, never changed. `id` is its place in the feed."""

    id: str
    type: str
    subject: str
    subject_id: str
    version: int
    at: datetime
    actor: str
    data: dict[str, Any]
