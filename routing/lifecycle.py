"""The state machines, as data: one table each, state x event -> state. A missing key *is* the error.

Decides which event may follow which state, and nothing else. It never reads a clock, never writes, never knows who acts.
Nothing in the service assigns a state but through `Machine.after`.

The law:
- an offer that is declined, expires or is withdrawn goes back to `queued`; its due time does not change;
- parking ends the assignment; waking is `queued`, an offer like any other;
- an interaction is cancelled only before it is `active`;
- a case is `resolved` by the representative's word, `closed` by the customer's or by their silence;
- an answer that a second person looks at is `held`, and `answered` when it leaves, whatever became of the contact meanwhile;
- what the customer says while their case is being checked comes first: the check is over, the case is `open`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from routing.errors import IllegalTransition

NEW = "new"
"""The state before the first event. No row ever holds it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """One machine: its name and its table."""

    name: str
    table: Mapping[tuple[str, str], str]

    def after(self, state: str, event: str) -> str:
        """The state after `event` in `state`; raises `IllegalTransition`."""
        try:
            return self.table[state, event]
        except KeyError:
            raise IllegalTransition(machine=self.name, state=state, event=event) from None

    def allows(self, state: str, event: str) -> bool:
        """Whether `event` may happen in `state`."""
        return (state, event) in self.table

    def before(self, event: str) -> list[str]:
        """The states in which `event` may happen, sorted: the guard of a batch write."""
        return sorted({state for state, name in self.table if name == event})

    def fold(self, events: Iterable[str], state: str = NEW) -> str:
        """The state after all `events` in order; raises `IllegalTransition` at the first that does not fit."""
        for event in events:
            state = self.after(state, event)
        return state

    @property
    def states(self) -> list[str]:
        """Every state but `new`, in the order the table first names them."""
        return list(dict.fromkeys(self.table.values()))

    @property
    def final(self) -> list[str]:
        """States nothing leaves by itself, only by an event that brings the subject back."""
        return [
            state for state in self.states if all(self.table[key] == state for key in self.table if key[0] == state)
        ]


def _stays(states: Iterable[str], *events: str) -> dict[tuple[str, str], str]:
    """Events that are told and kept but change no state."""
    return {(state, event): state for state in states for event in events}


_OPEN = ("arriving", "scheduled", "queued", "offered", "active", "wrapping", "parked")

INTERACTION = Machine(
    name="interaction",
    table={
        (NEW, "arrived"): "arriving",
        (NEW, "scheduled"): "scheduled",
        (NEW, "queued"): "queued",
        ("arriving", "queued"): "queued",
        ("arriving", "left"): "abandoned",
        ("arriving", "cancelled"): "cancelled",
        ("arriving", "turned_away"): "cancelled",
        ("scheduled", "queued"): "queued",
        ("scheduled", "cancelled"): "cancelled",
        ("queued", "offered"): "offered",
        ("queued", "left"): "abandoned",
        ("queued", "cancelled"): "cancelled",
        ("queued", "transferred"): "queued",
        ("queued", "overflowed"): "queued",
        ("queued", "postponed"): "scheduled",
        ("offered", "accepted"): "active",
        ("offered", "declined"): "queued",
        ("offered", "expired"): "queued",
        ("offered", "withdrawn"): "queued",
        ("offered", "transferred"): "queued",
        ("offered", "left"): "abandoned",
        ("offered", "cancelled"): "cancelled",
        ("active", "handed_back"): "queued",
        ("active", "transferred"): "queued",
        ("active", "unreached"): "queued",
        ("active", "parked"): "parked",
        ("active", "no_show"): "abandoned",
        ("active", "ended"): "wrapping",
        ("active", "completed"): "completed",
        ("wrapping", "completed"): "completed",
        ("parked", "woken"): "queued",
        ("parked", "completed"): "completed",
        ("abandoned", "returned"): "queued",
        **_stays(_OPEN, "wrote", "head_start_granted", "head_start_refused", "barred", "unbarred"),
        **_stays(("queued",), "stepped", "escalated", "refiled", "withheld"),
        **_stays(("queued", "offered", "scheduled", "active"), "callback_requested"),
        **_stays(("active",), "consulted"),
        **_stays(("active",), "connected"),
        **_stays((*_OPEN, "completed", "abandoned", "cancelled"), "noted", "held", "answered"),
    },
)

