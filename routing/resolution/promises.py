"""Promises: what a word with a time becomes by what happens.

Decides when the next news is promised, when a promise is looked at before its time, what keeps one and what ends one. Never
reads a clock and never writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Any, Final, Literal

from routing.resolution.quiet import Quiet, began, is_quiet, leaves

NEWS: Final = "news"
CALLBACK: Final = "callback"
SOLUTION: Final = "solution"
INCIDENT: Final = "incident"
OPEN_STATES: Final = frozenset({"open", "awaiting_customer", "checking"})
"""Case states in which the customer is always promised the next news."""
MORNING: Final = timedelta(hours=1)
"""News are not promised for the night, but for so long after it: there must be time to send them."""

Effect = Literal["news", "called", "solved", "over", "callback_at", "callback_now", "callback_over", "merged", "none"]

_OF_CASE: Final[Mapping[str, Effect]] = {
    "resolved": "solved",
    "check_passed": "solved",
    "confirmed": "over",
    "lapsed": "over",
    "not_asked": "over",
    "unserved": "over",
    "erased": "over",
    "merged": "merged",
}
_CALLBACK_OVER: Final = frozenset({"left", "cancelled", "no_show", "turned_away", "completed"})
_ASKED_FOR: Final = frozenset({"postponed", "callback_requested"})
_NOT_SO: Final = frozenset({"offered", "hung_up"})


def next_news(at: datetime, *, seconds: float, quiet: Quiet | None, zone: tzinfo) -> datetime:
    """By when the customer hears again, counted from `at`; never in quiet hours, nor as they end: nothing could be sent in time.

    Where less than `MORNING` lies between two quiet hours, half of it must do.
    """
    due, first = at + timedelta(seconds=seconds), leaves(at, quiet, zone)
    if not is_quiet(due, quiet, zone) and first < due:
        return due
    end = max(first, leaves(due, quiet, zone))
    room = began(end + MORNING, quiet, zone) - end
    narrow = room > timedelta() and is_quiet(end + MORNING, quiet, zone)
    return end + (room / 2 if narrow else MORNING)


def looked_at(
    made_at: datetime, due_at: datetime, *, lead_seconds: float, quiet: Quiet | None, zone: tzinfo
) -> datetime:
    """When a promise that nothing has kept is looked at: a lead before its time, and so that a letter still leaves in time.

    A lead longer than half of the promise would have it looked at as soon as it is made: then it is half-time.
    """
    lead = min(timedelta(seconds=lead_seconds), (due_at - made_at) / 2)
    look = due_at - lead
    if leaves(look, quiet, zone) >= due_at:  # at night it could only leave too late
        look = began(look, quiet, zone) - MORNING
    return max(made_at, look)


def keeps(made_at: datetime, due_at: datetime, at: datetime) -> bool:
    """Whether what happened at `at` came after the word was given and by its time."""
    return made_at < at <= due_at


def effect(subject: str, kind: str, data: Mapping[str, Any], *, live: bool, callback: bool) -> Effect:
    """What an event means for promises. `live`, `callback`: of the contact it is about, as it stands.

    News are an answer that left, and a talk that was held. A person who takes the call keeps the callback, whether the
    customer picks up or not. A time nobody was told (parking, a wait that was estimated) is no promise.
    """
    if subject == "case":
        return _OF_CASE.get(kind, "none")
    if kind in _ASKED_FOR:
        return "callback_at" if "at" in data else "none" if data.keys() & _NOT_SO else "callback_now"
    if kind == "answered":
        return "news"  # told when it leaves, not when it is held for a second person
    if kind == "accepted" and callback:
        return "called"
    if kind == "completed" and live:
        return "news"
    return "callback_over" if kind in _CALLBACK_OVER else "none"
