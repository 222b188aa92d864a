"""A customer who holds the link to a page of their own, and a browser without JavaScript to open it with."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import httpx2

from app.actions.customers.page_links import page_token
from app.actions.record import locked
from app.settings import Settings
from app.tables import Case
from tests.api.conftest import House, opened
from tests.shift import Shift
from tests.solving import SANA, tend

ONCE: Final = re.compile(r'name="once" value="([0-9a-f]+)"')
JPEG: Final = b"\xff\xd8\xff\xe0" + b"A photograph of a bill." * 40
PDF: Final = b"%PDF-1.7\n" + b"A bill. " * 40


@dataclass(frozen=True, kw_only=True, slots=True)
class Holder:
    """Whoever has the link: of one case, in one service."""

    house: House
    shift: Shift
    browser: httpx2.AsyncClient
    case: UUID
    token: str

    @property
    def link(self) -> str:
        """The path of the page."""
        return f"/c/{self.token}"

    async def see(self, path: str = "", *, status: int = 200) -> str:
        """The page as it is drawn."""
        answer = await self.browser.get(self.link + path)
        assert answer.status_code == status, (answer.status_code, answer.text)
        return answer.text

    async def once(self) -> str:
        """The name of the form for words that the page has now."""
        found = ONCE.search(await self.see())
        assert found is not None
        return found.group(1)

    async def press(self, form: str, *, language: str = "", **fields: str) -> str:
        """Send a form; returns what the browser is told to read: `said=…` or `sorry=…`."""
        answer = await self.browser.post(f"{self.link}/{form}{language}", data=fields)
        return self.told(answer)

    async def write(self, words: str) -> str:
        """A message by the form as it is drawn."""
        return await self.press("answer", words=words, once=await self.once())

    async def add(self, content: bytes, name: str = "bill.jpg", *, kind: str = "image/jpeg") -> str:
        """A file by the form."""
        answer = await self.browser.post(f"{self.link}/document", files={"document": (name, content, kind)})
        return self.told(answer)

    def told(self, answer: httpx2.Response) -> str:
        """Where the browser is sent."""
        assert answer.status_code == 303, (answer.status_code, answer.text)
        path, _, query = answer.headers["location"].partition("?")
        assert path == self.link
        return str(query)

    async def other(self, case: UUID) -> Holder:
        """The same browser with the link of another case."""
        token = await link_of(self.shift, case)
        return Holder(house=self.house, shift=self.shift, browser=self.browser, case=case, token=token)

    async def row(self) -> Any:
        """The case."""
        return (await self.shift.fetch('SELECT * FROM "case" WHERE id = $1', self.case))[0]

    async def words(self) -> list[str]:
        """What customers wrote about the case, oldest first."""
        rows = await self.shift.fetch(
            "SELECT body FROM message WHERE case_id = $1 AND direction = 'in' ORDER BY at, id", self.case
        )
        return [row["body"] for row in rows]

    async def documents(self) -> list[Any]:
        """Rows of what was added, oldest first."""
        return await self.shift.fetch("SELECT * FROM document WHERE case_id = $1 ORDER BY at, id", self.case)


async def link_of(shift: Shift, case: UUID) -> str:
    """The token of a case's page, made if need be."""
    async with shift.db.session() as session:
        return await page_token(session, await locked(session, Case, case))


@contextlib.asynccontextmanager
async def holding(database: str, settings: Settings | None = None) -> AsyncIterator[Holder]:
    """Sana wrote a letter; she holds the link to its page. The service has no loops of its own."""
    async with opened(database, settings or Settings()) as house:
        service = house.app.state.service
        shift = Shift(service.database, service.intake)
        letter = await shift.arrive(
            "email", "claim", person=SANA, subject="My roof", body="Water comes in.", language="en"
        )
        await tend(shift)
        case: UUID = (await shift.case(letter))["id"]
        transport = httpx2.ASGITransport(app=house.app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://raabta.localhost") as browser:
            yield Holder(house=house, shift=shift, browser=browser, case=case, token=await link_of(shift, case))
        await shift.sound()
