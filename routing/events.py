"""Events: what happened to a subject, and what its events add up to.

Decides how a subject's events fold into its state and into the states of its assignments. It never stores an event and
never reads one from anywhere: callers bring them, in order of `version`.

An assignment has no events of its own: it lives and ends inside its interaction, under the interaction's lock, so the
interaction's events tell it whole (`data["assignment"]` names it).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from routing.lifecycle import (
    ASSIGNMENT,
    CASE,
    CUSTOMER,
    INCIDENT,
    INTERACTION,
    NEW,
    OUTCOME,
    PRESENCE,
    QUEUE,
    RULES,
    Machine,
)

SUBJECTS: Mapping[str, Machine] = {
    "interaction": INTERACTION,
    "case": CASE,
    "representative": PRESENCE,
    "rules": RULES,
    "queue": QUEUE,
    "incident": INCIDENT,
    "customer": CUSTOMER,
}
"""The machine whose events a subject's are."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One fact about one subject. `version` is dense from 1 for each subject."""

    version: int
    kind: str
    data: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """What the events say of one assignment."""

    representative: str
    state: str
    outcome: str | None


class BrokenHistory(Exception):
    """A subject's events do not fit together: a version is missing or doubled, or no such step is allowed."""


def fold(subject: str, events: Iterable[Event]) -> str:
    """The state that `events` (in order of version) add up to; raises `BrokenHistory` or `IllegalTransition`."""
    machine, state = SUBJECTS[subject], NEW
    for expected, event in enumerate(events, start=1):
        if event.version != expected:
            raise BrokenHistory(f"version {event.version} stands where {expected} belongs")
        state = machine.after(state, event.kind)
    return state


def fold_assignments(events: Iterable[Event]) -> dict[str, Held]:
    """Every assignment an interaction's events tell of, by id; raises `IllegalTransition`."""
    held: dict[str, Held] = {}
    for event in events:
        name = event.data.get("assignment")
        if name is None:
            continue
        known = held.get(name)
        state = ASSIGNMENT.after(known.state if known else NEW, event.kind)
        representative = known.representative if known else event.data["representative"]
        outcome = OUTCOME[event.kind] if state == "ended" else None
        held[name] = Held(representative=representative, state=state, outcome=outcome)
    return held
