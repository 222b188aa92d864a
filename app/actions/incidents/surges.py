"""Many similar contacts at once: counted as the log is followed, and proposed as an incident when chance does not explain them.

Decides what is counted (new contacts that say what they want, by request and, where the case knows it, by area), which earlier
windows are held against the one that runs, and that nobody is told twice of one surge. Only a person declares an incident.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

import asyncpg
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.alarms import raise_alarm
from app.actions.heard import Heard
from app.actions.incidents.declare import BEFORE_SURGE, Touched, propose
from app.db import Connection
from app.queries.customers.ways import places
from app.queries.rules import raw, rules_for
from routing.resolution.matching import way_up
from routing.resolution.surge import Verdict, judge
from routing.rules import Rules
from routing.rules.resolving import SurgeRule

ANYWHERE: Final = ""
COUNTED: Final = frozenset({"queued", "turned_away"})
RECENT: Final = 4
"""So many windows a moment before the one that runs."""
ABOUT: Final = 3
"""Windows about the same time: it, and those beside it."""
WEEKS: Final = 4
DAYS: Final = 7
"""Where there are fewer weeks than two, the same time of earlier days is what is known."""
QUIET: Final = timedelta(hours=6)
"""So long a surge that was dismissed, or an incident that is over, is not proposed again."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_COUNT: Final = """
INSERT INTO surge_count (request_type, area, starts_at, contacts)
SELECT request_type, area, starts_at, contacts FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::int[])
    AS t (request_type, area, starts_at, contacts)
