"""The pages of a real service, visited as a browser does without JavaScript: a cookie, forms, and what they lead to."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx2
import pytest

from app.deps import csrf_token
from app.settings import Settings
from tests.api.conftest import House, opened


@dataclass(frozen=True, kw_only=True, slots=True)
class Visitor:
    """One browser: signed in as a representative, or not."""

    house: House
    browser: httpx2.AsyncClient
    key: str = ""

    async def see(self, path: str, *, status: int = 200) -> str:
        """The page at a path, as it is drawn."""
        answer = await self.browser.get(path)
        assert answer.status_code == status, (answer.status_code, answer.headers, answer.text)
        return answer.text

    async def press(self, path: str, **fields: str) -> str:
        """Send a form with its token; returns where the browser is sent."""
        answer = await self.browser.post(path, data={**fields, "csrf_token": csrf_token(self.key)})
        assert answer.status_code == 303, (answer.status_code, answer.text)
        return answer.headers["location"]

    async def refused(self, path: str, **fields: str) -> tuple[int, str]:
        """Send a form that is not taken; the status and the page that shows it again."""
        answer = await self.browser.post(path, data={**fields, "csrf_token": csrf_token(self.key)})
        assert answer.status_code >= 400, (answer.status_code, answer.headers)
        return answer.status_code, answer.text


@pytest.fixture
async def house(database: str) -> AsyncIterator[House]:
    """The service without its loops."""
    async with opened(database, Settings()) as found:
        yield found


@pytest.fixture
async def stranger(house: House) -> AsyncIterator[Visitor]:
    """A browser that has not signed in."""
    async with _browser(house) as browser:
        yield Visitor(house=house, browser=browser)


@pytest.fixture
async def ayesha(house: House) -> AsyncIterator[Visitor]:
    """Ayesha at her desk."""
    async with _browser(house) as browser:
        yield await signed_in(house, browser, "ayesha")


@pytest.fixture
async def chandra(house: House) -> AsyncIterator[Visitor]:
    """Chandra at hers."""
    async with _browser(house) as browser:
        yield await signed_in(house, browser, "chandra")


@pytest.fixture
async def supervisor(house: House) -> AsyncIterator[Visitor]:
    """Somebody who leads."""
    async with _browser(house) as browser:
        key = house.keys["supervisor"]
        answer = await browser.post("/desk/sign-in", data={"key": key})
        assert (answer.status_code, answer.headers["location"]) == (303, "/desk/alarms?said=signed_in")
        yield Visitor(house=house, browser=browser, key=key)


async def signed_in(house: House, browser: httpx2.AsyncClient, code: str) -> Visitor:
    """Sign in by the form."""
    key = house.keys[code]
    answer = await browser.post("/desk/sign-in", data={"key": key})
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk?said=signed_in")
    return Visitor(house=house, browser=browser, key=key)


def text_of(page: str) -> str:
    """The words of a page, without its elements and with single spaces."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page))


def _browser(house: House) -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(app=house.app)
    return httpx2.AsyncClient(transport=transport, base_url="http://raabta.localhost")
