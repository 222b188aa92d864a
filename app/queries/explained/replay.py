"""What came and who worked between two moments, as the log and the tables tell it: what a simulation is fed with.

Decides what counts as one contact (whoever came to stand in a line), how long serving it took, and when somebody was
there to serve. Ids, codes and numbers only. Never writes and never locks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import asyncpg

from app import convert
from app.db import Connection
from app.errors import Invalid
from app.queries.explained.logged import SLACK, place
from routing.model import Instant

MOST_CONTACTS: Final = 200_000
MOST_SHIFTS: Final = 100_000
PRESENCES: Final = ("joined", "available", "away", "offline")
"""The events of a representative that say whether they are there."""

# The first `queued` of each: those that came back to the line came before.
_CONTACTS: Final = """
SELECT i.id, extract(epoch FROM e.at)::float8 AS arrived, i.request_type, coalesce(e.data ->> 'queue', i.queue) AS queue,
       i.channel, CASE WHEN i.speak THEN i.language END AS language, CASE WHEN i.number IS NOT NULL THEN i.office END AS office,
       i.live, i.units, i.head_start_seconds, i.head_start_reasons, served.seconds AS handled,
       greatest(0, extract(epoch FROM coalesce(served.first, least($4, wall_clock())) - e.at))::float8 AS waited,
       CASE WHEN i.state = 'abandoned' AND served.answered = 0
            THEN greatest(0, extract(epoch FROM i.state_at - e.at))::float8 END AS gave_up
FROM event e
JOIN interaction i ON i.id = (CASE e.subject WHEN 'interaction' THEN e.subject_id END)::uuid
CROSS JOIN LATERAL (
    SELECT count(*) AS answered, min(a.answered_at) AS first,
           CASE WHEN bool_and(a.ended_at IS NOT NULL) THEN sum(extract(epoch FROM a.ended_at - a.answered_at))::float8 END AS seconds
    FROM assignment a WHERE a.interaction_id = i.id AND a.answered_at IS NOT NULL
) AS served
WHERE e.seq > $1 AND e.seq <= $2 AND e.subject = 'interaction' AND e.kind = 'queued' AND e.at >= $3 AND e.at < $4
ORDER BY e.at, i.id LIMIT $5
"""
# How each stood when the time began, and every change of presence until it ended.
_PRESENCES: Final = """
SELECT r.code, r.capacity, r.skills::text AS skills, r.languages, r.queues, r.groups, r.office, told.kind,
       extract(epoch FROM told.at)::float8 AS at
FROM representative r CROSS JOIN LATERAL (
    (SELECT e.version, e.kind, e.at FROM event e
     WHERE e.subject = 'representative' AND e.subject_id = r.code AND e.kind = ANY ($4::text[]) AND e.at < $1
     ORDER BY e.version DESC LIMIT 1)
    UNION ALL
    SELECT e.version, e.kind, e.at FROM event e
    WHERE e.subject = 'representative' AND e.subject_id = r.code AND e.kind = ANY ($4::text[]) AND e.at >= $1 AND e.at < $2
) AS told
ORDER BY r.code, told.version LIMIT $3
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordedContact:
    """One who came to stand in a line, with what became of them."""

    arrived: Instant
    """When they first stood in line."""
    request: str | None
    queue: str
    """Where they stood at first, whatever came later."""
    channel: str
    language: str | None
    """The language whoever serves must speak; None = any."""
    office: str | None
    """Where they must be served; None = anywhere."""
    live: bool
    units: int
    head_start_seconds: float
    """All of it, as it stands with them now."""
    head_start_reasons: tuple[str, ...]
    """What it was granted for."""
    handle_seconds: float | None
    """All work on it together, wrap-up included; None = never served, or not done yet."""
    gave_up_after_seconds: float | None
    """How long they waited before they left; None = did not leave unserved."""
    waited_seconds: float
    """How long they waited for the first answer, at least: of whoever had none yet, until the time asked for ended."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordedShift:
    """One stretch in which a representative was available, cut to the time asked for. What they can is as it is now."""

    representative: str
    start: Instant
    end: Instant
    capacity: int
    skills: tuple[tuple[str, int], ...]
    languages: frozenset[str]
    queues: frozenset[str]
    groups: frozenset[str]
    office: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Recorded:
    """What the log holds of `since` up to, not including, `until`: contacts by arrival, shifts by representative and start."""

    since: Instant
    until: Instant
    contacts: tuple[RecordedContact, ...]
    shifts: tuple[RecordedShift, ...]


async def recorded(connection: Connection, since: datetime, until: datetime) -> Recorded:
    """What came and who worked in [since, until).

    Raises `Invalid` (`wrong_span`) where that is no span, (`too_much_recorded`) beyond 200,000 contacts.
    """
    if since >= until:
        raise Invalid("The time to replay must end after it begins.", code="wrong_span")
    begin, end = await place(connection, since), await _last(connection, until)
    contacts = await connection.fetch(_CONTACTS, begin, end, since, until, MOST_CONTACTS + 1)
    presences = await connection.fetch(_PRESENCES, since, until, MOST_SHIFTS + 1, list(PRESENCES))
    if len(contacts) > MOST_CONTACTS or len(presences) > MOST_SHIFTS:
        raise Invalid(f"More than {MOST_CONTACTS} contacts came then: take a shorter time.", code="too_much_recorded")
    return Recorded(
        since=since.timestamp(),
        until=until.timestamp(),
        contacts=tuple(_contact(row) for row in contacts),
        shifts=tuple(_shifts(presences, since=since.timestamp(), until=until.timestamp())),
    )


async def _last(connection: Connection, until: datetime) -> int:
    """A number beyond every event before `until`."""
    return await place(connection, until + 2 * SLACK)


def _contact(row: asyncpg.Record) -> RecordedContact:
    return RecordedContact(
        arrived=row["arrived"],
        request=row["request_type"],
        queue=row["queue"],
        channel=row["channel"],
        language=row["language"],
        office=row["office"],
        live=row["live"],
        units=row["units"],
        head_start_seconds=float(row["head_start_seconds"]),
        head_start_reasons=tuple(row["head_start_reasons"]),
        handle_seconds=row["handled"],
        gave_up_after_seconds=row["gave_up"],
        waited_seconds=row["waited"],
    )


def _shifts(rows: Iterable[asyncpg.Record], *, since: Instant, until: Instant) -> Iterable[RecordedShift]:
    """Each stretch from `available` to whatever ended it; who is still there is there until the end."""
    working: asyncpg.Record | None = None
    for row in [*rows, None]:
        if working is not None:
            same = row is not None and row["code"] == working["code"]
            end = row["at"] if row is not None and same else until
            start = max(since, working["at"])
            if end > start:
                yield _shift(working, start=start, end=end)
        working = row if row is not None and row["kind"] == "available" else None


def _shift(row: Any, *, start: Instant, end: Instant) -> RecordedShift:
    return RecordedShift(
        representative=row["code"],
        start=start,
        end=end,
        capacity=row["capacity"],
        skills=convert.skills(row["skills"]),
        languages=frozenset(row["languages"]),
        queues=frozenset(row["queues"]),
        groups=frozenset(row["groups"]),
        office=row["office"],
    )
