"""What whoever sits here must look at: their own alarms, or all of them for a supervisor; and that they have looked.

Decides nothing: the action does. Of a case somebody may not read they see only that there is something.
"""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from app.actions.alarms import end_alarm
from app.deps import ActorDep, NowDep, ReadingDep, ServiceDep, SessionDep
from app.queries import alarms
from app.queries.desk import case as desk_cases
from app.web.fields import PathId
from app.web.frame import frame, framed
from app.web.page import Page, leafed, see

router = APIRouter(prefix="/desk/alarms", route_class=Page, include_in_schema=False)


@router.get("")
async def listed(
    request: Request,
    service: ServiceDep,
    session: ReadingDep,
    actor: ActorDep,
    show: Annotated[Literal["all", "ours"], Query()] = "all",
    after: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """Those that are open, the oldest first. `show=ours`: only those that are for no representative."""
    about = await frame(request, session, service, actor)
    ours = show == "ours" and about.code is None
    wanted = alarms.Wanted(supervisors=ours)
    rows, following = await alarms.page(session, wanted, reader=about.code, after=after, limit=50)
    matters = await desk_cases.about(session, {row["case_id"] for row in rows if row["case_id"]}, reader=about.code)
    return await framed(
        request,
        session,
        about,
        "alarms.html",
        here=leafed(request, "/desk/alarms", "show", "after"),
        place="alarms",
        rows=rows,
        matters=matters,
        ours=ours,
        following=following,
        names=await desk_cases.names(session, {row["representative"] for row in rows if row["representative"]}),
    )


@router.post("/{id}/done")
async def done(alarm_id: PathId, session: SessionDep, actor: ActorDep, now: NowDep) -> Response:
    """Somebody has looked."""
    await end_alarm(session, alarm_id, actor=actor, now=now)
    return see("/desk/alarms", said="looked")
