"""The service on a real database, called through its real ASGI edge, with a key for every role."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg
import httpx2
import pytest
from fastapi import FastAPI

from app.actions.offers.offer import Wanted, offer
from app.db import uuid7
from app.main import create_app
from app.security import digest
from app.settings import Settings
from tests.office import REPRESENTATIVES, furnish
from tests.racing import HANG_SECONDS, LOOK_SECONDS

ROLES = ("admin", "supervisor", "integration", "kiosk")
_HELD_BACK = """
SELECT EXISTS (SELECT FROM event WHERE epoch = current_epoch() AND xid >= pg_snapshot_xmin(pg_current_snapshot()))
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class House:
    """A furnished service: its application, a client without a key, and a key per role and representative."""

    app: FastAPI
    client: httpx2.AsyncClient
    database: str
    keys: dict[str, str] = field(default_factory=dict)

    def headers(self, who: str) -> dict[str, str]:
        """What `who` (a role or a representative) sends along."""
        return {"authorization": f"Bearer {self.keys[who]}"}

    async def call(self, who: str, method: str, path: str, json: Any = None, **more: Any) -> httpx2.Response:
        """One request; `json` None sends no body."""
        headers = {**self.headers(who), **more.pop("headers", {})}
        body = {} if json is None else {"json": json}
        return await self.client.request(method, path, headers=headers, **body, **more)

    async def arrive(self, ref: str, **more: Any) -> dict[str, Any]:
        """A contact comes in over the API; returns what the caller is told."""
        body = {"channel": "console", "ref": ref, "request_type": "claim", **more}
        answer = await self.call("integration", "POST", "/v1/interactions", body)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def feed(self, who: str, **query: Any) -> list[dict[str, Any]]:
        """The first page of the feed once it tells all that is committed: it waits for whoever writes at this moment."""
        async with asyncio.timeout(HANG_SECONDS), self.app.state.service.database.connection() as connection:
            while await connection.fetchval(_HELD_BACK):
                await asyncio.sleep(LOOK_SECONDS)
        answer = await self.call(who, "GET", "/v1/events", params={"limit": 200, **query})
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["items"]
        return found

    async def available(self, *representatives: str) -> None:
        """They say that they are available."""
        for code in representatives:
            answer = await self.call(
                "supervisor", "PUT", f"/v1/representatives/{code}/presence", {"status": "available"}
            )
            assert answer.status_code == 200, answer.text

    async def offer(self, interaction_id: str, representative: str, *, seconds: float = 60) -> str:
        """Offer it as the dispatcher does; returns the assignment's id. `seconds`: until it expires, from now."""
        await self.available(representative)
        async with self.app.state.service.database.transaction() as connection:
            versions = await connection.fetchrow(
                "SELECT (SELECT version FROM interaction WHERE id = $1) AS interaction,"
                " (SELECT version FROM representative WHERE code = $2) AS staff",
                UUID(interaction_id),
                representative,
            )
            made = await offer(
                connection,
                [
                    Wanted(
                        interaction=UUID(interaction_id),
                        version=versions["interaction"],
                        representative=representative,
                        staff_version=versions["staff"],
                    )
                ],
            )
            assert len(made.interactions) == 1, "the guards refused the offer"
            found = await connection.fetchval(
                "UPDATE assignment SET expires_at = offered_at + make_interval(secs => $2)"
                " WHERE interaction_id = $1 AND ended_at IS NULL RETURNING id",
                UUID(interaction_id),
                seconds,
            )
        return str(found)


async def give_keys(dsn: str) -> dict[str, str]:
    """One key per role and one per representative; by name."""
    keys = {name: f"rk_{name}_for_the_tests_only" for name in (*ROLES, *REPRESENTATIVES)}
    connection = await asyncpg.connect(dsn)
    try:
        for name, key in keys.items():
            person = name if name in REPRESENTATIVES else None
            await connection.execute(
                "INSERT INTO api_key (id, name, role, representative, prefix, digest) VALUES ($1, $2, $3, $4, $5, $6)",
                uuid7(), name, "representative" if person else name, person, key[:8], digest(key),
            )  # fmt: skip
    finally:
        await connection.close()
    return keys


@asynccontextmanager
async def opened(dsn: str, settings: Settings, *, loops: bool = False) -> AsyncIterator[House]:
    """The service on a furnished database with keys."""
    await furnish(dsn)
    keys = await give_keys(dsn)
    app = create_app(settings, dsn=dsn, loops=loops)
    async with app.router.lifespan_context(app):
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://raabta.localhost") as client:
            yield House(app=app, client=client, database=dsn, keys=keys)


@pytest.fixture
async def house(database: str) -> AsyncIterator[House]:
    """The service without its loops: nothing moves but by the test's own calls."""
    async with opened(database, Settings()) as found:
        yield found


@pytest.fixture
def sql(database: str) -> Callable[..., Any]:
    """One statement on the test's database: `await sql("SELECT …", argument)` gives the rows."""

    async def run(statement: str, *arguments: object) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(database)
        try:
            return await connection.fetch(statement, *arguments)
        finally:
            await connection.close()

    return run
