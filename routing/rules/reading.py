"""From a document (TOML or JSON, already parsed) to rules. Decides types, lengths and ranges, field by field.

Whether the parts fit each other is asked only when every part is right in itself (`routing.rules.checking`): what follows
from a mistake is no second one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, get_args

from routing.rank import ORDERS
from routing.rules.checking import check
from routing.rules.fields import Table
from routing.rules.model import (
    STANDING_REASONS,
    Answer,
    CallbackRule,
    ChannelRule,
    EntryRule,
    Exhausted,
    ExhaustedRule,
    Fault,
    OverflowRule,
    QueueRule,
    ReasonRule,
    Rules,
    StepRule,
    When,
    WrongRules,
)
from routing.rules.read_resolving import read_resolution
from routing.rules.timetable import read_hours
from routing.rules.tree import MOST_SKILLS, read_requests

DAY_SECONDS: Final = 86_400
LONGEST_SECONDS: Final = 90 * DAY_SECONDS
MOST_UNITS: Final = 100
MOST_QUEUES: Final = 10_000
MOST_NAMED: Final = 1_000
"""Skills, groups and reasons there may be."""
MOST_CHANNELS: Final = 100
MOST_STEPS: Final = 16
MOST_ENTRY_RULES: Final = 16
MOST_PARTS: Final = 20
MOST_WIDER: Final = 100
"""Queues or groups one step may add."""
LONGEST_NAME: Final = 200
LONGEST_MESSAGE: Final = 500
_LONGEST_PLACE: Final = 9
"""Digits; a longer number is a name somebody made up, and may be too long to be read as a number at all."""
CAUSES: Final = ("busy", "declined", "no_answer", "unreachable")

DOCUMENT: Final = ("skills", "groups", "reasons", "channels", "queues", "request_types", "resolution", "playbooks")
"""The tables and lists a document may have."""
_QUEUE: Final = tuple(QueueRule.__dataclass_fields__)
_STEP: Final = tuple(StepRule.__dataclass_fields__)
_ENTRY: Final = tuple(EntryRule.__dataclass_fields__)
_EXHAUSTED: Final = tuple(ExhaustedRule.__dataclass_fields__)
_OVERFLOW: Final = tuple(OverflowRule.__dataclass_fields__)
_CALLBACK: Final = tuple(CallbackRule.__dataclass_fields__)
_CHANNEL: Final = tuple(ChannelRule.__dataclass_fields__)
_REASON: Final = tuple(ReasonRule.__dataclass_fields__)
_WHEN: Final[tuple[When, ...]] = get_args(When)
_ANSWERS: Final[tuple[Answer, ...]] = get_args(Answer)
_THEN: Final[tuple[Exhausted, ...]] = get_args(Exhausted)


def read(document: Mapping[str, Any], *, version: int = 0) -> Rules:
    """The rules of a document; raises `WrongRules` with every mistake."""
    rules, wrong = _read(document, version)
    if wrong:
        raise WrongRules(wrong)
    return rules


def faults(document: Mapping[str, Any]) -> tuple[Fault, ...]:
    """Every mistake of a document, in the order of its paths; none = it can be read."""
    return _read(document, 0)[1]


def _read(document: Mapping[str, Any], version: int) -> tuple[Rules, tuple[Fault, ...]]:
    wrong: list[Fault] = []
    table = Table(document, (), wrong, known=DOCUMENT)
    if not table.has("queues"):
        table.missing("queues")
    queues = table.table("queues")
    if table.has("queues") and not queues.names:
        queues.fault("must not be empty")
    reasons = table.table("reasons")
    channels = table.table("channels")
    named = {code: _queue(queues.table(code, _QUEUE)) for code in queues.entries(MOST_QUEUES)}
    requests = read_requests(table)
    rules = Rules(
        version=version,
        skills=frozenset(table.codes("skills", MOST_NAMED)),
        groups=frozenset(table.codes("groups", MOST_NAMED)),
        reasons={**STANDING_REASONS, **{code: _reason(reasons, code) for code in reasons.entries(MOST_NAMED)}},
        channels={code: _channel(channels, code) for code in channels.entries(MOST_CHANNELS)},
        queues=named,
        requests=requests,
        resolution=read_resolution(table, requests, named),
    )
    found = wrong or list(check(rules))
    return rules, tuple(sorted(set(found), key=lambda fault: (*map(_place, fault.path), (0, 0, fault.reason))))


def _place(part: str) -> tuple[int, int, str]:
    """Places in a list by number, names by letter."""
    return (0, int(part), "") if part.isascii() and part.isdigit() and len(part) <= _LONGEST_PLACE else (1, 0, part)


def _reason(reasons: Table, code: str) -> ReasonRule:
    table = reasons.table(code, _REASON)
    return ReasonRule(seconds=table.number("seconds", 0, LONGEST_SECONDS), share=table.number("share", 0, 1, 1.0))


def _channel(channels: Table, code: str) -> ChannelRule:
    table = channels.table(code, _CHANNEL)
    return ChannelRule(
        units=table.whole("units", 0, MOST_UNITS) if table.has("units") else None,
        interrupts=table.flag("interrupts", default=False),
        beside_live=table.flag("beside_live", default=False),
    )


def _queue(table: Table) -> QueueRule:
    # What is a whole number here is one in the table `queue` too.
    return QueueRule(
        name=table.text("name", LONGEST_NAME),
        target_seconds=table.whole("target_seconds", 0, LONGEST_SECONDS),
        offer_timeout_seconds=table.whole("offer_timeout_seconds", 1, DAY_SECONDS),
        wrap_up_seconds=table.whole("wrap_up_seconds", 0, DAY_SECONDS, 0),
        grace_seconds=table.whole("grace_seconds", 0, DAY_SECONDS, 300),
        head_start_cap_seconds=table.whole("head_start_cap_seconds", 0, LONGEST_SECONDS, 3600),
        mean_handle_seconds=table.whole("mean_handle_seconds", 1, DAY_SECONDS, 300),
        hours=read_hours(table),
        order=table.choice("order", ORDERS, "spare_skills"),
        preferred_seconds=table.number("preferred_seconds", 0, DAY_SECONDS, 120.0),
        offers_at_most=table.whole("offers_at_most", 1, 1_000, 10),
        supervisor_seconds=table.number("supervisor_seconds", 1, DAY_SECONDS, 300.0),
        away_after_misses=table.whole("away_after_misses", 1, 1_000, 3),
        back_off_seconds=_back_off(table),
        steps=tuple(_step(step) for step in table.tables("steps", MOST_STEPS, _STEP)),
        on_exhausted=_exhausted(table) if table.has("on_exhausted") else None,
        on_entry=tuple(_entry(rule) for rule in table.tables("on_entry", MOST_ENTRY_RULES, _ENTRY)),
        overflow=_overflow(table) if table.has("overflow") else None,
        split=_split(table),
        callback=_callback(table),
    )


def _back_off(queue: Table) -> dict[str, float]:
    table = queue.table("back_off_seconds", CAUSES)
    return {cause: table.number(cause, 0, DAY_SECONDS) for cause in CAUSES if table.has(cause)}


def _step(table: Table) -> StepRule:
    return StepRule(
        after_seconds=table.number("after_seconds", 0, LONGEST_SECONDS),
        lower_levels_by=table.whole("lower_levels_by", 0, 4, 0),
        drop_skills=frozenset(table.codes("drop_skills", MOST_SKILLS)),
        drop_language=table.flag("drop_language", default=False),
        add_queues=frozenset(table.codes("add_queues", MOST_WIDER)),
        add_groups=frozenset(table.codes("add_groups", MOST_WIDER)),
    )


def _exhausted(queue: Table) -> ExhaustedRule:
    table = queue.table("on_exhausted", _EXHAUSTED)
    return ExhaustedRule(
        after_seconds=table.number("after_seconds", 0, LONGEST_SECONDS),
        then=table.choice("then", _THEN),
        queue=table.code("queue"),
    )


def _entry(table: Table) -> EntryRule:
    return EntryRule(
        when=table.choice("when", _WHEN),
        over=table.number("over", 0, LONGEST_SECONDS) if table.has("over") else None,
        then=table.choice("then", _ANSWERS, "turn_away"),
        queue=table.code("queue"),
        message=table.text("message", LONGEST_MESSAGE) if table.has("message") else None,
    )


def _overflow(queue: Table) -> OverflowRule:
    table = queue.table("overflow", _OVERFLOW)
    if not table.has("queue"):
        table.missing("queue")
    return OverflowRule(
        after_seconds=table.number("after_seconds", 0, LONGEST_SECONDS), queue=table.code("queue") or ""
    )


def _split(queue: Table) -> dict[str, int]:
    table = queue.table("split")
    parts = {code: table.whole(code, 1, 100) for code in table.entries(MOST_PARTS)}
    if queue.has("split") and not table.names:
        table.fault("names no queue")
    return parts


def _callback(queue: Table) -> CallbackRule:
    table = queue.table("callback", _CALLBACK)
    return CallbackRule(
        attempts=table.whole("attempts", 1, 20, 3), gap_seconds=table.number("gap_seconds", 1, DAY_SECONDS, 300.0)
    )
