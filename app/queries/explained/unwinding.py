"""One interaction as it waited at a past instant: its present row, with what later events changed taken back.

Decides what each event did to the way it waits, and takes it from the row wherever no later event touched it. Where one did,
it is worked out again: by the rules of that time, and by the rests they gave. Pure: rows, events and rules are brought.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, cast

from app import convert, registry
from routing import entry
from routing.lifecycle import INTERACTION, WAITING_STATES
from routing.model import FOREVER, Instant, Waiting
from routing.plan import EXCLUDED_SECONDS, FIRST_BACK_OFF_SECONDS, Cause, back_off
from routing.rules import QueueRule, Rules

Row = Mapping[str, Any]
RulesAt = Callable[[datetime], Rules]
"""The rules that were live at a moment."""

FILED: Final = frozenset({"queued", "transferred", "overflowed", "refiled", "woken", "returned"})
"""Events that decide anew how it waits."""
HELD: Final = FILED | {"parked", "withheld"}
"""Events after which another representative, or none, is preferred; a bar takes away whom it is about."""
RESTED: Final = frozenset({"expired", "declined", "escalated", "transferred", "unreached", "handed_back", "withheld"})
"""Events that decide anew how long it rests, and who is not asked."""


@dataclass(kw_only=True, slots=True)
class _Story:
    """What the events up to the instant add up to."""

    start: datetime | None = None
    """When its clock began."""
    filed_at: datetime | None = None
    held_at: datetime | None = None
    queue: str | None = None
    version: int | None = None
    """The rules its filing named; None: those that were live."""
    preferred: str | None = None
    misses: int = 0
    untold: bool = False
    """It came in a way of which no event tells everything."""
    not_before: Instant = 0.0
    excluded: list[str] = field(default_factory=list)


def as_it_stood(row: Row, events: Sequence[Row], *, past: int, rules_at: RulesAt) -> tuple[Waiting, bool] | None:
    """How it waited after the first `past` of its events; None: it did not wait then.

    Also whether all of that is on record: False where something had to be taken for what it is now.
    """
    before, later = events[:past], {event["kind"] for event in events[past:]}
    if not before or INTERACTION.fold(event["kind"] for event in before) not in WAITING_STATES:
        return None
    waiting, known = convert.waiting(cast("Any", row)), True
    if not later:
        return waiting, known
    story = _told(before, row=row, rules_at=rules_at)
    waiting = replace(waiting, barred=_barred(waiting.barred, events[past:]))
    if later & HELD or "head_start_granted" in later or (waiting.preferred is None and "barred" in later):
        waiting, known = _filed_again(waiting, row, story, events[past:], rules_at=rules_at)
    if later & RESTED:
        waiting = replace(
            waiting,
            not_before=story.not_before,
            excluded=frozenset(story.excluded),
            excluded_until=story.not_before + EXCLUDED_SECONDS if story.excluded else FOREVER,
        )
        # Who declined is asked again at once where nobody else could have taken it: no event tells of that.
        known = known and not story.excluded
    return waiting, known and not (story.untold and later & (HELD | RESTED))


def _barred(barred: frozenset[str], later: Sequence[Row]) -> frozenset[str]:
    for event in reversed(later):
        if event["kind"] == "barred":
            barred -= {event["data"]["representative"]}
        elif event["kind"] == "unbarred":
            barred |= {event["data"]["representative"]}
    return barred


def _filed_again(
    waiting: Waiting, row: Row, story: _Story, later: Sequence[Row], *, rules_at: RulesAt
) -> tuple[Waiting, bool]:
    """Needs, steps, due time and hold as the rules of then say; what is on the row where they do not know its queue."""
    kinds = {event["kind"] for event in later}
    filed_at = story.filed_at or row["queued_at"]
    rules = rules_at(filed_at)
    if story.queue is None or story.queue not in rules.queues or story.start is None:
        return waiting, False
    granted = sum(event["data"].get("seconds", 0) for event in later if event["kind"] == "head_start_granted")
    contact = _contact(row, story, head_start=row["head_start_seconds"] - granted)
    filing = entry.file(rules, contact, queue=story.queue, now=(story.held_at or filed_at).timestamp())
    held = replace(
        waiting,
        preferred=story.preferred,
        preferred_until=filing.preferred_until if story.preferred is not None else 0.0,
    )
    if not kinds & FILED:
        # Still filed as it was: only the hold changed since, or how far ahead it may go.
        return replace(held, due=waiting.due + granted), not granted
    version = rules.version if story.version is None else story.version
    found = replace(held, needs=filing.needs, steps=filing.steps, due=filing.due, rules=version)
    return found, version == rules.version and not granted


def _contact(row: Row, story: _Story, *, head_start: float) -> entry.Contact:
    info = registry.current().get(row["channel"])
    assert story.start is not None
    return entry.Contact(
        id=row["id"],
        request=row["request_type"],
        channel=row["channel"],
        live=row["live"],
        units=info.info.units if info is not None else row["units"],
        language=row["spoken"],
        office=row["office"],
        arrived=story.start.timestamp(),
        head_start_seconds=head_start,
        preferred=story.preferred,
    )


def _told(events: Sequence[Row], *, row: Row, rules_at: RulesAt) -> _Story:
    story = _Story()
    for event in events:
        kind, at, data = event["kind"], event["at"], event["data"]
        if kind in FILED:
            _file(story, kind, at, data)
        if kind == "parked":
            story.preferred = data.get("representative", story.preferred)
        elif kind in ("barred", "withheld") and data["representative"] == story.preferred:
            story.preferred = None
        elif kind == "accepted":
            story.misses = 0
        if kind in RESTED:
            _rest(story, kind, at, data, rule=_rule(story, row, rules_at))
    return story


def _file(story: _Story, kind: str, at: datetime, data: Row) -> None:
    story.filed_at, story.queue = at, data.get("queue", story.queue)
    story.version = data.get("rules")
    # Of a question among colleagues it is not told who asked whom, of a place taken up again not since when it was theirs.
    story.untold = story.untold or "consults" in data or "resumes" in data
    if kind in ("queued", "woken") or story.start is None or (kind == "returned" and not data.get("in_time")):
        story.start = at
    if kind in ("queued", "transferred"):
        story.preferred = data.get("preferred")
    if kind != "refiled":  # which leaves the hold as it is
        story.held_at = at


def _rest(story: _Story, kind: str, at: datetime, data: Row, *, rule: QueueRule) -> None:
    moment, code = at.timestamp(), data.get("representative")
    if kind == "withheld":
        story.not_before, story.excluded = moment, [data["representative"]]
    elif kind == "transferred":
        giver = code if code != story.preferred else None
        story.not_before, story.excluded = (moment, [giver]) if giver else (0.0, [])
    elif kind == "escalated":
        story.not_before, story.misses = moment + rule.supervisor_seconds, 0
    elif kind == "unreached":
        story.not_before = moment + rule.callback.gap_seconds
    elif (cause := _cause(kind, data)) is not None:
        story.misses += 1
        first = rule.back_off_seconds.get(cause)
        story.not_before = moment + back_off(cause, story.misses, first_seconds=first)
        if kind == "declined" and code is not None:
            story.excluded = [*(each for each in story.excluded if each != code), code]


def _cause(kind: str, data: Row) -> Cause | None:
    if kind == "expired":
        return "no_answer"
    if kind == "declined":
        return "declined"
    reason = data.get("reason")
    cause = "unreachable" if reason == "refused" else reason
    return cast("Cause", cause) if cause in FIRST_BACK_OFF_SECONDS else None


def _rule(story: _Story, row: Row, rules_at: RulesAt) -> QueueRule:
    queue = story.queue or row["queue"]
    found = rules_at(story.filed_at).queues.get(queue) if story.filed_at is not None else None
    return found or QueueRule(name=queue, target_seconds=0.0, offer_timeout_seconds=0.0)
