"""What a customer is promised at the desk: made, moved, kept, or not owed any more. Decides nothing: the actions do."""

from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Form, Path, Request, Response
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.promises.given import give_promise, move_promise, promise_kept, release_promise
from app.deps import ActorDep, ServiceDep
from app.queries.desk import frame as desk
from app.web.fields import Line, PathId, Reason, Short
from app.web.forms import Deed, moment_of, press
from app.web.page import Page
from app.web.show import zone_of

ANCHOR: Final = "#promises"
UNSAID: Final = "other"
"""The reason of a promise that was moved or released without one."""

router = APIRouter(prefix="/desk/cases", route_class=Page, include_in_schema=False)


@router.post("/{id}/promises")
async def promise(
    request: Request,
    case_id: PathId,
    service: ServiceDep,
    actor: ActorDep,
    once: Short,
    kind: Reason = "news",
    due: Short = "",
    words: Line = "",
) -> Response:
    """A time that the customer was told. Once, however often the form is sent."""

    async def act(session: AsyncSession, now: datetime) -> None:
        due_at = moment_of(due, zone_of(await desk.zone(session, actor.representative)), now=now)
        await give_promise(
            session, case_id, kind=kind, due_at=due_at, words=words or None, representative=None, actor=actor, now=now
        )

    deed = Deed(form="promise", said="promised", anchor=ANCHOR, once=once)
    return await press(request, service, actor, deed, act)


@router.post("/{id}/promises/{promise}")
async def standing(
    request: Request,
    promise_id: Annotated[UUID, Path(alias="promise")],
    service: ServiceDep,
    actor: ActorDep,
    then: Annotated[Literal["kept", "moved", "released"], Form()],
    due: Short = "",
    reason: Reason = "",
    words: Line = "",
) -> Response:
    """One that stands: it was kept, another time takes its place (and the customer is told so), or it is not owed any more."""

    async def act(session: AsyncSession, now: datetime) -> str | None:
        if then == "kept":
            row = await promise_kept(session, promise_id, actor=actor, now=now)
            return None if row.state == "kept" else "promise_late"
        if then == "released":
            await release_promise(session, promise_id, reason=reason or UNSAID, actor=actor, now=now)
            return None
        due_at = moment_of(due, zone_of(await desk.zone(session, actor.representative)), now=now)
        _, told = await move_promise(
            session,
            promise_id,
            due_at=due_at,
            reason=reason or UNSAID,
            words=words or None,
            tell=True,
            actor=actor,
            now=now,
        )
        return None if told else "promise_moved_untold"

    deed = Deed(form=f"promise-{promise_id}", said=f"promise_{then}", anchor=ANCHOR)
    return await press(request, service, actor, deed, act)
