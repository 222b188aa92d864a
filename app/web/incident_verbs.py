"""What those who lead do about a fault that touches many: declare it, tell news, end it; put cases to it, tell who has not called.

Decides nothing: the actions do, with what customers are told in the words that were typed here.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Form, Path, Request, Response
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.incidents.attach import attach, detach
from app.actions.incidents.declare import Change, Told, Touched, close, declare, declare_proposed, dismiss, update
from app.actions.incidents.reach import tell
from app.deps import ActorDep, ServiceDep
from app.errors import Invalid
from app.queries.desk import frame as desk
from app.web.fields import PathId, Short
from app.web.forms import Deed, moment_of, press
from app.web.page import Page
from app.web.show import zone_of

MOST_WORDS: Final = 1_000
MOST_CODES: Final = 100

router = APIRouter(prefix="/desk/incidents", route_class=Page, include_in_schema=False)


@router.post("")
async def declaring(
    request: Request,
    service: ServiceDep,
    actor: ActorDep,
    once: Short,
    wanted: Annotated[list[str], Form(alias="request_type", max_length=MOST_CODES)] = [],  # noqa: B006  # read only
    areas: Short = "",
    products: Short = "",
    promised: Short = "",
) -> Response:
    """From now on every door says it."""

    async def act(session: AsyncSession, now: datetime) -> None:
        told = await _told(request, session, promised, now)
        touched = Touched(request_types=wanted, areas=_codes(areas), products=_codes(products))
        await declare(session, told, touched, since=None, actor=actor, now=now)

    return await press(request, service, actor, Deed(form="declare", said="declared", once=once), act)


@router.post("/{id}/declaration")
async def proposed(
    request: Request, incident_id: PathId, service: ServiceDep, actor: ActorDep, promised: Short = ""
) -> Response:
    """What a surge proposed is one."""

    async def act(session: AsyncSession, now: datetime) -> None:
        told = await _told(request, session, promised, now)
        await declare_proposed(session, incident_id, told, Change(), actor=actor, now=now)

    return await press(request, service, actor, Deed(form="news", said="declared"), act)


@router.post("/{id}/dismissal")
async def dismissing(request: Request, incident_id: PathId, service: ServiceDep, actor: ActorDep) -> Response:
    """What a surge proposed is none."""

    async def act(session: AsyncSession, now: datetime) -> None:
        await dismiss(session, incident_id, actor=actor, now=now)

    return await press(request, service, actor, Deed(form="news", said="dismissed"), act)


@router.post("/{id}/updates")
async def news(
    request: Request,
    incident_id: PathId,
    service: ServiceDep,
    actor: ActorDep,
    once: Short,
    then: Annotated[Literal["tell", "close"], Form()] = "tell",
    promised: Short = "",
) -> Response:
    """Everybody who is attached is told; `then=close`: it is over, and they are asked whether it is solved for them."""

    async def act(session: AsyncSession, now: datetime) -> str | None:
        told = await _told(request, session, promised, now)
        if then == "close":
            await close(session, incident_id, told.words, actor=actor, now=now)
            return "incident_closed"
        await update(session, incident_id, told, actor=actor, now=now)
        return None

    return await press(request, service, actor, Deed(form="news", said="told", once=once), act)


@router.post("/{id}/cases/{case}")
async def putting(
    request: Request,
    incident_id: PathId,
    case_id: Annotated[UUID, Path(alias="case")],
    service: ServiceDep,
    actor: ActorDep,
    about: Annotated[Literal["it", "other"], Form()] = "it",
) -> Response:
    """This case is about it, or about something else."""

    async def act(session: AsyncSession, now: datetime) -> None:
        await (attach if about == "it" else detach)(session, incident_id, case_id, actor=actor, now=now)

    said = "attached" if about == "it" else "detached"
    return await press(request, service, actor, Deed(form="attached", said=said, anchor="#attached"), act)


@router.post("/{id}/reach")
async def reaching(
    request: Request,
    incident_id: PathId,
    service: ServiceDep,
    actor: ActorDep,
    customer: Annotated[list[UUID], Form(max_length=200)] = [],  # noqa: B006  # read only
) -> Response:
    """Who has not called is told, once each."""

    async def act(session: AsyncSession, now: datetime) -> str | None:
        if not customer:
            raise Invalid("Say whom.", code="invalid")
        _, rest = await tell(session, incident_id, customer, actor=actor, now=now)
        return "reached_some" if rest else None

    return await press(request, service, actor, Deed(form="reach", said="reached", anchor="#reach"), act)


async def _told(request: Request, session: AsyncSession, promised: str, now: datetime) -> Told:
    """The words that were typed, by language, and the time. Raises `Invalid` (`too_large`, `bad_time`, `in_the_past`)."""
    form: Mapping[str, object] = await request.form()
    given = {code: str(form.get(f"words_{code}", "")).strip() for code in await desk.languages(session)}
    if any(len(text) > MOST_WORDS for text in given.values()):
        raise Invalid("That is too long.", code="too_large")
    at = moment_of(promised, zone_of(await desk.zone(session, None)), now=now) if promised else None
    return Told(
        words={code: text.replace("\r\n", "\n").replace("\0", "") for code, text in given.items() if text},
        promised_at=at,
    )


def _codes(text: str) -> list[str]:
    """Codes of the house, apart by spaces or commas. Raises `Invalid` (`bad_code`)."""
    found = text.lower().replace(",", " ").replace("\u060c", " ").split()
    if any(not each.isascii() or not each.replace("_", "a").replace("-", "a").isalnum() for each in found):
        raise Invalid("A code has small letters, digits, and the signs _ -", code="bad_code")
    return found[:MOST_CODES]
