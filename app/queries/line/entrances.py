"""How the queues stand now, as far as the answer to one who comes depends on it.

Decides what is worth counting: only what the queue's rules for entry ask about, each at most once a second. Never decides the
answer (`routing.entry.admit` does).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from app.db import Connection, uuid7
from app.queries.line.opening import Calendar
from app.queries.line.standing import Waits, places
from routing.entry import QueueNow
from routing.rules import Rules
from routing.rules.checking import MOST_COUNTED

MOST_AT_ONCE: Final = 100
"""Queues whose hours are worked out while everybody else waits."""

_CLOSED: Final = "SELECT code, closed_until, closed_message FROM queue WHERE closed_until > $1"
_WAITING: Final = """
SELECT asked.queue, (
    SELECT count(*) FROM (SELECT FROM interaction i WHERE i.queue = asked.queue AND i.state = 'queued' LIMIT asked.most) AS counted
) AS waiting
FROM unnest($1::text[], $2::int[]) AS asked (queue, most)
"""
_ON_SHIFT: Final = """
SELECT queue, count(*) AS people FROM representative, unnest(queues) AS queue
WHERE presence <> 'offline' AND NOT retired AND queue = ANY ($1::text[]) GROUP BY queue
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shut:
    """A queue that somebody closed by hand: until when, and what is said of it."""

    until: datetime
    message: str | None = None


async def read_queues(
    connection: Connection, rules: Rules, calendar: Calendar, *, at: datetime
) -> tuple[frozenset[str], dict[str, QueueNow]]:
    """Which queues are closed by hand, and how those stand whose rules for entry, or whose closing, make it matter."""
    shut = shut_by_hand(
        rules,
        {
            row["code"]: Shut(until=row["closed_until"], message=row["closed_message"])
            for row in await connection.fetch(_CLOSED, at)
        },
    )
    asked = {code: {rule.when for rule in queue.on_entry} for code, queue in rules.queues.items() if queue.on_entry}
    waiting = await _waiting(connection, rules, [code for code in asked if "length" in asked[code]])
    on_shift = await _on_shift(connection, [code for code in asked if "nobody" in asked[code]])
    waits = await _waits(connection, rules, [code for code in asked if asked[code] & {"wait", "closing"}], at=at)
    if len(asked) > MOST_AT_ONCE or any(_keeps_holidays(rules, code) for code in (*asked, *shut)):
        await asyncio.to_thread(_opened, calendar, asked, at)  # a country's holidays may take half a second to load
    found = {
        code: QueueNow(
            waiting=waiting.get(code, 0),
            on_shift=on_shift.get(code, 1),
            wait_high_seconds=waits.get(code),
            **_opening(calendar, code, shut.get(code), at),
        )
        for code in {**asked, **dict.fromkeys(shut)}
        if code in rules.queues
    }
    return frozenset(shut), found


def shut_by_hand(rules: Rules, closed: Mapping[str, Shut]) -> dict[str, Shut]:
    """What is closed with these queues: a queue that is split is closed with all its parts, for nobody waits in itself.

    A part that is closed by its own name too stays closed until both are open.
    """
    shut = dict(closed)
    for code, own in sorted(closed.items()):
        for part in rules.queues[code].split if code in rules.queues else ():
            shut[part] = max(own, shut.get(part, own), key=lambda each: each.until)
    return shut


def _keeps_holidays(rules: Rules, queue: str) -> bool:
    hours = rules.queues[queue].hours if queue in rules.queues else None
    return hours is not None and hours.holidays is not None


def _opened(calendar: Calendar, queues: Iterable[str], at: datetime) -> None:
    for queue in queues:
        calendar.opening(queue, at)


def _opening(calendar: Calendar, queue: str, shut: Shut | None, at: datetime) -> dict[str, Any]:
    """By its hours, and by hand: closed until both say open."""
    if shut is not None:
        opens = calendar.next_opening(queue, after=shut.until)
        return {"open": False, "opens_at": opens, "message": shut.message}
    opening = calendar.opening(queue, at)
    if opening.closes_at is None:
        return {"open": opening.open, "opens_at": opening.opens_at}
    again = calendar.next_opening(queue, after=datetime.fromtimestamp(opening.closes_at, tz=UTC))
    return {"open": True, "opens_at": again, "closes_in_seconds": opening.closes_at - at.timestamp()}


async def _waiting(connection: Connection, rules: Rules, queues: list[str]) -> Mapping[str, int]:
    if not queues:
        return {}
    longest = [max(rule.over or 0 for rule in rules.queues[code].on_entry if rule.when == "length") for code in queues]
    most = [min(MOST_COUNTED, int(over) + 2) for over in longest]
    return {row["queue"]: row["waiting"] for row in await connection.fetch(_WAITING, queues, most)}


async def _on_shift(connection: Connection, queues: list[str]) -> Mapping[str, int]:
    if not queues:
        return {}
    people = {row["queue"]: row["people"] for row in await connection.fetch(_ON_SHIFT, queues)}
    return {code: people.get(code, 0) for code in queues}


async def _waits(connection: Connection, rules: Rules, queues: list[str], *, at: datetime) -> Mapping[str, float]:
    """The high end of what one who joins now, with no head start, would be told."""
    if not queues:
        return {}
    last = {uuid7(): code for code in queues}
    found = await places(
        connection,
        [Waits(at + timedelta(seconds=rules.queues[code].target_seconds), each, code) for each, code in last.items()],
    )
    return {last[each]: float(place.wait.high_seconds) for each, place in found.items() if place.wait is not None}
