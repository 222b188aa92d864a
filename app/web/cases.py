"""The list of cases of whoever asks: a representative's own, or those the supervisors own; the next promised news first.

Decides nothing. Reads only.
"""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from app.deps import ActorDep, ReadingDep, ServiceDep
from app.queries.desk import case as desk_cases
from app.web.frame import frame, framed
from app.web.page import Page, leafed

router = APIRouter(prefix="/desk/cases", route_class=Page, include_in_schema=False)


@router.get("")
async def listed(
    request: Request,
    service: ServiceDep,
    session: ReadingDep,
    actor: ActorDep,
    show: Annotated[Literal["open", "over"], Query()] = "open",
    after: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """Those that are open; `show=over`: those that are resolved or closed, of a representative."""
    about = await frame(request, session, service, actor)
    over = show == "over" and about.code is not None
    rows, following = await desk_cases.owned(session, owner=about.code, over=over, after=after)
    return await framed(
        request,
        session,
        about,
        "cases.html",
        here=leafed(request, "/desk/cases", "show", "after"),
        place="cases",
        rows=rows,
        over=over,
        following=following,
        names=await desk_cases.names(session, {row.case.owner for row in rows if row.case.owner}),
    )
