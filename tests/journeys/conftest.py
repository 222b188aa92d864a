"""The whole service at work: its real edges, its loops, a real database; only the world outside is played by the tests."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import uuid4
from zoneinfo import ZoneInfo

import asyncpg
import pytest
from pydantic import SecretStr
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]
from typing_extensions import override

from app.queries.audit.audit import audit
from app.settings import Settings
from tests.api.conftest import House, opened
from tests.journeys.postbox import Letter, Postbox
from tests.racing import HANG_SECONDS, LOOK_SECONDS
from tests.ruling import document, rule

BASE: Final = "https://calls.example.org"
TOKEN: Final = "twilio-token-of-the-tests"
OURS: Final = "support@raabta.test"
"""Where customers write to."""


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

    async def heeded(self) -> None:
        """Whoever tends the cases has heard of all that happened."""

        async def look() -> bool | None:
            return None if await self.fetch(_UNHEARD) else True

        await self.until(look)

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


class Story(Journey):
    """One matter over days, told in order: letters really leave, and whatever falls due meanwhile happens when it is due.

    Nobody does anything before all that happened was heard: so the story is the same however quick the machine is.
    """

    def __init__(self, house: House, postbox: Postbox) -> None:
        super().__init__(house)
        self.postbox = postbox
        self.heard = ""

    @override
    async def ring(self, hook: str, call: str, **form: str) -> str:
        await self.rests()
        return await super().ring(hook, call, **form)

    @override
    async def mail(self, letter: str) -> dict[str, Any]:
        await self.rests()
        return await super().mail(letter)

    @override
    async def kiosk(self, hook: str, **body: Any) -> dict[str, Any]:
        await self.rests()
        return await super().kiosk(hook, **body)

    @override
    async def call(self, who: str, method: str, path: str, json: Any = None) -> dict[str, Any]:
        if method != "GET":
            await self.rests()
        return await super().call(who, method, path, json)

    # --- the house and its calendar

    async def begins(self, at: str = "10:00", **rules: Any) -> None:
        """It is Monday, at this time in Lahore, and these are the rules beside those of the furnished house."""
        await rule(self.db, self.house.app.state.service.intake, document(**rules))
        here = (await self.now()).astimezone(LAHORE)
        monday = await self.at(-here.weekday() % 7 or 7, at)
        await self.pass_time((monday - here).total_seconds())

    async def now(self) -> datetime:
        """The service's clock."""
        (row,) = await self.fetch("SELECT wall_clock() AS now")
        moment: datetime = row["now"]
        return moment

    async def at(self, days: int, at: str) -> datetime:
        """This time in Lahore, so many days from today."""
        here = (await self.now()).astimezone(LAHORE)
        hour, minute = map(int, at.split(":"))
        return here.replace(hour=hour, minute=minute, second=0, microsecond=0) + timedelta(days=days)

    async def passes(self, **span: float) -> None:
        """So much time passes: `days=2, hours=3`."""
        await self.becomes_time(await self.now() + timedelta(**span))

    async def becomes_time(self, moment: datetime) -> None:
        """Time goes on until then, from one thing that is due to the next: each happens at its own time."""
        await self.rests()
        while (due := await self._next_due()) is not None and due <= moment:
            await self.pass_time(max(0.0, (due - await self.now()).total_seconds()))
            await self.rests()
        await self.pass_time(max(0.0, (moment - await self.now()).total_seconds()))
        await self.rests()

    async def rests(self) -> None:
        """Everything that has happened was heard, what is due is done, and what was to leave has left."""
        await self.until(self._quiet)

    async def _quiet(self) -> bool | None:
        (row,) = await self.fetch(_AT_REST)
        return True if row["rests"] else None

    async def _next_due(self) -> datetime | None:
        (row,) = await self.fetch(_NEXT_DUE)
        due: datetime | None = row["due"]
        return due

    # --- the customers

    async def dials(self, call: str, keys: str, *, number: str) -> str:
        """A call through the menu, one key after the other; returns the interaction. `heard`: what was said last."""
        document = await self.ring("voice", call, From=number)
        for key in keys:
            document = await self.ring(address(document, "Gather"), call, Digits=key, From=number)
        assert "<Redirect" in document, document
        self.heard = document
        (row,) = await self.fetch("SELECT id FROM interaction WHERE contact = $1", call)
        return str(row["id"])

    async def hangs_up(self, call: str, *, number: str) -> None:
        """The talk is over; whoever held it completes it."""
        await self.ring("wait", call, DialCallStatus="completed", DialCallSid=f"{call}-desk", From=number)
        await self.ring("status", call, CallStatus="completed", From=number)

    async def opens(self, link: str) -> str:
        """What a customer reads on their page, behind the link of a letter."""
        answer = await self.house.client.get(link)
        assert answer.status_code == 200, answer.text
        return _visible(answer.text)

    async def sends(self, link: str, form: str, **fields: str) -> str:
        """They send one of the forms of their page; what they read then."""
        await self.rests()
        answer = await self.house.client.post(f"{link}/{form}", data=fields)
        assert answer.status_code == 303, answer.text
        return await self.opens(answer.headers["location"])

    async def letter(self, to: str, about: str) -> Letter:
        """The newest letter to this address whose subject begins so, once it is there."""

        async def look() -> Letter | None:
            found = [each for each in self.postbox.to(to) if each.subject.startswith(about)]
            return found[-1] if found else None

        found: Letter = await self.until(look)
        return found

    # --- the desk

    async def writes(self, code: str, interaction: str, words: str, **more: Any) -> dict[str, Any]:
        """The representative writes to the customer; returns the message."""
        body = {"body": words, "direction": "out", **more}
        return await self.call(code, "POST", f"/v1/interactions/{interaction}/messages", body)

    async def refused(self, who: str, method: str, path: str, json: Any = None) -> dict[str, Any]:
        """One request that must not be answered well; returns the problem."""
        headers = {"idempotency-key": str(uuid4())} if method == "POST" else {}
        answer = await self.house.call(who, method, path, json, headers=headers)
        assert answer.is_client_error, answer.text
        told: dict[str, Any] = answer.json()
        return told

    async def case(self, case: str) -> dict[str, Any]:
        """As a supervisor reads it, once all that has happened was heard."""
        await self.rests()
        return await self.call("supervisor", "GET", f"/v1/cases/{case}")

    async def items(self, path: str, who: str = "supervisor") -> list[dict[str, Any]]:
        """A list, once all that has happened was heard."""
        await self.rests()
        found: list[dict[str, Any]] = (await self.call(who, "GET", path))["items"]
        return found

    async def alarms(self, case: str, kind: str) -> list[dict[str, Any]]:
        """Of this case and kind, the oldest first."""
        return await self.items(f"/v1/alarms?case_id={case}&kind={kind}")

    async def timeline(self, case: str, *kinds: str) -> list[str]:
        """The whole story as a reader sees it, one line for each thing: who, what, and in what words. Offers by their answers."""
        chosen = "".join(f"&kind={kind}" for kind in kinds)
        found = await self.items(f"/v1/cases/{case}/timeline?order=oldest&limit=200{chosen}")
        assert [each["at"] for each in found] == sorted(each["at"] for each in found)
        return [_line(each) for each in found if each["type"] != "interaction.offered"]