ASSIGNMENT = Machine(
    name="assignment",
    table={
        (NEW, "offered"): "offered",
        ("offered", "accepted"): "accepted",
        ("offered", "declined"): "ended",
        ("offered", "expired"): "ended",
        ("offered", "withdrawn"): "ended",
        ("offered", "transferred"): "ended",
        ("offered", "left"): "ended",
        ("offered", "cancelled"): "ended",
        ("accepted", "ended"): "wrapping",
        ("accepted", "completed"): "ended",
        ("accepted", "parked"): "ended",
        ("accepted", "transferred"): "ended",
        ("accepted", "handed_back"): "ended",
        ("accepted", "no_show"): "ended",
        ("accepted", "unreached"): "ended",
        ("wrapping", "completed"): "ended",
    },
)

OUTCOME: Mapping[str, str] = {
    "completed": "completed",
    "parked": "parked",
    "declined": "declined",
    "expired": "expired",
    "withdrawn": "withdrawn",
    "cancelled": "withdrawn",
    "transferred": "transferred",
    "handed_back": "handed_back",
    "unreached": "handed_back",
    "left": "customer_left",
    "no_show": "customer_left",
}
"""The outcome an assignment ends with, by the event that ended it."""

CASE_STATES = ("open", "awaiting_customer", "checking", "resolved", "closed")

CASE = Machine(
    name="case",
    table={
        (NEW, "opened"): "open",
        ("open", "awaited"): "awaiting_customer",
        ("open", "check_requested"): "checking",
        ("open", "resolved"): "resolved",
        ("open", "unserved"): "closed",
        ("awaiting_customer", "customer_replied"): "open",
        ("awaiting_customer", "check_requested"): "checking",
        ("awaiting_customer", "resolved"): "resolved",
        ("checking", "check_passed"): "resolved",
        ("checking", "check_returned"): "open",
        ("checking", "customer_replied"): "open",
        ("checking", "check_ended"): "open",
        ("resolved", "confirmed"): "closed",
        ("resolved", "lapsed"): "closed",
        ("resolved", "not_asked"): "closed",
        ("resolved", "reopened"): "open",
        ("closed", "reopened"): "open",
        **_stays(CASE_STATES, "joined", "touched", "described", "owned", "alarmed", "noticed", "incident_told"),
        **_stays(CASE_STATES, "merged", "unmerged", "absorbed", "released", "split_off", "joined_by_split", "erased"),
        **_stays(CASE_STATES, "promised", "promise_kept", "promise_broken", "promise_moved", "promise_released"),
        **_stays(CASE_STATES, "clock_started", "clock_paused", "clock_resumed", "clock_met", "clock_breached"),
        **_stays(CASE_STATES, "clock_moved", "clock_stopped", "attached", "detached", "ticked", "unticked"),
        **_stays(CASE_STATES, "message_checked", "message_returned", "check_taken", "check_dropped", "check_withdrawn"),
        **_stays(("checking", "resolved", "closed"), "check_requested"),
        **_stays(CASE_STATES, "survey_asked", "survey_answered", "survey_lapsed", "survey_dropped"),
        **_stays(CASE_STATES, "survey_marked"),
        **_stays(CASE_STATES, "document_added", "follow_up_opened", "playbook_given"),
    },
)

PROMISE = Machine(
    name="promise",
    table={
        (NEW, "promised"): "standing",
        ("standing", "promise_kept"): "kept",
        ("standing", "promise_broken"): "broken",
        ("standing", "promise_moved"): "moved",
        ("standing", "promise_released"): "released",
    },
)
"""A time that was told. Moved: another stands in its place. Released: what it was about is over before its time."""

CLOCK = Machine(
    name="clock",
    table={
        (NEW, "clock_started"): "running",
        ("running", "clock_paused"): "paused",
        ("paused", "clock_resumed"): "running",
        ("running", "clock_met"): "met",
        ("paused", "clock_met"): "met",
        ("running", "clock_breached"): "breached",
        ("running", "clock_stopped"): "stopped",
        ("paused", "clock_stopped"): "stopped",
        **_stays(("running", "paused"), "clock_moved"),
        ("breached", "clock_moved"): "running",
    },
)
"""A target in working hours. A pause within a pause is none. Moved: the target or the calendar changed."""

