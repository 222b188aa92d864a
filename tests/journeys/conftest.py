"""The whole service at work: its real edges, its loops, a real database; only the world outside is played by the tests."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from html import unescape
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest
from pydantic import SecretStr
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from app.queries.audit import audit
from app.settings import Settings
from tests.api.conftest import House, opened
from tests.racing import HANG_SECONDS, LOOK_SECONDS

BASE: Final = "https://calls.example.org"
TOKEN: Final = "twilio-token-of-the-tests"


class Journey:
    """What a story does and sees, always through an edge; only the clock and the rows behind it are looked at directly."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.db = house.app.state.service.database

    # --- the world outside

    async def ring(self, hook: str, call: str, **form: str) -> str:
        """A webhook of Twilio's, rightly signed; returns the document. `hook` may be a whole address Twilio was told."""
        address = hook if hook.startswith("https://") else f"{BASE}/v1/channels/phone/{hook}"
        fields = {"CallSid": call, "From": "+923001234567", "CallStatus": "in-progress", **form}
        signature = RequestValidator(TOKEN).compute_signature(address, fields)
        path = address.removeprefix(BASE)
        answer = await self.house.client.post(path, data=fields, headers={"x-twilio-signature": signature})
        assert answer.is_success, answer.text
        return answer.text

    async def mail(self, letter: str) -> dict[str, Any]:
        """A letter as the mail server hands it over."""
        headers = {**self.house.headers("integration"), "content-type": "message/rfc822"}
        content = letter.replace("\n", "\r\n").encode()
        answer = await self.house.client.post("/v1/channels/email/raw", content=content, headers=headers)
        assert answer.is_success, answer.text
        told: dict[str, Any] = answer.json()
        return told

    async def kiosk(self, hook: str, **body: Any) -> dict[str, Any]:
        """What a kiosk posts, and the ticket it prints."""
        answer = await self.house.call("kiosk", "POST", f"/v1/channels/walk_in/{hook}", body)
        assert answer.is_success, answer.text
        told: dict[str, Any] = answer.json()
        return told

    # --- the representatives, at their desks

    async def call(self, who: str, method: str, path: str, json: Any = None) -> dict[str, Any]:
        """One request that must be answered well."""
        headers = {"idempotency-key": str(uuid4())} if method == "POST" else {}
        answer = await self.house.call(who, method, path, json, headers=headers)
        assert answer.is_success, answer.text
        told: dict[str, Any] = answer.json()
        return told

    async def presence(self, code: str, status: str = "available") -> None:
        """They say so themselves."""
        await self.call(code, "PUT", f"/v1/representatives/{code}/presence", {"status": status})

    async def offered(self, code: str, interaction: str) -> str:
        """The assignment, once the dispatcher has offered this interaction to `code`."""

        async def look() -> str | None:
            items = (await self.call(code, "GET", f"/v1/representatives/{code}/assignments?live=true"))["items"]
            return next((each["id"] for each in items if each["interaction_id"] == interaction and each["state"] == "offered"), None)  # fmt: skip

        return str(await self.until(look))

    async def accept(self, code: str, interaction: str) -> str:
        """They take what they are offered, as soon as they are; returns the assignment."""
        assignment = await self.offered(code, interaction)
        await self.call(code, "PUT", f"/v1/assignments/{assignment}/acceptance")
        return assignment

    async def decline(self, code: str, interaction: str) -> None:
        """They do not take it."""
        assignment = await self.offered(code, interaction)
        await self.call(code, "PUT", f"/v1/assignments/{assignment}/rejection", {"reason": "busy"})

    async def complete(self, code: str, interaction: str) -> None:
        """Their work on it is done."""
        await self.call(code, "PUT", f"/v1/interactions/{interaction}/completion", {"outcome": "answered"})

    # --- what became of it

    async def interaction(self, interaction: str) -> dict[str, Any]:
        """As a supervisor sees it."""
        return await self.call("supervisor", "GET", f"/v1/interactions/{interaction}")

    async def becomes(self, interaction: str, state: str) -> dict[str, Any]:
        """The interaction, once it is in this state."""

        async def look() -> dict[str, Any] | None:
            found = await self.interaction(interaction)
            return found if found["state"] == state else None

        found: dict[str, Any] = await self.until(look)
        return found

    async def story(self, interaction: str) -> list[str]:
        """The kinds of its events."""
        items = (await self.call("supervisor", "GET", f"/v1/interactions/{interaction}/events"))["items"]
        return [each["type"].partition(".")[2] for each in items]

    async def sent(self, interaction: str, kind: str, count: int = 1) -> asyncpg.Record:
        """The newest command of this kind, once `count` of them have left."""

        async def look() -> asyncpg.Record | None:
            rows = await self.fetch(
                "SELECT * FROM outbox WHERE interaction_id::text = $1 AND kind = $2 AND state = 'sent' ORDER BY created_at",
                interaction, kind,
            )  # fmt: skip
            return rows[-1] if len(rows) == count else None

        found: asyncpg.Record = await self.until(look)
        return found

    async def fetch(self, query: str, *args: object) -> list[asyncpg.Record]:
        """Rows of any query."""
        async with self.db.connection() as connection:
            rows: list[asyncpg.Record] = await connection.fetch(query, *args)
            return rows

    async def until(self, look: Callable[[], Awaitable[Any]]) -> Any:
        """What `look` finds, once it finds something."""
        began = time.monotonic()
        while (found := await look()) is None:
            assert time.monotonic() - began < HANG_SECONDS, f"{look.__qualname__} found nothing"
            await asyncio.sleep(LOOK_SECONDS)
        return found

    async def pass_time(self, seconds: float) -> None:
        """The database's clock moves on; everybody at work was heard of meanwhile."""
        async with self.db.transaction() as connection:
            ahead = await connection.fetchval("SELECT extract(epoch FROM wall_clock() - clock_timestamp())::float8")
            await connection.execute(
                "CREATE OR REPLACE FUNCTION wall_clock() RETURNS timestamptz LANGUAGE sql VOLATILE AS "
                f"$$ SELECT clock_timestamp() + make_interval(secs => {ahead + seconds:.6f}) $$"
            )
            await connection.execute(
                "UPDATE representative SET heartbeat_at = wall_clock() WHERE presence <> 'offline'"
            )


def address(document: str, verb: str) -> str:
    """Where Twilio is told to go next: the `action` of a verb, or the address a Redirect names."""
    if verb == "Redirect":
        found = re.search(r"<Redirect[^>]*>([^<]+)</Redirect>", document)
    else:
        found = re.search(rf'<{verb}[^>]*action="([^"]+)"', document)
    assert found, document
    told = unescape(found[1])
    assert urlsplit(told).scheme == "https"
    return told


@pytest.fixture
async def journey(database: str) -> AsyncIterator[Journey]:
    """The service with its loops, nobody at work yet; at the end the audit must find nothing."""
    settings = Settings(public_base_url=BASE, twilio_auth_token=SecretStr(TOKEN), mail_address="support@raabta.test")
    async with opened(database, settings, loops=True) as house:
        story = Journey(house)
        yield story
        async with story.db.connection() as connection:
            assert await audit(connection) == []
