"""What follows a contact: letters arrive, and customers say on their own page whether it is solved; a fault comes and goes.

Decides what each of them answers, by chance, and when the fault is declared and over. A mail server of the play's own takes the
letters of the service, and a supervisor's key declares the fault; so it is played on a service of our own only.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
from email import message_from_bytes
from email.policy import default
from typing import Final

from app.cli.demo.edge import GaveUp
from app.cli.demo.world import World

FORM: Final = "application/x-www-form-urlencoded"
ANSWERS: Final = (("yes", 0.75), ("no", 0.1))
"""The others say nothing."""
FAULT: Final = {
    "en": "Repairs take longer today: our workshop has no electricity.",
    "ur": "آج مرمت میں زیادہ وقت لگے گا: ہماری ورکشاپ میں بجلی نہیں ہے۔",
    "te": "ఈ రోజు మరమ్మతులకు ఎక్కువ సమయం పడుతుంది: మా వర్క్‌షాప్‌లో కరెంటు లేదు.",
}
MENDED: Final = {"en": "The electricity is back.", "ur": "بجلی آ گئی ہے۔", "te": "కరెంటు వచ్చింది."}
_LINK: Final = re.compile(r"/c/([\w-]+)", re.ASCII)


async def opinions(world: World, *, seed: int) -> None:
    """Take letters until cancelled; who finds a question behind the link of one may answer it."""
    chance = random.Random(f"opinions{seed}")  # noqa: S311 - a play, not a secret
    asked: set[str] = set()

    async def session(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            letter = message_from_bytes(await _letter(reader, writer), policy=default)
            found = _LINK.search(letter.get_content()) if letter.get_content_type() == "text/plain" else None
            if found is not None and found[1] not in asked and await _answer(world, found[1], chance):
                asked.add(found[1])
        writer.close()

    server = await asyncio.start_server(session, "127.0.0.1", world.target.mail_port)
    async with server:
        await server.serve_forever()


async def fault(world: World) -> None:
    """For a third of the hour repairs are late, and everybody who asks for one hears it before they do."""
    hour = world.contacts[-1].at_seconds if world.contacts else 0.0
    key = world.target.keys["SUPERVISOR_KEY"]
    await asyncio.sleep(hour / 3)
    with contextlib.suppress(GaveUp):
        declared = {"words": FAULT, "request_types": ["repair"]}
        made = await world.edge.send(
            "POST", "/v1/incidents", key=key, json=declared, headers={"idempotency-key": "the-fault"}
        )
        await asyncio.sleep(hour / 3)
        closed = await world.edge.send(
            "PUT", f"/v1/incidents/{made.json().get('id')}/closing", key=key, json={"words": MENDED}
        )
        if closed.status_code != 200:
            world.ledger.complain(f"the fault was not closed: {made.status_code}, {closed.status_code}")


async def _letter(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """One letter, as a mail server takes it."""
    letter = b""
    await _say(writer, "220 here")
    while (line := await reader.readline()) and not line.upper().startswith(b"QUIT"):
        if line.upper().startswith(b"DATA"):
            await _say(writer, "354 go on")
            letter = await reader.readuntil(b"\r\n.\r\n")
            await _say(writer, "250 taken")
            break
        await _say(writer, "250 fine")
    return letter


async def _say(writer: asyncio.StreamWriter, line: str) -> None:
    writer.write(line.encode() + b"\r\n")
    await writer.drain()


async def _answer(world: World, token: str, chance: random.Random) -> bool:
    """Whether there was a question. The link alone answers nothing: a form does."""
    try:
        page = await world.edge.send("GET", f"/c/{token}")
        if 'value="yes"' not in page.text:
            return False
        drawn = chance.random()
        for answer, share in ANSWERS:
            if drawn < share:
                await _send(world, f"/c/{token}/solved", f"solved={answer}")
                await _send(world, f"/c/{token}/mark", f"mark={5 if answer == 'yes' else 2}")
                break
            drawn -= share
    except GaveUp as error:
        world.ledger.complain(f"a customer's page: {error}")
    return True


async def _send(world: World, path: str, form: str) -> None:
    answer = await world.edge.send("POST", path, content=form.encode(), headers={"content-type": FORM})
    if answer.status_code not in {303, 404}:
        world.ledger.complain(f"a customer's page: {answer.status_code}")
