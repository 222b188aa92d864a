"""What customers said of what was called solved, for those who lead: who is to be called, and every answer.

Decides nothing: that somebody was called, the action writes. No representative reads what was said of a colleague.
"""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.actions.alarms import end_alarm
from app.deps import ActorDep, NowDep, ReadingDep, ServiceDep, SessionDep
from app.queries.desk import case as desk_cases
from app.queries.desk import surveys as desk_surveys
from app.web.fields import PathId
from app.web.frame import frame, framed
from app.web.page import Page, leafed, see

router = APIRouter(prefix="/desk/surveys", route_class=Page, include_in_schema=False)


@router.get("")
async def listed(
    request: Request,
    service: ServiceDep,
    session: ReadingDep,
    actor: ActorDep,
    after: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """Who is to be called, the most pressing first, and what customers said, the newest first."""
    about = await frame(request, session, service, actor)
    urgent = await desk_surveys.rescues(session)
    rows, following = await desk_surveys.answered(session, after=after)
    ids = {row.case_id for row in rows} | {each.case_id for each in urgent}
    spoken_of = {row.representative for row in (*rows, *(each.survey for each in urgent)) if row is not None}
    return await framed(
        request,
        session,
        about,
        "surveys.html",
        here=leafed(request, "/desk/surveys", "after"),
        place="surveys",
        urgent=urgent,
        rows=rows,
        following=following,
        leafed=after is not None,
        matters=await desk_cases.about(session, ids, reader=None),
        names=await desk_cases.names(session, {code for code in spoken_of if code}),
    )


@router.post("/rescues/{id}")
async def called(alarm_id: PathId, session: SessionDep, actor: ActorDep, now: NowDep) -> Response:
    """Somebody has spoken to the customer."""
    await end_alarm(session, alarm_id, actor=actor, now=now)
    return see("/desk/surveys", said="called")
