"""What waits for a second person: what whoever asks may look at, and their own work that is being looked at.

Decides nothing. Reads only.
"""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.deps import ActorDep, ReadingDep, ServiceDep
from app.queries.cases import checks
from app.queries.desk import case as desk_cases
from app.web.frame import frame, framed
from app.web.page import Page, leafed

router = APIRouter(prefix="/desk/checks", route_class=Page, include_in_schema=False)


@router.get("")
async def listed(
    request: Request,
    service: ServiceDep,
    session: ReadingDep,
    actor: ActorDep,
    after: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """The first asked for first."""
    about = await frame(request, session, service, actor)
    rows, following = await checks.page(session, state=None, case_id=None, reader=about.code, after=after, limit=50)
    people = {code for row in rows for code in (row["representative"], row["checker"]) if code}
    return await framed(
        request,
        session,
        about,
        "checks.html",
        here=leafed(request, "/desk/checks", "after"),
        place="checks",
        to_look=[row for row in rows if about.code is None or row["representative"] != about.code],
        own=[row for row in rows if about.code is not None and row["representative"] == about.code],
        names=await desk_cases.names(session, people),
        following=following,
    )
