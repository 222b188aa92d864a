"""The clocks of a case: what each event means to them, and when one that runs is due.

Decides which event is the customer's turn, which is our answer, what pauses and what ends. A clock counts working time only,
and none while the case waits for the customer. Pure: working time and readings are brought.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from routing.resolution.working_time import WorkingTime
from routing.rules.resolving import TargetRule

ClockKind = Literal["first_response", "next_response", "resolution"]
Meaning = Literal[
    "begins", "returns", "answers", "gives_up", "awaits", "goes_on", "solves", "opens_again", "merges", "stands_alone", "changes",
    "forgets", "leaves", "joins",
]  # fmt: skip

RESPONSES: Final[tuple[ClockKind, ...]] = ("first_response", "next_response")
"""What an answer to the customer ends."""

_CONTACT: Final[Mapping[str, Meaning]] = {
    "queued": "begins",
    "turned_away": "gives_up",
    "returned": "returns",
    "answered": "answers",
    "left": "gives_up",
    "no_show": "gives_up",
    "cancelled": "gives_up",
}
_CASE: Final[Mapping[str, Meaning]] = {
    "opened": "begins",
    "awaited": "awaits",
    "customer_replied": "goes_on",
    "check_requested": "goes_on",
    "resolved": "solves",
    "check_passed": "solves",
    "reopened": "opens_again",
    "merged": "merges",
    "unmerged": "stands_alone",
    "described": "changes",
    "erased": "forgets",
    "split_off": "leaves",
    "joined_by_split": "joins",
    "unserved": "forgets",
}
ENDS_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "awaited": ("customer_replied", "check_requested", "resolved"),
    "resolved": ("reopened",),
    "check_passed": ("reopened",),
}
"""What takes back what an event of a case said; where one of these was heard before it, it says nothing any more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """A clock as it was at `since`: an instant, in seconds since 1970."""

    target_seconds: float
    spent_seconds: float
    since: float


def meaning(subject: str, event: str, *, live: bool = False) -> Meaning | None:
    """What an event means to the clocks. `live`: of a contact at which the two speak with each other."""
    if subject == "case":
        return _CASE.get(event)
    if event == "accepted" and live:
        return "answers"
    return _CONTACT.get(event)


def heeded(subject: str) -> tuple[str, ...]:
    """The events that may mean something to a clock; a customer's turn among them."""
    return tuple(_CASE) if subject == "case" else (*_CONTACT, "accepted", "arrived", "scheduled", "wrote")


def target(rule: TargetRule, kind: ClockKind) -> float | None:
    """Seconds of working time; None: there is no such target."""
    if kind == "first_response":
        return rule.first_response_seconds
    return rule.next_response_seconds if kind == "next_response" else rule.resolution_seconds


def spent_at(reading: Reading, instant: float, time: WorkingTime) -> float:
    """What a clock that has run since `reading.since` has used up."""
    return reading.spent_seconds + time.between(reading.since, instant)


def due_at(reading: Reading, time: WorkingTime) -> float:
    """When a clock that runs from `reading.since` on has used up its target; `since` itself where it has already."""
    return time.after(reading.since, reading.target_seconds - reading.spent_seconds)


def near_at(reading: Reading, share: float, time: WorkingTime) -> float | None:
    """When this share of the target is used up; None: with all of it, so that there is nothing to warn of before."""
    if share >= 1:
        return None
    return time.after(reading.since, reading.target_seconds * share - reading.spent_seconds)
