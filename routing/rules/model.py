"""The rules as values: what every field means, and what holds where the document is silent.

Plain facts, never changed in place. All times in seconds. Whether they fit each other, `routing.rules.checking` decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from routing.errors import RoutingError
from routing.rules.resolving import ResolutionRules

Path = tuple[str, ...]
"""Where in the document, outermost first; a place in a list is its number as text."""

When = Literal["closed", "closing", "nobody", "length", "wait"]
Answer = Literal["overflow", "callback", "turn_away", "tell"]
Exhausted = Literal["any", "overflow", "callback", "supervisor"]


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Fault:
    """One mistake: `queues.claims.steps.1.add_queues: there is no queue 'clams'; did you mean 'claims'?`."""

    path: Path
    reason: str

    def __str__(self) -> str:
        return f"{'.'.join(self.path)}: {self.reason}"


class WrongRules(RoutingError):
    """The document is wrong; `faults` are all its mistakes."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


@dataclass(frozen=True, kw_only=True, slots=True)
class ReasonRule:
    """What one reason for a head start is worth, and for which share of a queue's arrivals of a day it may be granted."""

    seconds: float
    share: float = 1.0
    """0 to 1; max(5, share x the arrivals of this local day) grants a day, then it is recorded as refused."""


STANDING_REASONS: Mapping[str, ReasonRule] = {
    "elderly": ReasonRule(seconds=300.0),
    "disability": ReasonRule(seconds=300.0),
    "pregnancy": ReasonRule(seconds=300.0),
    "small_child": ReasonRule(seconds=300.0),
    "reopened": ReasonRule(seconds=600.0),
    "emergency": ReasonRule(seconds=86_400.0),
    "discretion": ReasonRule(seconds=300.0, share=0.1),
}
"""What holds for a reason the document is silent about; one that is not here may be named by a document all the same."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelRule:
    """What one contact of a channel costs whoever serves it. None: as the channel itself says."""

    units: int | None = None
    interrupts: bool = False
    """Live work only: may be given to somebody whose units are taken by written work."""
    beside_live: bool = False
    """Written work only: may be offered to somebody who is on a call or with a visitor."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HoursRule:
    """When a queue is served. `weekly`: spans ("09:00", "17:00") of local time by day, mon … sun."""

    timezone: str | None = None
    """None: the first office's."""
    weekly: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    exceptions: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    """Dates "2027-01-01" with spans of their own; none = closed. They come before holidays."""
    holidays: str | None = None
    """The public holidays of this country, "PK" or with its part "IN-TG": closed all day."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EntryRule:
    """What is answered to one who comes, if this is so. The first rule that holds counts, once, on entry."""

    when: When
    over: float | None = None
    """`length`: more than so many wait. `wait`: the high end of the estimate is more than so many seconds."""
    then: Answer = "turn_away"
    """`tell`: it waits all the same, and is told the message."""
    queue: str | None = None
    """For `overflow`: where to."""
    message: str | None = None
    """What is said, beside the standing words for this reason; None: those alone."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StepRule:
    """From `after_seconds` in line on, ask for less. Each step works on what the one before left."""

    after_seconds: float
    lower_levels_by: int = 0
    drop_skills: frozenset[str] = frozenset()
    drop_language: bool = False
    add_queues: frozenset[str] = frozenset()
    add_groups: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class ExhaustedRule:
    """What happens to one whom all steps did not help. `any`: everything but what is firm is dropped."""

    after_seconds: float
    then: Exhausted
    queue: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class OverflowRule:
    """From `after_seconds` in line on it waits in another queue; its clock goes on."""

    after_seconds: float
    queue: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CallbackRule:
    """Who hangs up and is called back keeps the place; one who does not answer is tried again."""

    attempts: int = 3
    gap_seconds: float = 300.0


@dataclass(frozen=True, kw_only=True, slots=True)
class QueueRule:
    """One queue."""

    name: str
    target_seconds: float
    offer_timeout_seconds: float
    wrap_up_seconds: float = 0.0
    grace_seconds: float = 300.0
    head_start_cap_seconds: float = 3600.0
    mean_handle_seconds: float = 300.0
    hours: HoursRule | None = None
    """None: always open."""
    order: str = "spare_skills"
    preferred_seconds: float = 120.0
    """How long one waits for the representative who knows the matter, before everybody may; 0 = not at all."""
    offers_at_most: int = 10
    """After so many missed offers in a row a supervisor is told, and it rests for `supervisor_seconds`."""
    supervisor_seconds: float = 300.0
    away_after_misses: int = 3
    """Who misses so many offers in a row is set away."""
    back_off_seconds: Mapping[str, float] = field(default_factory=dict)
    """By cause (busy, declined, no_answer, unreachable): the first rest; it doubles with each miss."""
    steps: tuple[StepRule, ...] = ()
    on_exhausted: ExhaustedRule | None = None
    on_entry: tuple[EntryRule, ...] = ()
    overflow: OverflowRule | None = None
    split: Mapping[str, int] = field(default_factory=dict)
    """Queue -> percent, together 100: whoever enters here waits in one of these instead, by the hash of the id."""
    callback: CallbackRule = field(default_factory=CallbackRule)


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestRule:
    """One request type, with what it has from above filled in."""

    queue: str
    labels: Mapping[str, str]
    letter: str
    parent: str | None = None
    place: int = 0
    skills: Mapping[str, int] = field(default_factory=dict)
    any_of: tuple[Mapping[str, int], ...] = ()
    firm: frozenset[str] = frozenset()
    """Skills that no step ever drops or lowers: licences."""
    speak: bool = True
    """The customer's language is a need, where it is known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """The whole document of one version; 0: the tables as they stand, no version was ever published."""

    version: int
    queues: Mapping[str, QueueRule]
    requests: Mapping[str, RequestRule]
    reasons: Mapping[str, ReasonRule] = field(default_factory=lambda: dict(STANDING_REASONS))
    """Every reason there is: the document's own, and the standing ones it says nothing of."""
    channels: Mapping[str, ChannelRule] = field(default_factory=dict)
    skills: frozenset[str] = frozenset()
    """The skills that may be asked for; empty: any."""
    groups: frozenset[str] = frozenset()
    resolution: ResolutionRules = field(default_factory=ResolutionRules)
    """What holds for cases until the customer says they are solved."""
    filed: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What `routing.entry` has worked out from these rules before; only ever the same again."""
    common: dict[str, RequestRule] = field(default_factory=dict, init=False, repr=False, compare=False)
    """By queue, what all its requests have in common; worked out for all queues when it is first asked."""

    def channel(self, name: str) -> ChannelRule:
        """What is said of this channel; where nothing is, the defaults."""
        return self.channels.get(name, _PLAIN_CHANNEL)


_PLAIN_CHANNEL = ChannelRule()
