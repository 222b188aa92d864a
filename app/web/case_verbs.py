"""What is done about a case at the desk: a step ticked, a cause mended, whose turn it is, what it is about, solved, opened again.

Decides nothing about cases: the actions do, under the case's lock, with whoever sits here as the one who acts. Each form goes
back to where it was filled in: the piece of work (`?work=`), or the page of the case.
"""

from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Form, Path, Request, Response
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.cases.awaiting import await_customer, stop_awaiting
from app.actions.cases.describe import describe_case
from app.actions.cases.playbooks import tick, untick
from app.actions.cases.reopen import reopen_by_hand
from app.actions.cases.resolve import resolve
from app.actions.contacts.cases import alone
from app.actions.touches.causes import set_cause
from app.deps import ActorDep, ServiceDep
from app.errors import Invalid
from app.queries.readers import may_change_case, may_see_case
from app.web.fields import Line, PathId, Reason, Short, Text
from app.web.forms import Deed, press
from app.web.page import Page

MOST_MONEY: Final = 1e12

router = APIRouter(prefix="/desk/cases", route_class=Page, include_in_schema=False)


@router.post("/{id}/steps/{step}")
async def step(
    request: Request,
    case_id: PathId,
    step: Annotated[str, Path(pattern=r"^[a-z][a-z0-9_-]*$", max_length=60)],
    service: ServiceDep,
    actor: ActorDep,
    done: Annotated[Literal["yes", "no"], Form()] = "yes",
) -> Response:
    """A step of the playbook was done, or was not after all."""

    async def act(session: AsyncSession, now: datetime) -> None:
        await (tick if done == "yes" else untick)(session, case_id, step, actor=actor, now=now)

    deed = Deed(form="playbook", said="ticked" if done == "yes" else "unticked", anchor=f"#step-{step}")
    return await press(request, service, actor, deed, act)


@router.post("/{id}/touches/{number}")
async def cause(
    request: Request,
    case_id: PathId,
    number: Annotated[int, Path(ge=1, le=1_000_000)],
    service: ServiceDep,
    actor: ActorDep,
    cause: Reason = "",
    of: Annotated[UUID | None, Form()] = None,
) -> Response:
    """Why the customer had to turn to us. `of`: the case that counts it, where it was taken into this one."""

    async def act(session: AsyncSession, now: datetime) -> None:
        if not cause:
            raise Invalid("A cause is a code.", code="bad_code")
        await set_cause(session, of or case_id, number, cause=cause, actor=actor, now=now)

    deed = Deed(form=f"touch-{of or case_id}-{number}", said="cause_kept", anchor="#touches")
    return await press(request, service, actor, deed, act)


@router.post("/{id}/awaiting")
async def awaiting(
    request: Request, case_id: PathId, service: ServiceDep, actor: ActorDep, cause: Reason = ""
) -> Response:
    """It is the customer's turn; with no cause, it is ours again."""

    async def act(session: AsyncSession, now: datetime) -> None:
        await may_change_case(session, case_id, reader=actor.representative)
        case = await alone(session, case_id)
        if cause:
            await await_customer(session, case, cause=cause, actor=actor, now=now)
        else:
            await stop_awaiting(session, case, actor=actor, now=now)

    return await press(
        request, service, actor, Deed(form="awaiting", said="awaited" if cause else "our_turn", anchor="#stand"), act
    )


@router.post("/{id}/description")
async def description(
    request: Request,
    case_id: PathId,
    service: ServiceDep,
    actor: ActorDep,
    subject: Line = "",
    request_type: Reason = "",
    amount: Short = "",
    area: Short = "",
    product: Short = "",
    owner: Reason = "",
) -> Response:
    """What it is about, and whose it is."""

    async def act(session: AsyncSession, now: datetime) -> None:
        await may_see_case(session, case_id, reader=actor.representative)
        changes = {
            "subject": subject or None,
            "request_type": request_type or None,
            "amount": _money(amount),
            "area": _code(area),
            "product": _code(product),
            "owner": owner or None,
        }
        await describe_case(session, case_id, changes, actor=actor, now=now)

    return await press(request, service, actor, Deed(form="description", said="described", anchor="#stand"), act)


@router.post("/{id}/resolution")
async def resolution(
    request: Request,
    case_id: PathId,
    service: ServiceDep,
    actor: ActorDep,
    outcome: Reason = "",
    root_cause: Reason = "",
) -> Response:
    """Solved, in the representative's word; or off to a second person."""

    async def act(session: AsyncSession, now: datetime) -> str | None:
        case = await resolve(
            session, case_id, outcome=outcome or None, root_cause=root_cause or None, actor=actor, now=now
        )
        return "to_be_checked" if case.state == "checking" else None

    return await press(request, service, actor, Deed(form="resolution", said="resolved", anchor="#stand"), act)


@router.post("/{id}/reopening")
async def reopening(
    request: Request,
    case_id: PathId,
    service: ServiceDep,
    actor: ActorDep,
    once: Short,
    reason: Reason = "",
    words: Text = "",
) -> Response:
    """It is not solved after all."""

    async def act(session: AsyncSession, now: datetime) -> None:
        await reopen_by_hand(session, case_id, reason=reason or "other", words=words or None, actor=actor, now=now)

    deed = Deed(form="reopening", said="reopened", anchor="#stand", once=once)
    return await press(request, service, actor, deed, act)


def _money(text: str) -> float | None:
    """An amount as people write one: 1250, 1,250.50, ۱۲۵۰. Raises `Invalid` (`bad_amount`)."""
    if not text:
        return None
    try:
        found = float(text.replace(",", "").replace("\u066c", "").replace("\u066b", ".").replace(" ", ""))
    except ValueError:
        found = -1.0
    if not 0 <= found <= MOST_MONEY:
        raise Invalid("This is no amount.", code="bad_amount")
    return found


def _code(text: str) -> str | None:
    """A code of the house; raises `Invalid` (`bad_code`)."""
    code = text.lower()
    if not code:
        return None
    if not code[:1].isalnum() or not all(each.isascii() and (each.isalnum() or each in "_.-") for each in code):
        raise Invalid("A code has small letters, digits, and the signs _ . -", code="bad_code")
    return code[:60]
