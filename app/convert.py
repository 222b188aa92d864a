"""Rows of the tables as the router's values. Decides how a row is read; never reads one itself and never writes.

Rows come as `app.queries.floor` selects them. Needs are shared: few distinct ones exist, and one object for all who have
the same is what keeps a million waiting small.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

import asyncpg
import orjson

from routing.model import FOREVER, Instant, Needs, Staff, Waiting
from routing.plan import EXCLUDED_SECONDS

NEEDS_KEPT = 50_000
NOBODY: frozenset[str] = frozenset()


def waiting(row: asyncpg.Record) -> Waiting:
    """One queued interaction."""
    excluded = row["excluded"]
    preferred = row["preferred"]
    not_before = row["not_before"]
    return Waiting(
        id=row["id"],
        needs=needs(row["queue"], row["skills"], row["language"], row["live"], row["units"], row["office"]),
        due=row["due_at"].timestamp(),
        preferred=preferred,
        preferred_until=instant(row["preferred_until"]) if preferred is not None else 0.0,
        not_before=instant(not_before) if not_before is not None else 0.0,
        excluded=frozenset(excluded) if excluded else NOBODY,
        excluded_until=instant(not_before) + EXCLUDED_SECONDS if excluded else FOREVER,
    )


def staff(row: asyncpg.Record) -> Staff:
    """One representative on shift, with the load they hold."""
    return Staff(
        id=row["code"],
        capacity=row["capacity"],
        skills=frozenset(skills(row["skills"])),
        languages=frozenset(row["languages"]),
        queues=frozenset(row["queues"]),
        office=row["office"],
        live=row["live"],
        units=row["units"],
        available=row["presence"] == "available",
        idle_since=instant(row["idle_since"]),
    )


@lru_cache(maxsize=NEEDS_KEPT)
def needs(queue: str, skills_json: str, language: str | None, live: bool, units: int, office: str | None) -> Needs:
    """What a representative must have; the same object for the same words."""
    return Needs(queue=queue, skills=skills(skills_json), language=language, live=live, units=units, office=office)


def skills(skills_json: str) -> tuple[tuple[str, int], ...]:
    """`{"claims": 2}` as sorted pairs."""
    return tuple(sorted(orjson.loads(skills_json).items()))


def instant(moment: datetime | None) -> Instant:
    """Seconds since the Unix epoch; never is the beginning of time."""
    return moment.timestamp() if moment is not None else 0.0
