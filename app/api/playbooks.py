"""Playbooks: the steps of a case, ticked where the work is, and what goes with each step over time. Decides nothing."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from app.actions.cases.playbooks import tick, untick
from app.api.shapes import Moment, PathId
from app.db import now as moment
from app.deps import ActorDep, Guarded, NowDep, ReadingDep, SessionDep
from app.errors import Invalid
from app.queries.cases import playbooks
from app.queries.cases.adherence import adherence

router = APIRouter(prefix="/v1", tags=["playbooks"], route_class=Guarded)

DAYS = 90
MOST_DAYS = 400
FIRST = datetime(2000, 1, 1, tzinfo=UTC)
"""Before then nothing happened here; a calendar that is asked for what was before its first year breaks."""

PathStep = Annotated[
    str,
    Path(alias="step", pattern=r"^[a-z][a-z0-9_-]*$", max_length=60, description="The code of the step."),
]
PathPlaybook = Annotated[
    str,
    Path(alias="code", pattern=r"^[a-z][a-z0-9_-]*$", max_length=60, description="The code of the playbook."),
]
Doing = Literal["say", "check", "do", "ask", "link"]


class StepView(BaseModel):
    """One step, and whether it was done for this case."""

    code: Annotated[str, Field(examples=["photos"])]
    do: Doing
    words: Annotated[dict[str, str], Field(description="By language.", examples=[{"en": "Ask for two photos."}])]
    required: bool = Field(description="The case is not resolved before it is done.")
    link: str | None
    ticked_at: datetime | None
    ticked_by: str | None


class PlaybookView(BaseModel):
    """The playbook of a case, in the version it was given; `playbook` is null where it has none."""

    case_id: UUID
    playbook: Annotated[str | None, Field(examples=["claim"])]
    version: int | None
    steps: list[StepView]
    missing: list[str] = Field(description="Required steps that are still to be done, in their order.")


class SideView(BaseModel):
    """Closed cases in which a step was done, or was not. Shares are null below `least` cases."""

    cases: int
    solved_share: float | None = Field(description="Solved in the customer's word, of those who could be asked.")
    reopened_share: float | None = Field(description="Came back at least once.")
    touches_per_case: float | None


class StepFigures(BaseModel):
    """What goes with one step. A comparison is no proof: who skips a step may have had the easier case."""

    code: str
    do: Doing
    required: bool
    ticked_share: float | None
    done: SideView
    left_out: SideView
    difference: float | None = Field(description="Solved share with the step minus without it.")
    low: float | None = Field(description="With 95 % confidence the difference is at least this,")
    high: float | None = Field(description="and at most this.")
    verdict: Literal["too_few", "helps", "hurts", "no_difference_shown"]


class VersionFigures(BaseModel):
    """One version of a playbook."""

    version: int
    rules_version: int
    published_at: datetime
    cases: int
    steps: list[StepFigures]


class AdherenceView(BaseModel):
    """How a playbook is followed, and what goes with it; newest version first, at most 50."""

    playbook: str
    begin: datetime
    end: datetime
    least: int = Field(description="Below so many cases on a side no share is told.")
    versions: list[VersionFigures]


@router.get("/cases/{id}/playbook", response_model=PlaybookView, summary="The steps of a case")
async def read(case_id: PathId, session: ReadingDep, actor: ActorDep) -> dict[str, Any]:
    """In the version it was given: what is published later does not change it."""
    return await playbooks.of_case(session, case_id, reader=actor.representative)


@router.put("/cases/{id}/playbook/{step}", response_model=PlaybookView, summary="A step was done")
async def ticked(case_id: PathId, step: PathStep, session: SessionDep, actor: ActorDep, now: NowDep) -> dict[str, Any]:
    """Kept with when and by whom. 409 `not_open` while a second person looks, and once the case is resolved."""
    return await playbooks.view(session, await tick(session, case_id, step, actor=actor, now=now))


@router.delete("/cases/{id}/playbook/{step}", response_model=PlaybookView, summary="It was not done after all")
async def unticked(
    case_id: PathId, step: PathStep, session: SessionDep, actor: ActorDep, now: NowDep
) -> dict[str, Any]:
    """What is not ticked stays so."""
    return await playbooks.view(session, await untick(session, case_id, step, actor=actor, now=now))


@router.get("/reports/playbooks/{code}", response_model=AdherenceView, summary="Which steps are worth their time")
async def report(
    code: PathPlaybook,
    session: ReadingDep,
    begin: Annotated[
        Moment | None, Query(description="Cases closed from then on; left out: 90 days before the end.")
    ] = None,
    end: Annotated[Moment | None, Query(description="Until before then; left out: now.")] = None,
) -> dict[str, Any]:
    """Per version and step: how often it was ticked, and what became of the cases with the tick and without it."""
    end = end or await moment(session)
    begin = begin or max(end, FIRST) - timedelta(days=DAYS)
    if not timedelta() < end - begin <= timedelta(days=MOST_DAYS):
        raise Invalid(f"From begin to end there is a time, of at most {MOST_DAYS} days.", code="bad_period")
    found = await adherence(session, code, begin=begin, end=end)
    return {**found, "begin": begin, "end": end}
