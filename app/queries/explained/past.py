"""The floor as it stood at a past instant, folded from the log: who waited, who was there, and what they held.

Decides which rows and events that takes, and how many at most. What cannot be told from the log is taken from the present
row, and said to be. Never writes; the caller's transaction must see one snapshot (repeatable read).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
import orjson

from app import convert
from app.db import Connection
from app.errors import Invalid
from app.queries.explained.logged import place
from app.queries.explained.replay import PRESENCES
from app.queries.explained.unwinding import RulesAt, as_it_stood
from app.queries.line import floor as present
from app.queries.rules import rules_of
from routing.lifecycle import WAITING_STATES
from routing.model import Instant, Staff, Waiting
from routing.rules import Rules

MOST_EVENTS: Final = 2_000_000
"""So far back the log is read."""
MOST_OPEN: Final = 50_000
MOST_STAFF: Final = 20_000
MOST_RULES: Final = 30
LOOKED_BACK: Final = 200
"""Assignments of one representative that are looked at for when they last ended work."""

_LAST: Final = "SELECT coalesce(max(seq), 0) FROM event"
_MOVED: Final = """
SELECT DISTINCT i.id FROM event e JOIN interaction i ON i.id = (CASE e.subject WHEN 'interaction' THEN e.subject_id END)::uuid
WHERE e.seq > $1 AND e.subject = 'interaction' AND i.arrived_at <= $2 LIMIT $3
"""
_OPEN: Final = """
SELECT id FROM interaction
WHERE state NOT IN ('completed', 'abandoned', 'cancelled') AND arrived_at <= $1 LIMIT $2
"""
_ROWS: Final = f"""
SELECT {present.COLUMNS}, channel, request_type, language AS spoken, head_start_seconds, queued_at
FROM interaction WHERE id = ANY ($1::uuid[])
"""  # noqa: S608  (texts of our own)
_STORIES: Final = """
SELECT subject_id, version, kind, at, (data - 'trace')::text AS data
FROM event WHERE subject = 'interaction' AND subject_id = ANY ($1::text[]) ORDER BY subject_id, version
"""
# An offer stands in the line of its own statement: `$3` says whether what happened at the very instant counts as past.
_HELD: Final = """
SELECT representative, sum(live::int)::int AS live, sum(units)::int AS units FROM assignment
WHERE interaction_id = ANY ($1::uuid[]) AND (offered_at < $2 OR ($3 AND offered_at = $2))
  AND (ended_at IS NULL OR ended_at > $2 OR (NOT $3 AND ended_at = $2))
GROUP BY representative
"""
_OF_STAFF: Final = "e.subject = 'representative' AND e.subject_id = r.code AND (e.at < $1 OR ($2 AND e.at = $1))"
_STAFF: Final = f"""
SELECT r.code, r.version, r.capacity, r.skills::text AS skills, r.languages, r.queues, r.office, r.groups, r.pull, r.retired,
       presence.kind AS presence, facts.staff, rests.until AS resting_until,
       CASE WHEN r.idle_since <= $1 THEN r.idle_since ELSE coalesce(work.ended_at, joined.at, r.idle_since) END AS idle_since,
       facts.staff IS NULL AND EXISTS (
           SELECT FROM event e WHERE e.subject = 'representative' AND e.subject_id = r.code AND e.kind = 'changed'
             AND e.at > $1 AND NOT e.data ? 'resting_until') AS unknown
FROM representative r
JOIN LATERAL (SELECT e.kind FROM event e WHERE {_OF_STAFF} AND e.kind = ANY ($3::text[]) ORDER BY e.version DESC LIMIT 1)
    AS presence ON presence.kind IN ('available', 'away')
LEFT JOIN LATERAL (SELECT (e.data -> 'staff')::text AS staff FROM event e WHERE {_OF_STAFF} AND e.data ? 'staff'
    ORDER BY e.version DESC LIMIT 1) AS facts ON true
LEFT JOIN LATERAL (SELECT (e.data ->> 'resting_until')::timestamptz AS until FROM event e
    WHERE {_OF_STAFF} AND e.kind = 'changed' AND e.data ? 'resting_until' ORDER BY e.version DESC LIMIT 1) AS rests ON true
LEFT JOIN LATERAL (SELECT max(last.ended_at) AS ended_at FROM (
    SELECT a.ended_at FROM assignment a
    WHERE a.representative = r.code AND a.answered_at IS NOT NULL AND a.ended_at <= $1 ORDER BY a.id DESC LIMIT $4
    ) AS last) AS work ON true
LEFT JOIN LATERAL (SELECT e.at FROM event e WHERE e.subject = 'representative' AND e.subject_id = r.code AND e.version = 1)
    AS joined ON true
