"""Words from the desk: an answer to the customer, or a note for colleagues.

Decides that a form sent twice is written once, and that words which could not be sent are shown again, never lost.
"""

from dataclasses import dataclass
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel.ext.asyncio.session import AsyncSession

from app import db
from app.actions.contacts.complete import complete
from app.actions.contacts.write import write
from app.deps import ActorDep, Once, Service, ServiceDep
from app.deps.idempotency import Replayed, alone, digest_of
from app.errors import Conflict, Forbidden, Invalid, NotFound, RaabtaError, Unavailable
from app.security import Actor
from app.web.fields import Line, PathId, Reason, Short, Text, in_hand
from app.web.page import Page, back, render, see, sentence, spoken_here

ANSWERED: Final = "answered"
NOT_SENT: Final = (Conflict, Forbidden, Invalid, NotFound, Unavailable)

router = APIRouter(prefix="/desk", route_class=Page, include_in_schema=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """One form as it was sent. `once` names the form, so that sending it again writes nothing."""

    direction: Literal["out", "note"]
    subject: str | None
    body: str
    once: str
    then_complete: bool = False
    asks: str | None = None


@router.post("/work/{id}/messages")
async def answer(
    request: Request,
    assignment_id: PathId,
    service: ServiceDep,
    actor: ActorDep,
    once: Short,
    body: Text = "",
    subject: Line = "",
    asks: Reason = "",
    then: Annotated[Literal["", "complete"], Form()] = "",
) -> Response:
    """Write to the customer; `asks`: for what, so that the case waits for them; with `then=complete`, that was all."""
    written = Written(
        direction="out", subject=subject or None, body=body, once=once, then_complete=bool(then), asks=asks or None
    )
    return await _keep(request, service, actor, assignment_id, written)


@router.post("/work/{id}/notes")
async def note(
    request: Request, assignment_id: PathId, service: ServiceDep, actor: ActorDep, once: Short, body: Text = ""
) -> Response:
    """A note that stays in the house."""
    written = Written(direction="note", subject=None, body=body, once=once)
    return await _keep(request, service, actor, assignment_id, written)


async def _keep(request: Request, service: Service, actor: Actor, assignment_id: UUID, written: Written) -> Response:
    """Write it, once; or show the words again with the reason why not."""
    if not written.body:
        return see(back(request), sorry="nothing_written")
    try:
        async with alone(actor.source, written.once), service.database.session() as session:
            form = Once(session, owner=actor.source, key=f"desk:{written.once}", digest=await digest_of(request))
            await form.begin()
            held = await _write(session, assignment_id, actor, written)
            done = _done(assignment_id, written, held=held)
            await form.keep(Response(done.headers["location"], status_code=done.status_code))
            return done
    except Replayed as before:
        return RedirectResponse(bytes(before.response.body).decode(), status_code=before.response.status_code)
    except NOT_SENT as error:
        return _shown_again(request, error, written)


async def _write(session: AsyncSession, assignment_id: UUID, actor: Actor, written: Written) -> bool:
    """Whether a second person looks at it before it leaves."""
    now = await db.now(session)
    contact = await in_hand(session, assignment_id, actor)
    message = await write(
        session,
        contact,
        direction=written.direction,
        subject=written.subject,
        body=written.body,
        asks=written.asks,
        actor=actor,
        now=now,
    )
    if written.then_complete:
        await complete(session, contact, outcome=ANSWERED, actor=actor, now=now)
    return "held" in message.attributes


def _done(assignment_id: UUID, written: Written, *, held: bool) -> Response:
    if written.then_complete:
        return see("/desk", "held_completed" if held else "sent_completed")
    said = "noted" if written.direction == "note" else "held" if held else "sent"
    return see(f"/desk/work/{assignment_id}", said, anchor="#story")


def _shown_again(request: Request, error: RaabtaError, written: Written) -> Response:
    name = sentence(spoken_here(request), error)
    return render(request, "sorry.html", status=error.status, sorry=name, back=back(request), written=written.body)
