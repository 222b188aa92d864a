"""A furnished house at work: what tests of the actions need to bring a contact into any state, and to look at what became of it.

Everything goes the way the service goes (intake, offer, actions), each step in a transaction of its own that commits.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from itertools import count
from typing import Any, Final
from uuid import UUID

import asyncpg

from app.actions.contacts.cancel import cancel
from app.actions.contacts.complete import complete
from app.actions.contacts.depart import depart
from app.actions.line.requeue import park
from app.actions.offers.accept import accept
from app.actions.offers.offer import Wanted, offer
from app.actions.representatives.presence import set_presence
from app.db import Database, now, uuid7
from app.intake import Contact, Intake
from app.queries.audit.audit import audit
from app.security import Actor
from channels.base import Arrived, Outcome, Signal, Wrote
from tests.office import furnish
from tests.racing import PATIENT

SUPERVISOR: Final = Actor(role="supervisor", key_id="test")
SERVED: Final = ("offered", "active", "wrapping", "parked", "completed")
STATES: Final = ("arriving", "scheduled", "queued", "offered", "active", "wrapping", "parked", "completed", "abandoned", "cancelled")  # fmt: skip

_CONTENT: Final = """
SELECT string_agg(t::text, E'\\n' ORDER BY t::text) FROM "{}" AS t
"""
# Who came in a day is counted a moment after they came.
_TABLES: Final = """
SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
    AND relname NOT IN ('alembic_version', 'queue_day')
