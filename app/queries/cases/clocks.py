"""The clocks of cases as they stand, the working time of queues, and what the log holds that no clock has heard of yet.

Decides which zone and which holidays a queue's days have. A queue that is closed by hand is no holiday: whoever waits, waits.
Never writes.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.queries.following import Followed
from app.queries.line.opening import Calendar, holidays_in
from app.queries.readers import may_see_case
from app.queries.rules import raw
from app.tables import Clock
from routing.hours import Hours, Span
from routing.resolution.clocks import ENDS_OF, heeded
from routing.resolution.working_time import WorkingTime
from routing.rules import HoursRule, Rules, hours_of

MOST_SHOWN: Final = 1_000

_ZONE: Final = "SELECT timezone FROM office ORDER BY place, code LIMIT 1"
_UNHEARD: Final = """
WITH place AS (
    SELECT coalesce(max(epoch), 0) AS epoch, coalesce(max(xid), 0)::text::xid8 AS xid, coalesce(max(seq), 0) AS seq
    FROM follower WHERE name = 'tending'
), matter AS (
    SELECT wish.id AS wish, one.id FROM unnest($1::uuid[]) AS wish (id)
    JOIN "case" AS one ON one.id = wish.id OR one.merged_into = wish.id
)
SELECT DISTINCT wish FROM matter, place
WHERE EXISTS (
    SELECT FROM event WHERE subject = 'case' AND subject_id = matter.id::text AND kind = ANY($2::text[])
        AND (event.epoch, event.xid, event.seq) > (place.epoch, place.xid, place.seq)
) OR EXISTS (
    SELECT FROM interaction JOIN event ON event.subject = 'interaction' AND event.subject_id = interaction.id::text
    WHERE interaction.case_id = matter.id AND event.kind = ANY($3::text[])
        AND (event.epoch, event.xid, event.seq) > (place.epoch, place.xid, place.seq)
)
"""
_TAKEN_BACK: Final = """
SELECT EXISTS (
    SELECT FROM event WHERE subject = 'case' AND subject_id = $1 AND version > $2 AND kind = ANY($3::text[])
        AND (event.epoch, event.xid, event.seq) < ($4::int, $5::text::xid8, $6::bigint))
"""
_WAITING: Final = """
SELECT EXISTS (
    SELECT FROM interaction WHERE case_id = ANY($1::uuid[]) AND id <> $2 AND NOT attributes ? 'consults'
        AND state NOT IN ('completed', 'abandoned', 'cancelled'))
"""
# What is over waits for nothing. What a machine wrote is nobody's turn.
_UNANSWERED: Final = """
WITH contact AS MATERIALIZED (
    SELECT id, live, arrived_at, state FROM interaction
    WHERE case_id = ANY($1::uuid[]) AND NOT attributes ? 'consults' AND state <> 'cancelled'
        AND ($2::uuid[] IS NULL OR id = ANY($2))
), answer AS (
    SELECT max(e.at) AS at FROM contact c JOIN event e ON e.subject = 'interaction' AND e.subject_id = c.id::text
    WHERE e.kind = 'answered' OR (e.kind = 'accepted' AND c.live)
), turn AS (
    SELECT arrived_at AS at FROM contact WHERE state NOT IN ('completed', 'abandoned')
    UNION ALL
    SELECT e.at FROM contact c JOIN event e ON e.subject = 'interaction' AND e.subject_id = c.id::text AND e.kind = 'wrote'
        JOIN message m ON m.id = (e.data ->> 'message')::uuid
    WHERE c.state NOT IN ('completed', 'abandoned') AND (m.attributes ->> 'automatic') IS DISTINCT FROM 'true'
)
SELECT min(turn.at) FROM turn, answer WHERE answer.at IS NULL OR turn.at > answer.at
"""


class WorkingTimes:
    """The working time of each queue of one set of rules, worked out when it is first asked for."""

    def __init__(self, rules: Rules, zone: ZoneInfo) -> None:
        """`zone`: the first office's, where a queue names none."""
        self._rules = rules
        self._calendar = Calendar(rules, zone)
        self._known: dict[str | None, WorkingTime] = {}

    def of(self, queue: str | None) -> WorkingTime:
        """Of a queue that the rules do not have, and of none: around the clock."""
        if queue not in self._known:
            self._known[queue] = self._made(queue)
        return self._known[queue]

    def _made(self, queue: str | None) -> WorkingTime:
        rule = self._rules.queues.get(queue) if queue is not None else None
        if queue is None or rule is None or rule.hours is None:
            return WorkingTime(None, self._calendar.zone)
        return WorkingTime(_Days(rule.hours), self._calendar.zone_of(queue))


class _Days:
    """A queue's days; the holidays of a year are read when a day of it is asked for."""

    def __init__(self, rule: HoursRule) -> None:
        self._rule = rule
        self._years: dict[int, Hours] = {}

    def on(self, day: date) -> tuple[Span, ...]:
        found = self._years.get(day.year)
        if found is None:
            made = hours_of(self._rule, holidays_in(self._rule.holidays, [day.year]))
            assert made is not None, "there is a rule"
            found = self._years[day.year] = made
        return found.on(day)


async def working_times(session: AsyncSession, rules: Rules) -> WorkingTimes:
    """By these rules, and the time zone of the first office where a queue names none."""
    zone = await (await raw(session)).fetchval(_ZONE)
    return WorkingTimes(rules, ZoneInfo(zone or "UTC"))


async def unheard(session: AsyncSession, case_ids: Collection[UUID]) -> set[UUID]:
    """Those of these cases about which the log tells something that the clocks have not heard of yet."""
    rows = await (await raw(session)).fetch(_UNHEARD, list(case_ids), heeded("case"), heeded("interaction"))
    return {row["wish"] for row in rows}


async def taken_back(session: AsyncSession, event: Followed) -> bool:
    """Whether what this event says was ended by one that came later and was heard before: the feed keeps no such order."""
    ends = ENDS_OF.get(event.kind)
    if not ends:
        return False
    place = event.place
    connection = await raw(session)
    found: bool = await connection.fetchval(
        _TAKEN_BACK, event.subject_id, event.version, list(ends), place.epoch, str(place.xid), place.seq
    )
    return found


async def still_waits(session: AsyncSession, case_ids: Sequence[UUID], *, but: UUID) -> bool:
    """Whether another contact of this matter is not over yet."""
    found: bool = await (await raw(session)).fetchval(_WAITING, list(case_ids), but)
    return found


async def unanswered(
    session: AsyncSession, case_ids: Sequence[UUID], *, only: Sequence[UUID] | None = None
) -> datetime | None:
    """Since when the customer waits for an answer on these cases: the oldest turn of theirs after our last; None: on nothing.

    `only`: as if there were no other contacts than these.
    """
    contacts = list(only) if only is not None else None
    found: datetime | None = await (await raw(session)).fetchval(_UNANSWERED, list(case_ids), contacts)
    return found


async def clocks_of(session: AsyncSession, case_id: UUID, *, reader: str | None) -> list[dict[str, Any]]:
    """All clocks of a matter, the oldest first. Raises `NotFound`."""
    ids = await may_see_case(session, case_id, reader=reader)
    chosen = select(Clock).where(col(Clock.case_id).in_(ids)).order_by(col(Clock.started_at), col(Clock.id))
    return [row.model_dump() for row in await session.exec(chosen.limit(MOST_SHOWN))]
