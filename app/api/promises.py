"""`/v1/cases/{id}/promises` and `/v1/promises`: what a customer was promised, and by when. Decides nothing."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from app.actions.promises.given import give_promise, move_promise, promise_kept, release_promise
from app.api import answers
from app.api.shapes import After, Code, Given, Limit, Line, Moment, Page, PathId, Reason
from app.deps import ActorDep, Guarded, NowDep, OnceDep, ReadingDep, SessionDep
from app.queries.cases import promises

router = APIRouter(prefix="/v1", tags=["promises"], route_class=Guarded)

PromiseState = Literal["standing", "kept", "broken", "moved", "released"]


class NewPromise(Given):
    """A time the customer was given."""

    kind: Annotated[
        Code, Field(description="`news`, `solution`, `visit`, or a code of your own.", examples=["solution"])
    ]
    due_at: Annotated[Moment, Field(description="By when.", examples=["2027-01-31T09:00:00Z"])]
    words: Annotated[
        Line | None,
        Field(description="What was promised, as the customer may read it.", examples=["The part is fitted."]),
    ] = None
    representative: Annotated[
        Code | None, Field(description="Whose word it is; the owner's of the case where none is named.")
    ] = None


class Move(Given):
    """Another time stands in its place."""

    due_at: Annotated[Moment, Field(examples=["2027-02-03T09:00:00Z"])]
    reason: Annotated[Reason, Field(description="Why: a code, kept for ever.", examples=["part_missing"])]
    words: Annotated[Line | None, Field(description="Told to the customer with the new time.")] = None
    tell: Annotated[bool, Field(description="Send the customer a notice; false: they were told already.")] = True


class PromiseView(BaseModel):
    """A time the customer was given, and what became of it."""

    id: UUID
    case_id: UUID
    interaction_id: UUID | None = Field(description="Of a callback: the contact that is called back.")
    kind: str
    words: str | None
    due_at: datetime
    made_at: datetime
    made_by: str
    representative: str | None = Field(description="Whose word it is.")
    state: PromiseState
    ended_at: datetime | None = Field(description="When it was kept, moved or released; broken: when it was due.")
    moved_to: UUID | None
    reason: str | None = Field(description="Why it was moved or released, what kept it: a code.")
    nudged_at: datetime | None = Field(description="When a person was told to keep it.")


class MovedView(PromiseView):
    """The promise that stands now."""

    told: bool = Field(description="A notice with the new time leaves; false: nobody was told by us, tell them.")


@router.get("/cases/{id}/promises", response_model=Page[PromiseView], summary="What was promised on a case")
async def of_case(
    case_id: PathId,
    session: ReadingDep,
    actor: ActorDep,
    state: Annotated[PromiseState | None, Query(description="Only these.")] = None,
    after: After = None,
    limit: Limit = 50,
) -> dict[str, Any]:
    """Newest first, with those of cases that were taken into it. An open case has one standing promise of `news`."""
    items, following = await promises.page(
        session, case_id, reader=actor.representative, state=state, after=after, limit=limit
    )
    return {"items": items, "next": following}


@router.post("/cases/{id}/promises", response_model=PromiseView, status_code=201, summary="A time was promised")
async def promise(
    case_id: PathId, body: NewPromise, session: SessionDep, actor: ActorDep, now: NowDep, once: OnceDep
) -> Response:
    """Told in a talk or a letter. It is watched: before its time whose word it is hears of it. Of `news` it takes the
    place of the one that stands."""
    row = await give_promise(
        session,
        case_id,
        kind=body.kind,
        due_at=body.due_at,
        words=body.words,
        representative=body.representative,
        actor=actor,
        now=now,
    )
    return await once.keep(answers.written(PromiseView, row.model_dump(), status=201))


@router.put("/promises/{id}/move", response_model=MovedView, summary="It takes longer, or goes faster")
async def move(promise_id: PathId, body: Move, session: SessionDep, actor: ActorDep, now: NowDep) -> dict[str, Any]:
    """The old one is on record as moved, with the reason; the new one is answered. Broken ones cannot be moved."""
    row, told = await move_promise(
        session,
        promise_id,
        due_at=body.due_at,
        reason=body.reason,
        words=body.words,
        tell=body.tell,
        actor=actor,
        now=now,
    )
    return {**row.model_dump(), "told": told}


@router.put("/promises/{id}/kept", response_model=PromiseView, summary="It was kept")
async def kept(promise_id: PathId, session: SessionDep, actor: ActorDep, now: NowDep) -> dict[str, Any]:
    """What the service cannot see by itself: a visit, a part that was fitted. Said after its time, it counts as broken."""
    return (await promise_kept(session, promise_id, actor=actor, now=now)).model_dump()


@router.delete("/promises/{id}", status_code=204, summary="It is not owed any more")
async def release(
    promise_id: PathId,
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
    reason: Annotated[Reason, Query(description="Why: a code.")] = "withdrawn",
) -> Response:
    """Its matter is over before its time. The next news of an open case are always owed."""
    await release_promise(session, promise_id, reason=reason, actor=actor, now=now)
    return Response(status_code=204)