LAHORE: Final = ZoneInfo("Asia/Karachi")
_UNHEARD: Final = """
SELECT FROM event e JOIN follower f ON f.name = 'tending' WHERE (e.epoch, e.xid, e.seq) > (f.epoch, f.xid::text::xid8, f.seq)
"""
_AT_REST: Final = f"""
SELECT NOT EXISTS (SELECT FROM timer WHERE due_at <= wall_clock())
    AND NOT EXISTS (SELECT FROM outbox WHERE state IN ('pending', 'sending') AND next_at <= wall_clock())
    AND NOT EXISTS ({_UNHEARD}) AS rests
"""
_NEXT_DUE: Final = """
SELECT least((SELECT min(due_at) FROM timer), (SELECT min(next_at) FROM outbox WHERE state = 'pending')) AS due
"""


def _visible(page: str) -> str:
    """The words of a page, as one line."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.partition("<body>")[2])).split())


def _line(item: dict[str, Any]) -> str:
    """Who: a representative by name, else the role. What: the event. And what was said, if anything was."""
    who = item["name"] or item["actor"].partition(":")[0]
    words = " ".join((item["words"] or "").split())
    kind = item["type"].partition(".")[2]
    detail = item["data"].get("notice") or item["solved"] or item["data"].get("kind")
    return " | ".join(part for part in (who, kind, detail, words) if part)


def written(
    number: int, words: str, *, sender: str, subject: str = "A kettle", answers: str | None = None, to: str = OURS
) -> str:
    """A customer's letter; `answers` is the Message-ID of the letter it replies to."""
    thread = f"In-Reply-To: <{answers}>\nReferences: <{answers}>\n" if answers else ""
    return (
        f"From: {sender}\nTo: {to}\nSubject: {subject}\nMessage-ID: <{number}@post.test>\n{thread}"
        f"Content-Type: text/plain; charset=utf-8\n\n{words}\n"
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
    settings = Settings(public_base_url=BASE, twilio_auth_token=SecretStr(TOKEN), mail_address=OURS)
    async with opened(database, settings, loops=True) as house:
        story = Journey(house)
        yield story
        await story.heeded()
        async with story.db.connection() as connection:
            assert await audit(connection) == []


@pytest.fixture
async def story(database: str, tmp_path: Path) -> AsyncIterator[Story]:
    """The same, with a real mail server that takes what the house sends."""
    async with Postbox().opened() as postbox:
        settings = Settings(
            data=tmp_path,
            public_base_url=BASE,
            twilio_auth_token=SecretStr(TOKEN),
            mail_address=OURS,
            smtp_url=SecretStr(f"smtp://127.0.0.1:{postbox.port}"),
        )
        async with opened(database, settings, loops=True) as house:
            told = Story(house, postbox)
            yield told
            await told.rests()
            async with told.db.connection() as connection:
                assert await audit(connection) == []
