"""Next, please: one representative asks for work, and gets what the matcher would give them.

Decides nothing of its own: it puts this one representative on a floor with those who wait for them, plans, and writes the offer
by the dispatcher's own guarded statement. Accepted in the same transaction, so that two counters never get the same visitor.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app import convert
from app.actions.offers.accept import take
from app.actions.offers.offer import Wanted, offer
from app.actions.record import locked, locked_pair
from app.actions.representatives.presence import let_go_of_offers
from app.db import Connection
from app.errors import Conflict
from app.queries.line import floor as queries
from app.queries.line.next import OF_A_LINE, earliest_for
from app.queries.rules import raw
from app.security import Actor
from app.tables import Assignment, Representative
from routing.floor import Floor
from routing.model import Offer, Staff

LOOKS: Final = (OF_A_LINE, 2_000)
"""So many of each line are looked at, and if none of them can be taken, so many: a line may begin with people held for others."""
TRIES: Final = 50
"""So many others may take somebody from under our hands before we give up: each of them got a visitor."""


async def pull(session: AsyncSession, code: str, *, actor: Actor, now: datetime) -> Assignment | None:
    """The next one for them, accepted; None = nobody waits whom they could take now.

    Whoever may take no more in this hour or day lets go of all else they are offered. Raises `NotFound`, `Conflict`
    (`not_available`; `resting`: as many as the hour or the day allows were taken).
    """
    # Locked first, and nothing is waited for while it is: the offer skips interactions that somebody else works on.
    representative = await locked(session, Representative, code)
    if representative.presence != "available" or representative.retired:
        raise Conflict("Say that you are available first.", code="not_available")
    if representative.resting_until is not None and representative.resting_until > now:
        raise Conflict("You have taken as many as your hour or day allows.", code="resting")
    found = await _found(await raw(session), code, now=now)
    if found is None:
        return None
    asked = select(Assignment.id).where(Assignment.interaction_id == found, col(Assignment.ended_at).is_(None))
    interaction, assignment = await locked_pair(session, (await session.exec(asked)).one())
    if await take(session, interaction, assignment, actor=actor, now=max(now, interaction.state_at)):
        await let_go_of_offers(session, code, actor=actor, now=now)
    return assignment


async def _found(connection: Connection, code: str, *, now: datetime) -> UUID | None:
    """Who is next, offered to them. First the few who come first; more of a line only where all of those are for others."""
    for of_a_line in LOOKS:
        rows = {row["id"]: row for row in await earliest_for(connection, code, of_a_line=of_a_line)}
        found = await _first_that_holds(connection, code, rows, now=now)
        if found is not None or len(rows) < of_a_line:
            return found
    return None


async def _first_that_holds(
    connection: Connection, code: str, rows: Mapping[UUID, asyncpg.Record], *, now: datetime
) -> UUID | None:
    """Plan and write until an offer holds; whoever somebody else has just taken is left out of the next plan."""
    if not rows:
        return None
    [staff] = await queries.staff(connection, [code])
    floor = await _floor(connection, staff, rows.values(), now=now)
    for _ in range(TRIES):
        offers = floor.plan(now.timestamp(), limit=1, traced=True).offers
        if not offers:
            return None
        made = await offer(connection, [_wanted(offers[0], rows[offers[0].interaction], staff)])
        if made.interactions:
            return offers[0].interaction
        floor.staff(_asking(staff))  # the floor took its offer for made
    return None


def _asking(staff: asyncpg.Record) -> Staff:
    """Them, at this moment as one to whom something is offered."""
    return replace(convert.staff(staff), pulls=False)


async def _floor(
    connection: Connection, staff: asyncpg.Record, rows: Iterable[asyncpg.Record], *, now: datetime
) -> Floor:
    """This one representative and those who wait for them.

    Whoever is waited for by somebody is on it too, and takes nothing: they hold what is theirs for a while.
    """
    floor = Floor(now=now.timestamp())
    waiting = [convert.waiting(row) for row in rows]
    preferred = sorted({each.preferred for each in waiting if each.preferred not in (None, staff["code"])})
    for row in await queries.staff(connection, preferred) if preferred else ():
        if row["presence"] != "offline" and not row["retired"]:
            floor.staff(replace(convert.staff(row), pulls=True, resting_until=0.0))
    floor.staff(_asking(staff))
    for each in waiting:
        floor.place(each)
    return floor


def _wanted(planned: Offer, row: asyncpg.Record, staff: asyncpg.Record) -> Wanted:
    return Wanted(
        interaction=planned.interaction,
        version=row["version"],
        representative=planned.representative,
        staff_version=staff["version"],
        trace=convert.trace_text(planned.trace) if planned.trace is not None else None,
    )
