"""What all races share: how many attempts there are, what must hold afterwards, and how a guard is taken away.

Each race is run twice: as it is, and sabotaged. The same check must stay green in the first and turn red in the second.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

import asyncpg
import orjson

from app.actions.offers.offer import WRITE, Wanted, offer
from app.errors import Conflict
from app.queries.audit.audit import audit
from tests.crowd import go_to_work, wait_in_line

LOST_AT_LEAST = 0.05
"""A race that nobody loses was not one."""
AT_ONCE = 8
Item = TypeVar("Item")

GUARDS = {
    "row": (
        "i.state = ANY($6::text[]) AND i.version = w.version",
        "FOR NO KEY UPDATE OF i SKIP LOCKED",
        "AND i.state = ANY($6::text[])",
        "ON CONFLICT (interaction_id) WHERE ended_at IS NULL DO NOTHING",
    ),
    "capacity": (
        "FOR NO KEY UPDATE OF r SKIP LOCKED",
        "WHERE (NOT live OR live_then <= 1) AND (alone IS NOT TRUE OR live_then = 0) AND (units = 0 OR units_then <= capacity)",
        "AND r.live + taken.live <= 1 AND (taken.units = 0 OR r.units + taken.units <= r.capacity)",
    ),
    "presence": (
        "FOR NO KEY UPDATE OF r SKIP LOCKED",
        "AND r.version = w.staff_version",
        "WHERE r.presence = 'available' AND NOT r.retired",
        "AND r.presence = 'available'",
    ),
}
"""The guards in the offer's statement, by what they protect."""


@dataclass(kw_only=True, slots=True)
class Tally:
    """How many tried, and how many of them lost."""

    attempts: int = 0
    lost: int = 0

    async def count(self, attempt: Awaitable[object]) -> bool:
        """Wait for one attempt; True if it won."""
        self.attempts += 1
        try:
            await attempt
        except Conflict:
            self.lost += 1
            return False
        return True

    def check(self, *, at_least: int) -> None:
        """It was a race, and long enough."""
        assert self.attempts >= at_least
        assert self.lost >= LOST_AT_LEAST * self.attempts, f"only {self.lost} of {self.attempts} lost"


def without(*guards: str) -> str:
    """The offer's statement without some of its guards."""
    write = WRITE
    for guard in guards:
        for part in GUARDS[guard]:
            assert part in write, f"no such guard any more: {part}"
            # The parameters must still be there, or PostgreSQL cannot know their types.
            write = write.replace(part, "$6::text[] IS NOT NULL" if part.startswith("i.state") else "", 1)
    return write


async def broken_rules(connection: asyncpg.Connection) -> set[str]:
    """The names of the invariants that the tables no longer keep."""
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=str, decoder=orjson.loads)
    return {finding.rule for finding in await audit(connection)}


async def each(items: Iterable[Item], work: Callable[[Item], Awaitable[object]], *, at_once: int = AT_ONCE) -> None:
    """`work` for every item, so many at once."""
    left = iter(items)

    async def worker() -> None:
        for item in left:
            await work(item)

    await asyncio.gather(*(worker() for _ in range(at_once)))


async def offers(connection: asyncpg.Connection, count: int, *, staff: int = 50) -> list[tuple[UUID, UUID]]:
    """`count` open offers; (interaction, assignment) of each."""
    ids = await wait_in_line(connection, count)
    codes = await go_to_work(connection, staff, capacity=-(-count // staff))
    wanted = [
        Wanted(interaction=UUID(each), version=1, representative=codes[place % staff], staff_version=2)
        for place, each in enumerate(ids)
    ]
    made = await offer(connection, wanted)
    assert len(made.interactions) == count
    rows = await connection.fetch("SELECT interaction_id, id FROM assignment ORDER BY interaction_id")
    return [(row["interaction_id"], row["id"]) for row in rows]