ON CONFLICT (request_type, area, starts_at) DO UPDATE SET contacts = surge_count.contacts + excluded.contacts
"""
_RUNNING: Final = """
SELECT request_type, area, contacts FROM surge_count WHERE starts_at = $1 AND contacts >= $2 ORDER BY request_type, area
"""
_BEFORE: Final = """
SELECT starts_at, contacts FROM surge_count WHERE request_type = $1 AND area = $2 AND starts_at = ANY ($3::timestamptz[])
"""
# A window that began before it was as long as now was counted by other rules: what it holds is nothing like this one.
_FIRST: Final = """
SELECT greatest(min(starts_at), (
    SELECT min(published_at) FROM rule_set WHERE published_at IS NOT NULL AND version > (
        SELECT max(version) FROM rule_set WHERE published_at IS NOT NULL
            AND coalesce((document #>> '{resolution,surge,window_seconds}')::float8, $2) <> $1)))
FROM surge_count
"""
# Whatever is counted after the window that runs was counted before the clock was set back: this one is counted twice.
_COUNTED_TWICE: Final = "SELECT EXISTS (SELECT FROM surge_count WHERE starts_at > $1 AND starts_at <= $2)"
_KNOWN: Final = """
SELECT request_types, areas FROM incident
WHERE state IN ('proposed', 'declared') OR (state IN ('closed', 'dismissed') AND ended_at > $1)
"""
_ONE_AT_A_TIME: Final = "SELECT pg_advisory_xact_lock(7262271)"


@dataclass(frozen=True, kw_only=True, slots=True)
class Surge:
    """What looks like an incident, and by how much."""

    request_type: str
    area: str
    starts_at: datetime
    verdict: Verdict


async def heed(session: AsyncSession, heard: Sequence[Heard], rules: Rules, now: datetime) -> None:
    """Count each new contact once, in the window it came in."""
    seconds = rules.resolution.surge.window_seconds
    counts: Counter[tuple[str, str, datetime]] = Counter()
    for each in heard:
        request = _asks_for(each)
        if request is not None:
            starts_at = window(each.event.at, seconds)
            for area in {ANYWHERE, each.case.area or ANYWHERE}:
                counts[request, area, starts_at] += 1
    if counts:
        keys = sorted(counts)
        columns = [[key[place] for key in keys] for place in range(3)]
        await (await raw(session)).execute(_COUNT, *columns, [counts[key] for key in keys])


def window(at: datetime, seconds: float) -> datetime:
    """When the window this falls into begins: windows of one length are the same for all, for ever."""
    length = timedelta(seconds=seconds)
    return _EPOCH + (at - _EPOCH) // length * length


async def surging(connection: Connection, rules: Rules, *, now: datetime) -> list[Surge]:
    """What has come in the window that runs and is more than chance explains. Writes nothing."""
    rule = rules.resolution.surge
    starts_at = window(now, rule.window_seconds)
    rows = await connection.fetch(_RUNNING, starts_at, rule.at_least)
    if not rows or await _counted_twice(connection, starts_at, rule.window_seconds):
        return []
    first = await connection.fetchval(_FIRST, rule.window_seconds, SurgeRule().window_seconds) or starts_at
    zone = ZoneInfo(next(iter((await places(connection)).values()), "UTC"))
    found = []
    for row in rows:
        same, recent = earlier(starts_at, rule.window_seconds, first=first, zone=zone)
        verdict = await _judged(connection, row, rule, same, recent)
        if verdict.surge:
            found.append(
                Surge(request_type=row["request_type"], area=row["area"], starts_at=starts_at, verdict=verdict)
            )
    return found


async def propose_surges(session: AsyncSession, surges: Sequence[Surge], *, now: datetime) -> int:
    """An incident and an alarm to the supervisors for each that no incident explains already; returns how many are new."""
    connection = await raw(session)
    await connection.execute(_ONE_AT_A_TIME)
    rules = await rules_for(session)
    made = 0
    # The narrower first: what is known to come from one area is not proposed for everywhere.
    for surge in sorted(surges, key=lambda each: (each.area == ANYWHERE, each.request_type)):
        if surge.request_type not in rules.requests or await _is_explained(connection, surge, rules, now):
            continue  # or nobody can want it any more
        areas = (surge.area,) if surge.area else ()
        touched = Touched(request_types=(surge.request_type,), areas=areas)
        row = await propose(session, touched, since=surge.starts_at - BEFORE_SURGE, now=now)
        data = {
            "incident": str(row.id),
            "request_type": surge.request_type,
            **({"area": surge.area} if surge.area else {}),
            "contacts": surge.verdict.contacts,
            "usual": round(surge.verdict.usual, 2),
            "starts_at": surge.starts_at.isoformat(),
        }
        await raise_alarm(session, "surge", key=f"surge:{row.id}", case=None, representative=None, now=now, data=data)
        made += 1
    return made


def earlier(
    starts_at: datetime, seconds: float, *, first: datetime, zone: tzinfo
) -> tuple[list[datetime], list[datetime]]:
    """The windows one is held against: those about the same time of earlier weeks (or days), and those of a moment ago.

    The same time is that of the clocks in `zone`: people come when the doors open there, also in the weeks after a night in
    which the clocks changed. The very last window is left out, in which the surge may have begun. None before `first`: that
    nothing came then is not known.
    """
    length = timedelta(seconds=seconds)
    weeks = _about(starts_at, seconds, [timedelta(weeks=number) for number in range(1, WEEKS + 1)], zone)
    days = _about(starts_at, seconds, [timedelta(days=number) for number in range(1, DAYS + 1)], zone)
    known = [at for at in weeks if at >= first]
    same = known if len(known) > ABOUT else [at for at in days if at >= first]
    recent = [starts_at - length * number for number in range(2, RECENT + 2)]
    return same, [at for at in recent if at >= first]


def _about(starts_at: datetime, seconds: float, ago: Sequence[timedelta], zone: tzinfo) -> list[datetime]:
    """The window so long ago by the clocks of the zone, and those beside it."""
    local, length = starts_at.astimezone(zone), timedelta(seconds=seconds)
    then = [window((local - each).astimezone(UTC), seconds) for each in ago]
    return [beside for at in then for beside in (at - length, at, at + length)]


async def _counted_twice(connection: Connection, starts_at: datetime, seconds: float) -> bool:
    found: bool = await connection.fetchval(_COUNTED_TWICE, starts_at, starts_at + RECENT * timedelta(seconds=seconds))
    return found


async def _judged(
    connection: Connection, row: asyncpg.Record, rule: SurgeRule, same: Sequence[datetime], recent: Sequence[datetime]
) -> Verdict:
    rows = await connection.fetch(_BEFORE, row["request_type"], row["area"], [*same, *recent])
    counts = {each["starts_at"]: each["contacts"] for each in rows}
    return judge(
        row["contacts"],
        same=[counts.get(at, 0) for at in same],
        recent=[counts.get(at, 0) for at in recent],
        at_least=rule.at_least,
        chance=rule.chance,
    )


async def _is_explained(connection: Connection, surge: Surge, rules: Rules, now: datetime) -> bool:
    above = set(way_up(surge.request_type, rules.requests))
    return any(
        (not row["request_types"] or above & {*row["request_types"]})
        and (not row["areas"] or not surge.area or surge.area in row["areas"])
        for row in await connection.fetch(_KNOWN, now - QUIET)
    )


def _asks_for(heard: Heard) -> str | None:
    """The request of a contact that is new: it enters the line, or is turned away, for the first time."""
    event = heard.event
    if event.subject != "interaction" or event.kind not in COUNTED or event.version > 2:
        return None
    request = event.data.get("request_type")
    return request if isinstance(request, str) else None
