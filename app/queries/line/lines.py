"""What the floor and the last hour make of each queue's lines, and how the row of `queue_estimate` keeps that.

Decides which kinds of work are told apart and what stands for the rest. Never reads or writes a row; `routing.lines`
reckons.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from app.queries.line.servers import Came, Queue, Seen, Stand
from routing.lines import Known, Line, by_queue, crews, lines
from routing.model import Needs

KINDS_AT_MOST: Final = 100
"""Told apart in all; whoever needs something rarer is told what holds for everybody in their queue."""
LEADS_AT_MOST: Final = 20
LEAST_SECONDS: Final = 600.0
"""Arrivals are counted over at least this time: two in the first second are no rate."""
SELDOM: Final = 1e-9
DIGITS: Final = 6
"""Figures are kept to so many: one that moves by less has not changed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimated:
    """One queue's row."""

    queue: str
    servers: int
    free: int
    handle_seconds: float
    line: Mapping[str, Any]
    """By kind: a line, its `ahead` by queue. "" is whoever needs nothing but the queue."""
    changed_at: datetime | None
    """When one of those who serve it, or whom they are busy with, last ended work, came or went."""


def estimated(stand: Stand, seen: Seen) -> list[Estimated]:
    """Every queue, by code."""
    kinds = _kinds(stand, seen)
    known = _known(stand, seen, kinds)
    made = lines(known, crews(((each.staff, each.crew) for each in stand.alike), kinds))
    queue_of = {kind: needs.queue for kind, needs in kinds.items()}
    documents: dict[str, dict[str, Any]] = {queue.code: {} for queue in stand.queues}
    for kind, line in made.items():
        name = "" if kind in documents else kind
        documents[queue_of[kind]][name] = document(line, by_queue(line, known, queue_of))
    return [_row(queue, stand, seen, documents[queue.code]) for queue in stand.queues]


def document(line: Line, ahead: Mapping[str, float]) -> dict[str, Any]:
    """As JSON: short, and the same for the same line."""
    return {
        "representatives": _short(line.representatives),
        "free": line.free,
        "handle_seconds": _short(line.handle_seconds),
        "variation": _short(line.variation),
        "measured": None if math.isinf(line.measured) else line.measured,
        "leaving_rate": _short(line.leaving_rate),
        "ahead": {queue: _short(share) for queue, share in sorted(ahead.items())},
        "leads": [[_short(lead), _short(rate)] for lead, rate in line.leads],
    }


def line(found: Mapping[str, Any]) -> Line:
    """The line of such a document; its `ahead` is by queue."""
    return Line(
        representatives=found["representatives"],
        free=found["free"],
        handle_seconds=found["handle_seconds"],
        variation=found["variation"],
        measured=math.inf if found["measured"] is None else found["measured"],
        leaving_rate=found["leaving_rate"],
        ahead=found["ahead"],
        leads=tuple((lead, rate) for lead, rate in found["leads"]),
    )


def _kinds(stand: Stand, seen: Seen) -> dict[str, Needs]:
    """Every queue by itself, then what waits, then what comes."""
    codes = {queue.code for queue in stand.queues}
    kinds = {code: Needs(queue=code) for code in codes}
    most = len(kinds) + KINDS_AT_MOST
    lately = {kind: came.needs for kind, came in seen.came.items()}
    for kind, needs in (*sorted(stand.kinds.items(), key=lambda each: -stand.waiting[each[0]]), *lately.items()):
        if len(kinds) < most and needs.queue in codes:
            kinds[kind] = needs
    return kinds


def _known(stand: Stand, seen: Seen, kinds: Mapping[str, Needs]) -> dict[str, Known]:
    queues = {queue.code: queue for queue in stand.queues}
    looked_at: dict[str, int] = dict.fromkeys(queues, 0)
    for kind, number in stand.waiting.items():
        if (needs := stand.kinds[kind]).queue in looked_at:
            looked_at[needs.queue] += number
    found = {}
    for kind, needs in kinds.items():
        queue = queues[needs.queue]
        # What lies further back in the line than was looked at is taken to be like what was.
        share = stand.waiting.get(kind, 0) / max(1, looked_at[queue.code])
        found[kind] = _about(queue, seen, seen.came.get(kind), waiting=queue.waiting * share)
    return found


def _about(queue: Queue, seen: Seen, came: Came | None, *, waiting: float) -> Known:
    handled = seen.handled.get(queue.code)
    over = max(LEAST_SECONDS, seen.over_seconds)
    leads = sorted(came.leads.items(), key=lambda each: (-each[1], each[0]))[:LEADS_AT_MOST] if came else []
    return Known(
        waiting=waiting,
        handle_seconds=handled.seconds if handled else queue.mean_handle_seconds,
        variation=handled.variation if handled else 1.0,
        measured=handled.number if handled else math.inf,
        arrival_rate=came.number / over if came else SELDOM,
        leaving_rate=seen.leaving.get(queue.code, 0.0),
        leads=tuple(sorted((lead, number / over) for lead, number in leads)),
    )


def _row(queue: Queue, stand: Stand, seen: Seen, lines_of: Mapping[str, Any]) -> Estimated:
    serving = [each for each in stand.alike if queue.code in each.staff.queues]
    near = {code for made in lines_of.values() for code in made["ahead"]} | {queue.code}
    return Estimated(
        queue=queue.code,
        servers=sum(each.crew.on_shift for each in serving),
        free=sum(each.crew.free for each in serving),
        handle_seconds=handled.seconds if (handled := seen.handled.get(queue.code)) else queue.mean_handle_seconds,
        line=lines_of,
        changed_at=max(
            (each.changed_at for each in stand.alike if not near.isdisjoint(each.staff.queues)), default=None
        ),
    )


def _short(number: float) -> float:
    return float(f"{number:.{DIGITS}g}")
