"""Customers: who calls, who writes, who comes.

Decides what each does next by their plan and by what the service answers, as a provider, a mail server or a kiosk would see it.
They know nothing of representatives.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any, Final
from urllib.parse import urlencode, urlsplit
from xml.etree import ElementTree as ET

import httpx2
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from app.cli.demo.script import LETTERS, REQUESTS, Contact, Way
from app.cli.demo.world import World

LOOK_SECONDS: Final = 0.4
"""How often a caller hears where they stand; Twilio would come every 20 seconds of a real hour."""
FORM: Final = "application/x-www-form-urlencoded"
TAKEN: Final = frozenset({200, 201, 202, 204})


async def come(world: World, contact: Contact) -> None:
    """Live through one contact, from arrival until the customer has nothing more to do."""
    world.ledger.came[contact.way] += 1
    await WAYS[contact.way](world, contact)


# --- The telephone ----------------------------------------------------------------------------------------------------


async def call(world: World, contact: Contact) -> None:
    """A call: menus, waiting, talking, hanging up; told by the provider's webhooks."""
    chance = random.Random(contact.seed)  # noqa: S311 - a play, not a secret
    path, digits = "/v1/channels/phone/voice", ""
    hangs_up_at = time.monotonic() + contact.patience_seconds if contact.manner == "hangs_up" else float("inf")
    while (document := await _report(world, contact, path, Digits=digits)) is not None:
        if document.find("Hangup") is not None:
            return
        if time.monotonic() > hangs_up_at:
            await _hang_up(world, contact)
            return
        gather = document.find("Gather")
        if gather is not None:
            # One key for each sentence of the menu that names one; the greeting names none.
            options = len(gather.findall("Say")) - ("step=language" in gather.attrib["action"])
            path, digits = _local(gather.attrib["action"]), str(chance.randint(1, max(1, options)))
        elif document.find("Say") is None:  # nothing is said: the call is being connected
            await asyncio.sleep(contact.service_seconds)
            await _hang_up(world, contact)
            return
        else:
            await asyncio.sleep(LOOK_SECONDS)
            path, digits = _local(document.findtext("Redirect", "")), ""


async def _report(world: World, contact: Contact, path: str, **fields: str) -> ET.Element | None:
    """Post what the provider would, signed; twice for those who are repeated. The document, or None where there is none."""
    form = {"CallSid": f"CA{contact.ref}", "From": contact.phone, "To": "+924235761900", "CallStatus": "in-progress"}
    form |= {name: value for name, value in fields.items() if value}
    target = world.target
    address = f"{target.public_url or target.url}{path}"
    signature = RequestValidator(target.twilio_token).compute_signature(address, form)
    headers = {"content-type": FORM, "x-twilio-signature": signature}
    world.ledger.repeated += contact.repeated
    answers = [
        await world.edge.send("POST", path, content=urlencode(form).encode(), headers=headers)
        for _ in range(2 if contact.repeated else 1)
    ]
    for answer in answers:
        if _was_taken(world, contact, answer):
            world.ledger.acknowledge(f"CA{contact.ref}", way="phone")
    return ET.fromstring(answers[-1].content) if answers[-1].status_code == 200 else None  # noqa: S314


async def _hang_up(world: World, contact: Contact) -> None:
    await _report(world, contact, "/v1/channels/phone/status", CallStatus="completed")


def _local(address: str) -> str:
    """An address of the service without its host: the next request goes where the first went."""
    parts = urlsplit(address)
    return parts.path + (f"?{parts.query}" if parts.query else "")


# --- Letters ----------------------------------------------------------------------------------------------------------


async def write(world: World, contact: Contact) -> None:
    """A letter, and for some a second one about the same matter."""
    answer = await _send(world, contact, _letter(contact), ref=contact.ref)
    if contact.manner == "writes_again" and answer is not None:
        await asyncio.sleep(contact.patience_seconds)
        second = f"{contact.ref}-again"
        await _send(world, contact, _letter(contact, ref=second, answers=contact.ref), ref=second, follows=contact.ref)


async def _send(
    world: World, contact: Contact, letter: bytes, *, ref: str, follows: str | None = None
) -> Mapping[str, Any] | None:
    told: Mapping[str, Any] | None = None
    world.ledger.repeated += contact.repeated
    for _ in range(2 if contact.repeated else 1):
        answer = await world.edge.send(
            "POST",
            "/v1/channels/email/raw",
            key=world.target.keys["INTEGRATION_KEY"],
            content=letter,
            headers={"content-type": "message/rfc822"},
        )
        if _was_taken(world, contact, answer):
            told = answer.json()
            world.ledger.acknowledge(_message_id(ref), way="email", answer=told, follows=follows)
    return told


def _letter(contact: Contact, *, ref: str | None = None, answers: str | None = None) -> bytes:
    letter = EmailMessage(policy=SMTP)
    letter["From"] = f"{contact.name} <{contact.email}>"
    letter["To"] = "support@raabta.localhost"
    letter["Subject"] = f"{'Re: ' if answers else ''}{REQUESTS[contact.request_type]}"
    letter["Message-ID"] = f"<{_message_id(ref or contact.ref)}>"
    if answers:
        letter["In-Reply-To"] = letter["References"] = f"<{_message_id(answers)}>"
    letter.set_content(f"{LETTERS[contact.language]}\n\n({_message_id(ref or contact.ref)})\n")
    return letter.as_bytes()


def _message_id(ref: str) -> str:
    return f"{ref}@customers.example"


# --- Visits -----------------------------------------------------------------------------------------------------------


async def visit(world: World, contact: Contact) -> None:
    """A visit, as the kiosk tells of it. Who does not come when called tells nobody."""
    arrival = {
        "ref": contact.ref, "request_type": contact.request_type, "language": contact.language,
        "office": contact.office, "name": contact.name, "needs": list(contact.needs),
    }  # fmt: skip
    taken = await _tell(world, contact, "visits", arrival)
    if taken and contact.manner in {"hangs_up", "returns"}:
        await asyncio.sleep(contact.patience_seconds)
        await _tell(world, contact, "departures", {"ref": contact.ref, "report": "1"})
        if contact.manner == "returns":
            await asyncio.sleep(1.0)
            await _tell(world, contact, "returns", {"ref": contact.ref, "report": "1"})


async def _tell(world: World, contact: Contact, hook: str, told: Mapping[str, Any]) -> bool:
    taken = False
    world.ledger.repeated += contact.repeated
    for _ in range(2 if contact.repeated else 1):
        answer = await world.edge.send(
            "POST", f"/v1/channels/walk_in/{hook}", key=world.target.keys["KIOSK_KEY"], json=told
        )
        if _was_taken(world, contact, answer):
            taken = True
            world.ledger.acknowledge(contact.ref, way="walk_in", answer=answer.json() if answer.content else None)
    return taken


def _was_taken(world: World, contact: Contact, answer: httpx2.Response) -> bool:
    if answer.status_code in TAKEN:
        return True
    world.ledger.complain(f"{contact.way} {contact.ref}: {answer.status_code} {answer.text[:200]}")
    return False


WAYS: Final[Mapping[Way, Callable[[World, Contact], Awaitable[None]]]] = {
    "phone": call,
    "email": write,
    "walk_in": visit,
}
