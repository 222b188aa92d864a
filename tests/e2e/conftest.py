"""The real service on a real port, with all its chores, and a real browser in front of it."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import httpx2
import pytest
import uvicorn
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, async_playwright, expect

from app.main import create_app
from app.settings import Settings
from tests.api.conftest import give_keys
from tests.office import furnish
from tests.racing import HANG_SECONDS

expect.set_options(timeout=HANG_SECONDS * 1_000)
LAUNCH = [
    "--no-sandbox", "--headless", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """Where the service is, and its keys by role or representative."""

    url: str
    keys: dict[str, str]
    api: httpx2.AsyncClient
    database: str

    async def call(self, who: str, method: str, path: str, json: Any = None) -> Any:
        """One request to the API; returns the answer's JSON."""
        headers = {"authorization": f"Bearer {self.keys[who]}"}
        body = {} if json is None else {"json": json}
        answer = await self.api.request(method, path, headers=headers, **body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def letter(self, ref: str, **more: Any) -> str:
        """A letter arrives; returns the interaction's id."""
        customer = {"name": "Sara Khan", "email": "sara@example.org"}
        body = {"channel": "email", "ref": ref, "request_type": "claim", "customer": customer, **more}
        return str((await self.call("integration", "POST", "/v1/interactions", body))["id"])

    async def visit(self, ref: str, **more: Any) -> str:
        """Somebody takes a ticket; returns the interaction's id."""
        body = {"ref": ref, "request_type": "claim", "office": "lahore", **more}
        return str((await self.call("kiosk", "POST", "/v1/channels/walk_in/visits", body))["id"])

    async def state(self, interaction_id: str) -> str:
        """What the API says of an interaction."""
        return str((await self.call("admin", "GET", f"/v1/interactions/{interaction_id}"))["state"])


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """One open page, and whatever it complained about."""

    page: Page
    site: Site
    complaints: list[str] = field(default_factory=list)

    async def sign_in(self, who: str = "ayesha", *, available: bool = True) -> None:
        """By the form."""
        await self.page.goto(f"{self.site.url}/desk")
        await self.page.locator("#key").fill(self.site.keys[who])
        await self.page.locator("#key").press("Enter")
        await self.page.wait_for_url("**/desk?said=signed_in")
        if available:
            await self.page.locator("#presence button[value=available]").click()
            await self.page.wait_for_url("**/desk?said=available")

    async def accept(self) -> None:
        """Accept the first offer."""
        await self.page.locator(".offer button.primary").first.click()
        await self.page.wait_for_url("**/desk/work/*")


Open = Callable[..., Awaitable[Desk]]


@pytest.fixture
async def site(database: str) -> AsyncIterator[Site]:
    """`create_app` with its loops under uvicorn, on a free port. No offer runs out before a slow browser has drawn it."""
    await furnish(database)
    connection = await asyncpg.connect(database)
    await connection.execute("UPDATE queue SET offer_timeout_seconds = 600")
    await connection.close()
    keys = await give_keys(database)
    app = create_app(Settings(), dsn=database)
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{door.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="none", timeout_graceful_shutdown=2))
        serving = asyncio.create_task(server.serve(sockets=[door]))
        while not server.started:
            await asyncio.sleep(0.01)
        async with httpx2.AsyncClient(base_url=url) as api:
            yield Site(url=url, keys=keys, api=api, database=database)
        app.state.service.stop()
        server.should_exit = True
        await serving


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Debian's Chromium. In CI it must be there; elsewhere these tests are skipped, and say so."""
    found = shutil.which("chromium")
    if found is None and os.environ.get("CI"):
        pytest.fail("there is no chromium: apt-get install chromium")
    if found is None:
        pytest.skip("there is no chromium here: apt-get install chromium")
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=found, args=LAUNCH)
        yield launched
        await launched.close()


@pytest.fixture
async def open_desk(browser: Browser, site: Site) -> AsyncIterator[Open]:
    """Opens pages, each in a profile of its own; whatever one complains about fails the test."""
    opened: list[Desk] = []
    async with AsyncExitStack() as stack:

        async def open_one(**options: Any) -> Desk:
            context: BrowserContext = await browser.new_context(**options)
            stack.push_async_callback(context.close)
            desk = Desk(page=await context.new_page(), site=site)
            desk.page.set_default_timeout(HANG_SECONDS * 1_000)
            desk.page.on("console", lambda message: _complain(desk, message))
            desk.page.on("pageerror", lambda error: desk.complaints.append(str(error)))
            opened.append(desk)
            return desk

        yield open_one
        assert [desk.complaints for desk in opened if desk.complaints] == []


def _complain(desk: Desk, message: ConsoleMessage) -> None:
    if message.type in {"error", "warning"}:
        desk.complaints.append(message.text)
