"""A case is called solved, and called unsolved again. Decides nothing: the actions do, under the case's lock."""

from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import Field

from app.actions.cases.reopen import reopen_by_hand
from app.actions.cases.resolve import resolve
from app.actions.record import locked
from app.api import answers
from app.api.shapes import Body, CaseView, Given, IfMatch, PathId, Reason
from app.deps import ActorDep, Guarded, NowDep, OnceDep, SessionDep
from app.queries.cases import cases
from app.tables import Case

router = APIRouter(prefix="/v1/cases", tags=["cases"], route_class=Guarded)


class Resolution(Given):
    """What came of it, and why it had happened."""

    outcome: Annotated[Reason | None, Field(description="A code of your own.", examples=["refunded"])] = None
    root_cause: Annotated[
        Reason | None,
        Field(description="What is to be mended, so that it does not come again.", examples=["late_parcel"]),
    ] = None


class Reopening(Given):
    """Why it is not solved after all."""

    reason: Annotated[Reason, Field(examples=["told_by_phone"])]
    words: Annotated[
        Body | None, Field(description="What is not solved, for whoever takes it up.", examples=["It drips again."])
    ] = None


@router.put("/{id}/resolution", response_model=CaseView, summary="The matter is solved, in the representative's word")
async def resolution(
    case_id: PathId,
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
    response: Response,
    body: Resolution = Resolution(),  # noqa: B008  # read only
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """Solved means solved only when the customer says so: they are asked, and a contact that says otherwise opens it again.

    `checking` where a second person is to look first. 409 `steps_missing`: required steps of the playbook are not done.
    """
    if if_match is not None:
        answers.unchanged(if_match, (await locked(session, Case, case_id)).version)
    row = await resolve(session, case_id, outcome=body.outcome, root_cause=body.root_cause, actor=actor, now=now)
    response.headers["ETag"] = answers.etag(row.version)
    return await cases.view(session, row)


@router.post("/{id}/reopening", status_code=201, response_model=CaseView, summary="It is not solved after all")
async def reopening(
    case_id: PathId, body: Reopening, session: SessionDep, actor: ActorDep, now: NowDep, once: OnceDep
) -> Response:
    """Open again what was resolved or closed: its work is back in line near the front, and another is asked first.

    409 `reopening_over`: too late, what comes now is a new case.
    """
    row = await reopen_by_hand(session, case_id, reason=body.reason, words=body.words, actor=actor, now=now)
    return await once.keep(answers.written(CaseView, await cases.view(session, row), status=201))