"""
_SCHEDULED: Final = """
WITH made AS (
    INSERT INTO "case" (id, token, state, opened_at, version) VALUES ($2::uuid, $2::uuid::text, 'open', wall_clock(), 1)
), booked AS (
    INSERT INTO interaction (id, case_id, channel, contact, state, queue, live, units, arrived_at, state_at, wake_at, version)
    VALUES ($1::uuid, $2::uuid, 'console', $1::uuid::text, 'scheduled', 'inquiries', false, 1, wall_clock(), wall_clock(),
            wall_clock() + interval '1 hour', 1)
), taken AS (
    INSERT INTO receipt (source, channel, ref, interaction_id, at) VALUES ('test', 'console', $1::uuid::text, $1::uuid, wall_clock())
)
INSERT INTO event (subject, subject_id, version, kind, at, actor)
VALUES ('case', $2::uuid::text, 1, 'opened', wall_clock(), 'system'), ('interaction', $1::uuid::text, 1, 'scheduled', wall_clock(), 'system')
"""


def person(code: str) -> Actor:
    """A representative with a key of their own."""
    return Actor(role="representative", key_id="test", representative=code)


class Shift:
    """One house, open. `db` and `intake` are the real ones."""

    def __init__(self, db: Database, intake: Intake) -> None:
        self.db = db
        self.intake = intake
        self._numbers = count(1)

    async def do(
        self, action: Callable[..., Awaitable[Any]], *args: Any, actor: Actor = SUPERVISOR, **more: Any
    ) -> Any:
        """One action in a transaction of its own, at the database's time."""
        async with self.db.session() as session:
            return await action(session, *args, actor=actor, now=await now(session), **more)

    async def take(self, channel: str, signal: Signal, **more: Any) -> Outcome:
        """One signal through the intake."""
        contact = Contact(source="test", channel=channel, signals=[signal], actor="integration:test", **more)
        return (await self.intake.submit(contact))[0]

    async def arrive(self, channel: str = "walk_in", request_type: str | None = "inquiry", **more: Any) -> UUID:
        """A new contact; its name is `{channel}-{number}`. Returns the interaction."""
        case_id = more.pop("case_id", None)
        name = f"{channel}-{next(self._numbers)}"
        signal: Signal
        if channel == "email":
            plain = {"content": name, "body": "Words", "language": "en", "reply_to": "sana@example.test"}
            signal = Wrote(ref=name, contact=name, request_type=request_type, **{**plain, **more})
        else:
            signal = Arrived(ref=name, contact=name, request_type=request_type, **{"language": "en", **more})
        outcome = await self.take(channel, signal, case_id=case_id)
        assert outcome.interaction_id is not None
        return outcome.interaction_id

    async def come_to_work(self, *codes: str) -> None:
        """They are available."""
        for code in codes:
            await self.do(set_presence, code, status="available", reason=None)

    async def offer(self, interaction: UUID, code: str = "esther") -> UUID:
        """Offer it as the dispatcher does; returns the assignment. Who is not available comes to work first."""
        await self.come_to_work(code)
        async with self.db.transaction() as connection:
            versions = await connection.fetchrow(
                "SELECT i.version, r.version AS staff FROM interaction i, representative r WHERE i.id = $1 AND r.code = $2",
                interaction, code,
            )  # fmt: skip
            assert versions is not None
            wanted = Wanted(
                interaction=interaction,
                version=versions["version"],
                representative=code,
                staff_version=versions["staff"],
            )
            made = await offer(connection, [wanted])
        assert made.interactions == {interaction}, "the offer does not hold"
        found: UUID = (await self.holder(interaction))["id"]
        return found

    async def serve(self, interaction: UUID, code: str = "esther") -> UUID:
        """Offered and accepted; returns the assignment."""
        assignment = await self.offer(interaction, code)
        await self.do(accept, assignment, actor=person(code))
        return assignment

    async def bring(self, state: str, *, channel: str = "walk_in", code: str = "esther") -> UUID:
        """A new interaction in this state; where somebody holds or held it, that is `code`."""
        if state == "scheduled":
            return await self._book()
        if state == "arriving" and channel == "walk_in":
            channel = "phone"  # who stands at a kiosk has chosen
        interaction = await self.arrive(channel, None if state == "arriving" else "inquiry")
        if state == "cancelled":
            await self.do(cancel, interaction, reason="test")
        elif state == "abandoned":
            await self.do(depart, interaction, reason="test")
        elif state == "offered":
            await self.offer(interaction, code)
        elif state in SERVED:
            await self.serve(interaction, code)
            if state == "wrapping":
                await self.do(depart, interaction, reason="test")
            elif state == "parked":
                await self.do(park, interaction, until=None, reason=None)
            elif state == "completed":
                await self.do(complete, interaction, outcome=None)
        assert (await self.row(interaction))["state"] == state
        return interaction

    async def _book(self) -> UUID:
        interaction, case = uuid7(), uuid7()
        async with self.db.transaction() as connection:
            await connection.execute(_SCHEDULED, interaction, case)
        return interaction

    async def pass_time(self, seconds: float) -> None:
        """Move the database's clock on."""
        async with self.db.transaction() as connection:
            ahead = await connection.fetchval("SELECT extract(epoch FROM wall_clock() - clock_timestamp())::float8")
            await connection.execute(
                "CREATE OR REPLACE FUNCTION wall_clock() RETURNS timestamptz LANGUAGE sql VOLATILE AS "
                f"$$ SELECT clock_timestamp() + make_interval(secs => {ahead + seconds:.6f}) $$"
            )

    async def stand_still(self, seconds: float = 0.0) -> None:
        """The database's clock goes on by this much and stands still there: what the test's own work takes is no time."""
        async with self.db.transaction() as connection:
            now = await connection.fetchval("SELECT wall_clock()")
            await connection.execute(
                "CREATE OR REPLACE FUNCTION wall_clock() RETURNS timestamptz LANGUAGE sql VOLATILE AS "
                f"$$ SELECT timestamptz '{(now + timedelta(seconds=seconds)).isoformat()}' $$"
            )

    async def row(self, interaction: UUID) -> asyncpg.Record:
        """The interaction's row."""
        return await self._one("SELECT * FROM interaction WHERE id = $1", interaction)

    async def case(self, interaction: UUID) -> asyncpg.Record:
        """The row of its case."""
        return await self._one(
            'SELECT * FROM "case" WHERE id = (SELECT case_id FROM interaction WHERE id = $1)', interaction
        )

    async def holder(self, interaction: UUID) -> asyncpg.Record:
        """Its newest assignment's row."""
        return await self._one(
            "SELECT * FROM assignment WHERE interaction_id = $1 ORDER BY id DESC LIMIT 1", interaction
        )

    async def staff(self, code: str) -> asyncpg.Record:
        """A representative's row."""
        return await self._one("SELECT * FROM representative WHERE code = $1", code)

    async def story(self, subject: UUID | str) -> list[str]:
        """The kinds of its events, in order of version."""
        rows = await self.fetch("SELECT kind FROM event WHERE subject_id = $1 ORDER BY version", str(subject))
        return [row["kind"] for row in rows]

    async def last(self, subject: UUID | str) -> asyncpg.Record:
        """Its newest event."""
        return await self._one("SELECT * FROM event WHERE subject_id = $1 ORDER BY version DESC LIMIT 1", str(subject))

    async def commands(self, interaction: UUID) -> list[asyncpg.Record]:
        """Its rows of the outbox, oldest first."""
        return await self.fetch("SELECT * FROM outbox WHERE interaction_id = $1 ORDER BY created_at, id", interaction)

    async def fetch(self, query: str, *args: object) -> list[asyncpg.Record]:
        """Rows of any query."""
        async with self.db.connection() as connection:
            return await connection.fetch(query, *args)

    async def execute(self, statement: str, *args: object) -> None:
        """Any statement, committed."""
        async with self.db.transaction() as connection:
            await connection.execute(statement, *args)

    async def everything(self) -> dict[str, str | None]:
        """All rows of all tables but the count of who came, as text: equal means that nothing at all has changed."""
        async with self.db.connection() as connection:
            tables = [row[0] for row in await connection.fetch(_TABLES)]
            return {table: await connection.fetchval(_CONTENT.format(table)) for table in tables}

    async def sound(self) -> None:
        """The audit finds nothing."""
        async with self.db.connection() as connection:
            found = await audit(connection)
        assert not found, f"the audit finds {found}"

    async def _one(self, query: str, *args: object) -> asyncpg.Record:
        rows = await self.fetch(query, *args)
        assert len(rows) == 1
        return rows[0]


@contextlib.asynccontextmanager
async def open_shift(dsn: str) -> AsyncIterator[Shift]:
    """Furnish the empty, migrated database at `dsn` and open the house; at the end the audit must find nothing."""
    await furnish(dsn)
    async with Database(dsn, settings=PATIENT) as db, Intake(db) as intake:
        shift = Shift(db, intake)
        yield shift
        await shift.sound()
