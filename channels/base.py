"""The channel protocol: what every folder under `channels/` must offer, and the words it speaks.

Decides the vocabulary between the edge and the service: webhooks in, signals up, outcomes back, replies out, commands
down. It never decides what a signal does to an interaction (the actions do) and never stores anything.

A channel is a folder with `def create(config: Config) -> Channel` in its `__init__.py`. Nothing else knows its name.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Any, Literal, Protocol, Self
from uuid import UUID

from channels.said import Said

# --- What a channel says of itself ---------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Hook:
    """One door of a channel: `POST /v1/channels/{channel}/{hook}`.

    `role` is the role an API key must have (`kiosk`, `integration`); None means the channel checks a signature itself
    and raises `Refused(forbidden=True)`. `contact_form` says what the bytes are, for the API's description of itself.
    """

    role: Literal["kiosk", "integration"] | None
    media_type: str
    max_bytes: int = 65_536
    summary: str = ""
    example: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """One setting a channel reads from `Config.settings`: what it is for, and what holds where it is not given."""

    meaning: str
    default: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Info:
    """A channel's name and traits. The router sees only `live` and `units`.

    `live`: the customer is there now (a call, a visit) and only one fits a representative. `units`: the capacity it takes.
    `commands`: which command a fact about an interaction sends out, by fact: `accepted`, `replied`, `completed`,
    `cancelled`, `handed_back`. A fact that is not named sends nothing.
    `settings`: the settings of its own, by the name of the environment variable.
    `repeatable`: command kinds sent again when it is not known whether the first attempt arrived.
    `notices`: by fact, which notice goes another way as well, since this channel reaches nobody by itself.
    """

    name: str
    label: str
    live: bool
    units: int
    hooks: Mapping[str, Hook] = field(default_factory=dict)
    commands: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Setting] = field(default_factory=dict)
    repeatable: frozenset[str] = frozenset()
    numbered: bool = False  # each contact gets a ticket number of its office, service and local day
    notices: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """What a channel is given when the service starts. `settings` is the environment's text, names in capitals."""

    public_base_url: str
    settings: Mapping[str, str]


