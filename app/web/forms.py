"""A form about a case, a customer or a check: done in one transaction, then read again; or shown again, with what was typed and why not.

Decides nothing about what is done. A form that names itself (`once`) is done once, however often it is sent.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel.ext.asyncio.session import AsyncSession

from app import db
from app.deps import Once, Service
from app.deps.idempotency import Replayed, alone, digest_of
from app.errors import Conflict, Forbidden, Invalid, NotFound, RaabtaError, Unavailable
from app.security import Actor
from app.web import case, check, desk, incident, incidents, person
from app.web.frame import Wrong
from app.web.page import back, see, sentence, spoken_here

REFUSED: Final = (Conflict, Forbidden, Invalid, NotFound, Unavailable)
_ID_AT: Final = 3
_PAGES: Final = {
    "work": desk.work_page,
    "cases": case.case_page,
    "customers": person.person_page,
    "checks": check.check_page,
    "incidents": incident.incident_page,
}

Act = Callable[[AsyncSession, datetime], Awaitable[str | None]]
"""What is done, at a moment; returns what is said of it where that is not what the form says anyway."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Deed:
    """Which form was sent, and where its person goes on when it is done. `to` None: where they were."""

    form: str
    said: str
    anchor: str = ""
    to: str | None = None
    once: str = ""


async def press(request: Request, service: Service, actor: Actor, deed: Deed, act: Act) -> Response:
    """Do it, and send the browser to read."""
    try:
        if not deed.once:
            async with service.database.session() as session:
                return see(*await _done(request, session, deed, act), anchor=deed.anchor)
        return await _press_once(request, service, actor, deed, act)
    except REFUSED as error:
        return await shown_again(request, service, actor, deed.form, error)


async def shown_again(request: Request, service: Service, actor: Actor, form: str, error: RaabtaError) -> Response:
    """The page the form stands on, with what was typed and why it was not taken."""
    typed = await _typed(request)
    missing = [str(each["where"]) for each in error.errors] if error.code == "steps_missing" else []
    wrong = Wrong(form=form, sorry=sentence(spoken_here(request), error), typed=typed, missing=missing)
    parts = back(request).split("/")
    async with service.database.reading() as session:
        if parts[2:] == ["incidents"]:
            return await incidents.incidents_page(request, session, service, actor, wrong=wrong, status=error.status)
        if len(parts) <= _ID_AT:
            raise error
        page = _PAGES[parts[2]]
        try:
            about = UUID(parts[_ID_AT])
        except ValueError:
            raise error from None
        return await page(request, session, service, actor, about, wrong=wrong, status=error.status)


def moment_of(text: str, zone: ZoneInfo, *, now: datetime) -> datetime:
    """What a field for a moment holds, on the reader's clock. Raises `Invalid` (`bad_time`, `in_the_past`)."""
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise Invalid("This is no date with a time.", code="bad_time") from None
    if found.tzinfo is None:
        found = found.replace(tzinfo=zone)
    if found <= now:
        raise Invalid("That time is over.", code="in_the_past")
    return found


async def _press_once(request: Request, service: Service, actor: Actor, deed: Deed, act: Act) -> Response:
    async with alone(actor.source, deed.once), service.database.session() as session:
        form = Once(session, owner=actor.source, key=f"desk:{deed.once}", digest=await digest_of(request))
        try:
            await form.begin()
        except Replayed as before:
            return RedirectResponse(bytes(before.response.body).decode(), status_code=303)
        to = see(*await _done(request, session, deed, act), anchor=deed.anchor)
        await form.keep(Response(to.headers["location"], status_code=303))
        return to


async def _done(request: Request, session: AsyncSession, deed: Deed, act: Act) -> tuple[str, str]:
    said = await act(session, await db.now(session))
    return deed.to or back(request), said or deed.said


async def _typed(request: Request) -> Mapping[str, Sequence[str]]:
    form = await request.form()
    return {name: [each for each in form.getlist(name) if isinstance(each, str)] for name in form}
