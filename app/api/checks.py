"""`/v1/checks`: what a second person looks at before it is resolved or leaves. Decides nothing."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field, StringConstraints
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.checks.decide import approve, drop, send_back, take
from app.api import comma_separated
from app.api.shapes import After, Code, Given, Limit, MessageView, Moment, Page, PathId
from app.db import now as moment
from app.deps import ActorDep, Guarded, NowDep, ReadingDep, SessionDep
from app.errors import Invalid
from app.queries.cases import checks
from app.tables import Case, SecondCheck

router = APIRouter(prefix="/v1", tags=["checks"], route_class=Guarded)

DAYS = 90
MOST_DAYS = 400
FIRST = datetime(2000, 1, 1, tzinfo=UTC)
"""Before then nothing happened here; a calendar that is asked for what was before its first year breaks."""

CheckState = Literal["waiting", "taken", "passed", "returned", "withdrawn"]
Comment = Annotated[str, StringConstraints(min_length=1, max_length=4_000, strip_whitespace=True)]


class Taking(Given):
    """Who looks."""

    representative: Annotated[
        Code | None,
        Field(description="For whom software or a supervisor acts. A supervisor may also look themselves."),
    ] = None


class Approval(Given):
    """It is right."""

    comment: Comment | None = None


class Return(Given):
    """It is not right yet."""

    comment: Annotated[Comment, Field(description="What is to be done.", examples=["The second photo is missing."])]


class CheckView(BaseModel):
    """A second person's look, and what there is to look at."""

    id: UUID
    case_id: UUID
    before: Literal["resolution", "message"]
    state: CheckState
    reason: str = Field(description="`amount`, `new_representative`, `share`, `reopened` or `always`.")
    representative: str | None = Field(description="Whose work it is: they never look themselves.")
    skill: str | None = Field(description="Who looks must hold it at `level`; null: serve the case's queue.")
    level: int
    requested_at: datetime
    due_at: datetime
    checker: str | None
    taken_at: datetime | None
    decided_at: datetime | None
    comment: str | None
    request_type: str | None
    queue: str | None
    subject: str | None
    amount: float | None
    outcome: str | None = Field(description="What the case would be resolved with.")
    root_cause: str | None
    message: MessageView | None = Field(description="The answer that is held.")


class CheckFigures(BaseModel):
    """Checks that were decided; rates are null below `least` of them."""

    code: str | None
    decided: int
    returned: int | None
    return_rate: float | None
    late_rate: float | None = Field(description="Decided after their time.")
    median_seconds: float | None = Field(description="From the request to the decision.")


class CheckReport(BaseModel):
    """Check figures by whose work it was, or by what it was about."""

    by: checks.By
    begin: datetime
    end: datetime
    least: int
    items: list[CheckFigures]


@router.get("/checks", response_model=Page[CheckView], summary="What waits for a second person")
async def listed(
    session: ReadingDep,
    actor: ActorDep,
    state: Annotated[CheckState | None, Query(description="Left out: what is still to be decided.")] = None,
    case_id: Annotated[UUID | None, Query(alias="case")] = None,
    limit: Limit = 50,
    after: After = None,
) -> dict[str, Any]:
    """The first asked for first. A representative sees what they may look at, and what is their own work."""
    items, following = await checks.page(
        session, state=state, case_id=case_id, reader=actor.representative, after=after, limit=limit
    )
    return {"items": items, "next": following}


@router.get("/checks/{id}", response_model=CheckView, summary="Read a check")
async def read(check_id: PathId, session: ReadingDep, actor: ActorDep) -> dict[str, Any]:
    """With what there is to look at."""
    return await checks.one(session, check_id, reader=actor.representative)


@router.put("/checks/{id}/taking", response_model=CheckView, summary="Look at it")
async def taking(
    check_id: PathId,
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
    body: Taking = Taking(),  # noqa: B008  # read only
) -> dict[str, Any]:
    """One at a time: 409 `taken`. 403 `same_person` for whose work it is, `not_qualified` for who lacks what it asks for."""
    return await _now(session, await take(session, check_id, representative=body.representative, actor=actor, now=now))


@router.delete("/checks/{id}/taking", response_model=CheckView, summary="Give it back")
async def dropping(check_id: PathId, session: SessionDep, actor: ActorDep, now: NowDep) -> dict[str, Any]:
    """Another may take it. A supervisor may take it out of anybody's hands."""
    return await _now(session, await drop(session, check_id, actor=actor, now=now))


@router.put("/checks/{id}/approval", response_model=CheckView, summary="It is right")
async def approval(
    check_id: PathId,
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
    body: Approval = Approval(),  # noqa: B008  # read only
) -> dict[str, Any]:
    """The case is resolved, or the message leaves, at once. 409 `check_withdrawn` where the customer wrote meanwhile."""
    return await _now(session, await approve(session, check_id, comment=body.comment, actor=actor, now=now))


@router.put("/checks/{id}/return", response_model=CheckView, summary="It is not right yet")
async def returning(
    check_id: PathId, body: Return, session: SessionDep, actor: ActorDep, now: NowDep
) -> dict[str, Any]:
    """The case is open again, a message stays with us, and whose work it is hears of it."""
    return await _now(session, await send_back(session, check_id, comment=body.comment, actor=actor, now=now))


@router.get(
    "/reports/checks",
    response_model=CheckReport,
    summary="How often work is returned",
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
async def report(
    session: ReadingDep,
    by: Annotated[checks.By, Query()] = "representative",
    begin: Annotated[
        Moment | None, Query(description="Decided from then on; left out: 90 days before the end.")
    ] = None,
    end: Annotated[Moment | None, Query(description="Until before then; left out: now.")] = None,
    limit: Limit = 200,
    form: Annotated[Literal["json", "csv"], Query(alias="format", description="`csv` gives a table.")] = "json",
) -> Any:
    """The most decided first."""
    end = end or await moment(session)
    begin = begin or max(end, FIRST) - timedelta(days=DAYS)
    if not timedelta() < end - begin <= timedelta(days=MOST_DAYS):
        raise Invalid(f"From begin to end there is a time, of at most {MOST_DAYS} days.", code="bad_period")
    items = await checks.figures(session, by=by, begin=begin, end=end, limit=limit)
    if form == "csv":
        table = comma_separated.table(list(CheckFigures.model_fields), items)
        return Response(table, media_type=comma_separated.MEDIA_TYPE)
    return {"by": by, "begin": begin, "end": end, "least": checks.LEAST, "items": items}


async def _now(session: AsyncSession, check: SecondCheck) -> dict[str, Any]:
    return await checks.view(session, check, await session.get_one(Case, check.case_id))