CHECK = Machine(
    name="check",
    table={
        (NEW, "check_requested"): "waiting",
        ("waiting", "check_taken"): "taken",
        ("taken", "check_dropped"): "waiting",
        ("taken", "check_passed"): "passed",
        ("taken", "check_returned"): "returned",
        ("waiting", "check_withdrawn"): "withdrawn",
        ("taken", "check_withdrawn"): "withdrawn",
    },
)
"""A second person's look at a resolution or at a message. Of a message its end is `message_checked` or `message_returned` to the
case, and `check_ended` when nothing of it is looked at any more."""

SURVEY = Machine(
    name="survey",
    table={
        (NEW, "survey_asked"): "asked",
        ("asked", "survey_answered"): "answered",
        ("asked", "survey_lapsed"): "lapsed",
        ("asked", "survey_dropped"): "dropped",
        **_stays(("answered",), "survey_answered"),
        **_stays(("asked", "answered"), "survey_marked"),
    },
)
"""Whether it is solved, and how the representative was. Marked: only the latter was said. Answered again: another answer.
Dropped: the case opened again before an answer came, or the question never reached anybody."""

INCIDENT = Machine(
    name="incident",
    table={
        (NEW, "proposed"): "proposed",
        (NEW, "declared"): "declared",
        ("proposed", "declared"): "declared",
        ("proposed", "dismissed"): "dismissed",
        ("declared", "closed"): "closed",
        **_stays(("declared",), "changed", "updated", "told"),
    },
)
"""A fault that touches many. Proposed: a surge did; only a person declares one."""

CUSTOMER = Machine(
    name="customer",
    table={
        (NEW, "absorbed"): "known",
        (NEW, "released"): "known",
        (NEW, "merged"): "merged",
        (NEW, "erased"): "erased",
        (NEW, "described"): "known",
        (NEW, "proxy_named"): "known",
        (NEW, "proxy_ended"): "known",
        ("known", "merged"): "merged",
        ("known", "erased"): "erased",
        ("merged", "unmerged"): "known",
        ("merged", "erased"): "erased",
        **_stays(("known",), "absorbed", "released", "described", "proxy_named", "proxy_ended"),
        **_stays(("erased",), "erased"),
    },
)
"""A person. Their first contact has no event of its own: the story of a customer begins when something is done about them."""

PRESENCE = Machine(
    name="presence",
    table={
        (NEW, "joined"): "offline",
        ("offline", "available"): "available",
        ("offline", "away"): "away",
        ("available", "away"): "away",
        ("available", "offline"): "offline",
        ("away", "available"): "available",
        ("away", "offline"): "offline",
        **_stays(("offline", "available", "away"), "changed"),
    },
)

RULES = Machine(
    name="rules",
    table={
        (NEW, "drafted"): "draft",
        ("draft", "published"): "live",
        ("draft", "discarded"): "discarded",
        ("live", "superseded"): "past",
    },
)
"""One version of the rules of routing. A way without circles: what was live and is wanted again becomes a new version."""

QUEUE = Machine(
    name="queue",
    table={
        (NEW, "closed"): "closed",
        ("closed", "closed"): "closed",
        ("closed", "opened"): "open",
        ("open", "closed"): "closed",
    },
)
"""What is said of a queue by hand, beside its hours. Closed again: another end. A closing that has run out is `closed` still."""

MACHINES: Mapping[str, Machine] = {
    machine.name: machine
    for machine in (
        INTERACTION,
        ASSIGNMENT,
        CASE,
        PRESENCE,
        RULES,
        QUEUE,
        PROMISE,
        CLOCK,
        CHECK,
        SURVEY,
        INCIDENT,
        CUSTOMER,
    )
}

LIVE_STATES = ("active", "wrapping", "offered")
"""Interaction states in which exactly one assignment is live."""

WAITING_STATES = ("queued",)
"""Interaction states that stand on the floor, waiting."""

OVER_STATES = ("completed", "abandoned", "cancelled")
"""Interaction states in which nothing more is owed on this contact."""


def picture(machine: Machine) -> str:
    """The machine as a Mermaid state diagram, one arrow per pair of states; for ARCHITECTURE.md."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for (state, event), target in machine.table.items():
        if state != target or event == "transferred":
            arrows.setdefault(("[*]" if state == NEW else state, target), []).append(event)
    lines = [f"    {source} --> {target}: {', '.join(events)}" for (source, target), events in arrows.items()]
    return "\n".join(["stateDiagram-v2", *lines])
