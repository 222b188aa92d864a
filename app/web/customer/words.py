"""What a customer writes or adds on their page: it comes in by the one door for all contacts, through the page's channel.

Decides that a form sent twice is taken once: what it says and the name the form was given make the name of its receipt. A
document is kept with the case first; that it came is a message like any other, so that whoever serves the case hears of it.
"""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Request, Response
from starlette.datastructures import UploadFile

from app import db, registry
from app.actions.cases.documents import add_document, checked, file_name
from app.actions.contacts.contact import Contact
from app.actions.surveys.end import PAGE
from app.deps import Service
from app.errors import Invalid, Unavailable
from app.queries.customers.page import Opened
from app.security import Actor
from app.tables import Document
from app.web.customer.door import Door, opened_case, token_of
from app.web.customer.draw import MOST_LETTERS, language_of, see, spoken
from app.web.customer.reading import drawn
from channels.base import House, Outcome, Webhook
from channels.cleaning import keepable
from channels.contact import request_codes

CUSTOMER = Actor(role="system", key_id=PAGE)
"""Whoever holds the link."""
HOOK = "words"

router = APIRouter(prefix="/c", route_class=Door, include_in_schema=False)


@router.post("/{token}/answer")
async def answer(request: Request) -> Response:
    """A message."""
    found = opened_case(request)
    form = await request.form(max_files=0, max_fields=20)
    given = str(form.get("words") or "")
    body = keepable(given, MOST_LETTERS + 1).strip()
    if not body:
        return see(request, token_of(request), sorry="empty")
    if len(body) > MOST_LETTERS:
        return await drawn(request, found, sorry="long", kept=given, status=422)
    name = hashlib.sha256(f"{form.get('once')}\0{body}".encode("utf-8", "replace")).hexdigest()[:32]
    try:
        await _take_in(request, found, body, name=name)
    except Unavailable as error:
        return await drawn(request, found, sorry="busy", kept=given, status=error.status)
    return see(request, token_of(request), said="sent")


@router.post("/{token}/document")
async def document(request: Request) -> Response:
    """A photo or a document."""
    found = opened_case(request)
    form = await request.form(max_files=1, max_fields=20)
    file = form.get("document")
    if not isinstance(file, UploadFile):
        raise Invalid("There is no file in the form.", code="empty_document")
    content = await file.read()
    called = file_name(file.filename or "", checked(content))
    digest = hashlib.sha256(content).hexdigest()
    name = digest[:32]
    if found.over:
        # What is written now begins a case that follows, and the document belongs there.
        outcome = await _tell(request, found, called, name=name)
        await _keep(request, outcome.case_id or found.case_id, called, content, digest)
    else:
        kept = await _keep(request, found.case_id, called, content, digest)
        await _tell(request, found, kept.name, name=name)
    return see(request, token_of(request), said="document")


async def _keep(request: Request, case_id: UUID, name: str, content: bytes, digest: str) -> Document:
    service: Service = request.scope["app"].state.service
    async with service.database.session() as session:
        now = await db.now(session)
        return await add_document(session, case_id, name=name, content=content, digest=digest, actor=CUSTOMER, now=now)


async def _tell(request: Request, found: Opened, called: str, *, name: str) -> Outcome:
    """That it came, in the customer's words and language."""
    service: Service = request.scope["app"].state.service
    language = language_of(request, found, (await service.house()).languages)
    body = spoken(language).texts["page.document_words"].format(name=called)
    return await _take_in(request, found, body, name=name)


async def _take_in(request: Request, found: Opened, body: str, *, name: str) -> Outcome:
    """Hand the words to the channel and what it makes of them to the intake. `name`: of this form with these words."""
    service: Service = request.scope["app"].state.service
    channel = registry.current().get(PAGE)
    if channel is None:
        raise Invalid("Nothing can be written here.", code="channel_not_served")
    house = await service.house()
    webhook = Webhook(
        hook=HOOK,
        path=f"/v1/channels/{PAGE}/{HOOK}",
        query="",
        headers={},
        body=orjson.dumps(_described(request, found, body, house, name=name)),
        house=house,
    )
    async with service.database.connection() as connection:
        now = await connection.fetchval("SELECT wall_clock()")
    signals = list(channel.receive(webhook, now=now))
    contact = Contact(source="adapter", channel=PAGE, signals=signals, actor=f"channel:{PAGE}")
    return (await service.intake.submit(contact))[0]


def _described(request: Request, found: Opened, body: str, house: House, *, name: str) -> dict[str, Any]:
    described = {
        "ref": f"{found.case_id.hex}:{name}",
        "case_token": found.token,
        "body": body,
        "language": language_of(request, found, house.languages),
        "request_type": found.request_type,
    }
    known = {"language": house.languages, "request_type": request_codes(house.requests)}
    return {key: value for key, value in described.items() if key not in known or value in known[key]}