# --- What the house offers now (a channel shows or speaks it) ---------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestOption:
    """A node of the request tree: menus, screens and classification are all drawn from this one tree."""

    code: str
    labels: Mapping[str, str]  # language -> words
    children: tuple[RequestOption, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class House:
    """Who we are and what can be asked for, as it stands at this moment."""

    name: str
    languages: tuple[str, ...]  # first is the default
    requests: tuple[RequestOption, ...]
    offices: Mapping[str, str]  # code -> name; the first is the default
    notices: tuple[Said, ...] = ()  # what is known to be broken now


# --- In: bytes and signals ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Webhook:
    """A request from outside, unread. Header names are lower case; `query` is the raw query string."""

    hook: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    house: House


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """What a contact says about who the customer is. All of it may be wrong, and all of it may be missing."""

    name: str | None = None
    phone: str | None = None  # E.164
    email: str | None = None
    needs: tuple[str, ...] = ()  # reasons for a head start: elderly, disability, pregnancy, small_child


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """Wants to know how the contact stands. Writes nothing."""

    contact: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrived:
    """A new contact, or one that has now chosen what it wants.

    `contact` names the contact for its whole life (a call id, a visit's reference); `ref` names this very report and is
    the key of its receipt, so a repeat does nothing. `request_type` None: still choosing, counted but not waiting.
    """

    ref: str
    contact: str
    request_type: str | None = None
    language: str | None = None
    office: str | None = None
    subject: str | None = None
    body: str | None = None
    person: Person | None = None
    case_token: str | None = None
    reply_to: str | None = None  # where the customer can be answered on this channel
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Wrote:
    """A message. It joins the case its token or references prove, else it opens a new one.

    `content` identifies the exact bytes (a digest): the same `ref` with other content is another message, and flagged.
    `references` are the ids of messages it answers; they count only when `person` is known on that case.
    `automatic`: written by a machine (an out-of-office note, a bounce): kept, never answered, never offered.
    `anywhere`: it belongs to whatever is open and written about its case, on any channel; else on its own alone.
    """

    ref: str
    contact: str
    content: str
    body: str
    subject: str | None = None
    language: str | None = None
    request_type: str | None = None
    person: Person | None = None
    case_token: str | None = None
    references: tuple[str, ...] = ()
    reply_to: str | None = None
    automatic: bool = False
    anywhere: bool = False
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Left:
    """The customer went away before being served."""

    ref: str
    contact: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Returned:
    """The customer who left is back."""

    ref: str
    contact: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Connected:
    """Customer and representative are speaking."""

    ref: str
    contact: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Disconnected:
    """They no longer speak, and the customer may still be there.

    It ends the contact while they are being served; who was handed on meanwhile goes on waiting.
    """

    ref: str
    contact: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """The contact is over at the edge, whoever ended it."""

    ref: str
    contact: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivered:
    """A command reached its goal."""

    ref: str
    key: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Failed:
    """A command did not reach its goal: the representative's line did not answer, a mail bounced.

    `key` is the command's key where the edge tells it, else None; then `contact` tells which contact it was about.
    """

    ref: str
    reason: Literal["busy", "no_answer", "unreachable", "refused"]
    key: str | None = None
    contact: str | None = None


Signal = Asked | Arrived | Wrote | Left | Returned | Connected | Disconnected | Ended | Delivered | Failed


# --- Back: outcomes and replies -----------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Wait:
    """An honest range: half are served within `low_seconds`, nine of ten within `high_seconds`."""

    low_seconds: int
    high_seconds: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """Why somebody was not let into the line.

    `reason`: `closed`, `closing` (before they could be served), `nobody` (is signed in), `length` or `wait` (too much).
    `message`: what the house says besides. `opens_at`: in the queue's zone, and how many of its days ahead, 0 = today.
    """

    reason: str
    message: str | None = None
    opens_at: datetime | None = None
    opens_in_days: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What a signal did, and all that a reply may say of it.

    `state`: the interaction's now; None: the contact is unknown. `desk`: where the customer is served once accepted (a phone
    number, a counter). `refusal`: turned away, `state` is `cancelled`. `callback`: called back, nobody need stay on the line.
    """

    contact: str
    interaction_id: UUID | None = None
    case_id: UUID | None = None
    state: str | None = None
    number: str | None = None
    queue: str | None = None
    position: int | None = None
    wait: Wait | None = None
    language: str | None = None
    customer_name: str | None = None
    desk: str | None = None
    open_cases: int = 0
    notices: tuple[str, ...] = ()
    repeated: bool = False
    refusal: Refusal | None = None
    callback: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """Bytes to answer a webhook with."""

    body: bytes = b""
    media_type: str = "application/json"
    status: int = 200


# --- Out: commands ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """Something to do outside. `key` is unique per reason and stays the same however often it is tried.

    `to` is the customer's address on the channel (`reply_to` of the contact); `payload` by kind:
    `connect`: contact, desk; `call_to_counter`: number, desk, office; `send`: subject, body, references (ids, oldest first), case_token;
    `hang_up`: contact.
    """

    key: str
    kind: str
    channel: str
    interaction_id: UUID
    to: str | None
    language: str
    payload: Mapping[str, Any]


class ChannelError(Exception):
    """What went wrong at the edge. Its text is plain and safe to show."""


class Refused(ChannelError):
    """Their fault; trying again will not help. `forbidden`: the signature or the sender is not to be believed."""

    def __init__(self, detail: str, *, code: str = "refused", forbidden: bool = False) -> None:
        super().__init__(detail)
        self.code = code
        self.forbidden = forbidden


class Unavailable(ChannelError):
    """Try later. `unknown`: the request may have arrived, nobody can tell; what follows is the kind's policy."""

    def __init__(self, detail: str, *, unknown: bool = False) -> None:
        super().__init__(detail)
        self.unknown = unknown


class Channel(Protocol):
    """An async context manager with five methods, three of them pure."""

    info: Info

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def receive(self, webhook: Webhook, *, now: datetime) -> Sequence[Signal]:
        """Pure. At least one signal for every webhook; raises `Refused`."""
        ...

    def reply(self, webhook: Webhook, outcomes: Sequence[Outcome]) -> Reply:
        """Pure. One outcome per signal that `receive` gave for this webhook."""
        ...

    async def deliver(self, command: Command) -> None:
        """I/O. Raises `Unavailable` or `Refused`; returning means it was taken."""
        ...

    def reference(self, command: Command) -> str | None:
        """Pure. The name under which a sent command comes back in `Wrote.references`; None where nothing comes back."""
        ...

    def poll(self) -> AsyncIterator[Sequence[Signal]]:
        """I/O. Being resumed after a batch says it is committed; an exception thrown in says it is not."""
        ...


class Base:
    """What most channels share: nothing to open, nothing to close, nothing to poll, no thread of letters to follow."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def reference(self, command: Command) -> str | None:
        return None

    async def poll(self) -> AsyncIterator[Sequence[Signal]]:
        return
        yield
