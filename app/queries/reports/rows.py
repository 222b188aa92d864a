"""What all reports share: the period they are about, how they are divided, and which of their rows may be told.

Decides which instants a period of local days is, and that of a representative's few cases nothing is told but how many they
are. Never what a figure counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import asyncpg
from sqlmodel.ext.asyncio.session import AsyncSession

from app.errors import Invalid
from app.queries.customers.ways import places
from app.queries.rules import raw
from routing.resolution.figures import LEAST

MOST_DAYS: Final = 366
DAYS: Final = 30
MOST_ROWS: Final = 2_000
PERSON: Final = "representative"

# A planner that has not looked at a growing table for long would read all of it, and JIT costs more than a month's rows.
_BY_INDEX: Final = "SELECT set_config(name, 'off', true) FROM unnest('{enable_seqscan,enable_hashjoin,enable_mergejoin,jit}'::text[]) AS name"


@dataclass(frozen=True, kw_only=True, slots=True)
class Period:
    """Local days from `first` until before `last`, in `zone`."""

    first: date
    last: date
    zone: str

    @property
    def begin(self) -> datetime:
        """Its first instant."""
        return datetime.combine(self.first, time(), ZoneInfo(self.zone))

    @property
    def end(self) -> datetime:
        """The first instant after it."""
        return datetime.combine(self.last, time(), ZoneInfo(self.zone))


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """How a report is divided, and to what it is narrowed: `only` names codes by dimension. `total`: with the whole."""

    by: str
    period: Period
    only: Mapping[str, str] = field(default_factory=dict)
    total: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """The rows, the most counted first, at most `MOST_ROWS`; `total` is all of them together, None where it is not told."""

    total: Sequence[Mapping[str, Any]] | None
    items: Sequence[Mapping[str, Any]]


async def period(
    session: AsyncSession, first: date | None, last: date | None, *, office: str | None, now: datetime
) -> Period:
    """The days wished for, in the zone of this office, else of the first. Left out: the last 30, today among them.

    Raises `Invalid` (`bad_period`, `unknown_office`).
    """
    zones = await places(await raw(session))
    if office is not None and office not in zones:
        raise Invalid(f"There is no office {office!r}.", code="unknown_office")
    zone = zones[office] if office is not None else next(iter(zones.values()), "UTC")
    last = last or now.astimezone(ZoneInfo(zone)).date() + timedelta(days=1)
    first = first or last - timedelta(days=DAYS)
    if not timedelta() < last - first <= timedelta(days=MOST_DAYS):
        raise Invalid(f"From the first day to the last there are 1 to {MOST_DAYS} days.", code="bad_period")
    return Period(first=first, last=last, zone=zone)


async def counted(
    session: AsyncSession, statement: str, dimensions: Mapping[str, str], wish: Wish, *more: object
) -> list[asyncpg.Record]:
    """The rows of a statement, in which `{by}` is how it is divided and `{only}` what it is narrowed to.

    It is given the period as $1 and $2, the most rows as $3, and then `more`. A column `whole` is not 0 in rows of the total.
    """
    arguments: list[object] = [wish.period.begin, wish.period.end, MOST_ROWS, *more]
    only = ""
    for name, code in wish.only.items():
        arguments.append(code)
        only += f" AND {dimensions[name]} = ${len(arguments)}"
    connection = await raw(session)
    await connection.execute(_BY_INDEX)
    return list(await connection.fetch(statement.format(by=dimensions[wish.by], only=only), *arguments))


def report(wish: Wish, told: Sequence[Mapping[str, Any]], *, base: str, keep: Sequence[str] = ()) -> Report:
    """The rows as they may be told. `base`: what is told of a representative's few, with `keep`; each has `whole`."""
    rows = [_guarded(row, base, keep) if wish.by == PERSON and not row["whole"] else row for row in told]
    plain = [{name: value for name, value in row.items() if name != "whole"} for row in rows]
    total = [each for each, row in zip(plain, told, strict=True) if row["whole"]]
    items = [each for each, row in zip(plain, told, strict=True) if not row["whole"]]
    return Report(total=total if wish.total else None, items=items)


def _guarded(row: Mapping[str, Any], base: str, keep: Sequence[str]) -> Mapping[str, Any]:
    if row[base] >= LEAST:
        return row
    kept = {"code", "whole", base, *keep}
    return {name: value if name in kept else None for name, value in row.items()}
