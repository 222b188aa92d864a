"""What the rules mean for one contact on entry: where it waits, what it needs, how that relaxes, and by when it is due.

Everything here is decided once, when a contact comes to stand in a line; from then on it is only a matter of time. Pure:
what the queues look like now is handed in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from routing.model import Instant, Needs, Step
from routing.rules.model import Exhausted, Rules, When


@dataclass(frozen=True, kw_only=True, slots=True)
class Contact:
    """What is known of one who comes. `live` and `units` are the channel's traits."""

    id: UUID
    request: str | None
    """None: nothing was asked for by name (an overflow, a transfer): then only what `skills_like` the queue's all need."""
    channel: str
    live: bool
    units: int
    language: str | None = None
    office: str | None = None
    """Where it must be served; None = anywhere."""
    arrived: Instant = 0.0
    """When it first stood in line: target and steps are counted from here."""
    head_start_seconds: float = 0.0
    """Granted so far, uncapped."""
    preferred: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class QueueNow:
    """How a queue stands at this moment, as far as an answer on entry depends on it."""

    waiting: int = 0
    on_shift: int = 1
    """Representatives who could serve it, busy or not."""
    wait_high_seconds: float | None = None
    """The high end of the estimate for one who joins now; None = cannot be said."""
    open: bool = True
    opens_at: Instant | None = None
    closes_in_seconds: float | None = None
    """None: it does not close within a day."""
    message: str | None = None
    """Why it is closed now, in the words of whoever closed it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Admission:
    """The answer to one who comes. `queue` is where it waits (where it would have, if it is turned away)."""

    then: Literal["join", "callback", "turn_away"]
    queue: str
    reason: When | None = None
    """Why it is not simply the queue that was asked for."""
    message: str | None = None
    opens_at: Instant | None = None
    overflowed_from: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Filing:
    """How it waits from now on."""

    queue: str
    needs: Needs
    steps: tuple[Step, ...]
    """By deadline, each with the needs that stand from then on; `on_exhausted = any` is the last of them."""
    due: Instant
    head_start_seconds: float
    """After the queue's cap."""
    preferred_until: Instant = 0.0
    exhausted_at: Instant | None = None
    exhausted: Exhausted | None = None
    """`overflow` also stands for the queue's own overflow after some seconds, whichever comes first."""
    overflow_to: str | None = None


def split(rules: Rules, queue: str, contact: UUID) -> str:
    """The queue in which this contact waits when it asks for `queue`: by the hash of its id, always the same."""
    raise NotImplementedError


def admit(rules: Rules, queue: str, look: Callable[[str], QueueNow]) -> Admission:
    """The answer on entry, asked once; overflow is followed, and at the last queue of the chain it simply joins."""
    raise NotImplementedError


def file(rules: Rules, contact: Contact, *, queue: str) -> Filing:
    """Needs, steps, due time and holds in `queue`."""
    raise NotImplementedError


def firm_needs(needs: Needs, firm: frozenset[str]) -> Needs:
    """What stays when everything that may relax is dropped: firm skills, the office, the cost. Never exclusions."""
    raise NotImplementedError