ORDER BY r.code LIMIT $5
"""  # noqa: S608  (texts of our own)
_RULES: Final = """
SELECT version, published_at FROM rule_set WHERE published_at IS NOT NULL ORDER BY published_at DESC LIMIT $1
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Past:
    """The floor at `now`, each side sorted by id. Who asks for the next one themselves is in `pulling`, not in `staff`."""

    now: Instant
    waiting: tuple[Waiting, ...]
    staff: tuple[Staff, ...]
    pulling: tuple[Staff, ...]
    rules: Rules
    """The rules that were live."""
    approximate: frozenset[str]
    """Ids of those of whom not everything is on record: they are shown, in part, as they are now."""


async def floor_at(connection: Connection, instant: datetime, *, inclusive: bool = True) -> Past:
    """The floor at `instant`; with `inclusive` False just before whatever happened at that very moment.

    Raises `Invalid` (`too_long_ago`) where too much has happened since, (`too_many_open`) where too many were open.
    """
    moved = await _moved(connection, instant)
    opened = await connection.fetch(_OPEN, instant, MOST_OPEN + 1)
    ids = moved | {row["id"] for row in opened}
    if len(ids) > MOST_OPEN:
        raise Invalid(f"More than {MOST_OPEN} contacts were open then.", code="too_many_open")
    rules_at = await _rules_at(connection, until=instant)
    waiting, doubtful = await _waiting(connection, ids, moved, instant, inclusive=inclusive, rules_at=rules_at)
    staff = await connection.fetch(_STAFF, instant, inclusive, list(PRESENCES), LOOKED_BACK, MOST_STAFF)
    loads = {row["representative"]: row for row in await connection.fetch(_HELD, list(ids), instant, inclusive)}
    seats = [_staff(row, loads.get(row["code"])) for row in staff]
    return Past(
        now=instant.timestamp(),
        waiting=tuple(sorted(waiting, key=lambda each: each.id)),
        staff=tuple(seat for seat in seats if not seat.pulls),
        pulling=tuple(seat for seat in seats if seat.pulls),
        rules=rules_at(instant),
        approximate=frozenset(doubtful) | {row["code"] for row in staff if row["unknown"]},
    )


async def _moved(connection: Connection, instant: datetime) -> set[UUID]:
    """Those who had come by then and of whom something is told since."""
    after = await place(connection, instant)
    if await connection.fetchval(_LAST) - after > MOST_EVENTS:
        raise Invalid(f"More than {MOST_EVENTS} events were written since then.", code="too_long_ago")
    return {row["id"] for row in await connection.fetch(_MOVED, after, instant, MOST_OPEN + 1)}


async def _waiting(
    connection: Connection,
    ids: Iterable[UUID],
    moved: set[UUID],
    instant: datetime,
    *,
    inclusive: bool,
    rules_at: RulesAt,
) -> tuple[list[Waiting], list[str]]:
    """Who waited, and the ids of those of whom not everything is on record."""
    rows = await connection.fetch(_ROWS, list(ids))
    told = await connection.fetch(_STORIES, [str(each) for each in moved])
    stories: dict[str, list[Mapping[str, Any]]] = {}
    for event in told:
        stories.setdefault(event["subject_id"], []).append({**event, "data": orjson.loads(event["data"])})
    waiting: list[Waiting] = []
    doubtful: list[str] = []
    for row in rows:
        if row["id"] not in moved:
            if row["state"] in WAITING_STATES:
                waiting.append(convert.waiting(row))
            continue
        story = stories.get(str(row["id"]), [])
        past = _count_past(story, instant, inclusive=inclusive)
        found = as_it_stood(dict(row), story, past=past, rules_at=rules_at)
        if found is not None:
            waiting.append(found[0])
            doubtful += [] if found[1] else [str(row["id"])]
    return waiting, doubtful


def _count_past(story: Sequence[Mapping[str, Any]], instant: datetime, *, inclusive: bool) -> int:
    return sum(event["at"] < instant or (inclusive and event["at"] == instant) for event in story)


def _staff(row: asyncpg.Record, load: asyncpg.Record | None) -> Staff:
    facts: dict[str, Any] = orjson.loads(row["staff"]) if row["staff"] is not None else {}
    seen: dict[str, Any] = {
        **row,
        **{
            name: facts[name]
            for name in ("languages", "queues", "groups", "office", "capacity", "pull")
            if name in facts
        },
        "live": load["live"] if load is not None else 0,
        "units": load["units"] if load is not None else 0,
    }
    if "skills" in facts:
        seen["skills"] = orjson.dumps(facts["skills"]).decode()
    return convert.staff(seen)  # type: ignore[arg-type]  # a record is only read by its names


async def _rules_at(connection: Connection, *, until: datetime) -> Callable[[datetime], Rules]:
    """Which rules were live when, up to `until`. Before the first that are known: the tables as they stand."""
    rows = [row for row in await connection.fetch(_RULES, MOST_RULES) if row["published_at"] <= until]
    rows.reverse()
    versions = [await rules_of(connection, 0), *[await rules_of(connection, row["version"]) for row in rows]]
    moments = [row["published_at"] for row in rows]
    return lambda moment: versions[bisect_right(moments, moment)]
