"""What else is done to an interaction: called back, asked a colleague about, given to somebody by hand.

Decides nothing: the actions do, under the row's lock.
"""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Response
from pydantic import Field

from app.actions.line.callback import request_callback, unreached
from app.actions.offers.assign import assign
from app.actions.offers.consult import consult
from app.api import answers
from app.api.shapes import AssignmentView, Code, Given, InteractionView, Moment, PathId, Phone, Reason
from app.deps import ActorDep, Guarded, NowDep, OnceDep, SessionDep
from app.queries import interactions

router = APIRouter(prefix="/v1/interactions", tags=["interactions"], route_class=Guarded)


class Callback(Given):
    """Where and when to call back."""

    number: Annotated[Phone | None, Field(description="The number they called from where none is named.", examples=["+923001234567"])] = None  # fmt: skip
    at: Annotated[Moment | None, Field(description="Not before; as soon as it is their turn where none is named.", examples=["2027-01-31T09:00:00Z"])] = None  # fmt: skip


class CallbackAttempt(Given):
    """What came of calling back."""

    result: Annotated[Literal["no_answer", "busy", "unreachable"], Field(examples=["no_answer"])]


class Consultation(Given):
    """Whom to ask: a representative, or whoever is free in a queue."""

    representative: Annotated[Code | None, Field(examples=["chandra"])] = None
    queue: Code | None = None
    reason: Annotated[Reason | None, Field(examples=["second_opinion"])] = None


class ManualAssignment(Given):
    """Who gets it, out of turn."""

    representative: Annotated[Code, Field(examples=["ayesha"])]
    override_reason: Annotated[
        Reason | None,
        Field(description="Why past what they may hold or take; kept in the event log.", examples=["knows_the_matter"]),
    ] = None


@router.put("/{id}/callback", response_model=InteractionView, summary="Call back instead of waiting on the line")
async def callback(
    interaction_id: PathId,
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
    response: Response,
    body: Callback = Callback(),  # noqa: B008  # read only
) -> dict[str, Any]:
    """The place is kept and the caller may hang up; with `at`, they stand in line again at that hour."""
    row = await request_callback(session, interaction_id, number=body.number, at=body.at, actor=actor, now=now)
    response.headers["ETag"] = answers.etag(row.version)
    return await interactions.view(session, row)


@router.post(
    "/{id}/callback_attempts", status_code=201, response_model=InteractionView, summary="Called back, and not reached"
)
async def callback_attempts(
    interaction_id: PathId, body: CallbackAttempt, session: SessionDep, actor: ActorDep, now: NowDep, once: OnceDep
) -> Response:
    """It goes back to its place and is tried again after a gap; after the queue's last attempt it is given up."""
    row = await unreached(session, interaction_id, result=body.result, actor=actor, now=now)
    return await once.keep(answers.written(InteractionView, await interactions.view(session, row), status=201))


@router.post("/{id}/consultations", status_code=201, response_model=InteractionView, summary="Ask a colleague first")
async def consultations(
    interaction_id: PathId, body: Consultation, session: SessionDep, actor: ActorDep, now: NowDep, once: OnceDep
) -> Response:
    """The question is an interaction of its own on the same case; name it in a transfer to hand over to who took it."""
    row = await consult(
        session,
        interaction_id,
        representative=body.representative,
        queue=body.queue,
        reason=body.reason,
        actor=actor,
        now=now,
    )
    return await once.keep(answers.written(InteractionView, await interactions.view(session, row), status=201))


@router.post("/{id}/assignments", status_code=201, response_model=AssignmentView, summary="Give it to somebody by hand")
async def assignments(
    interaction_id: PathId, body: ManualAssignment, session: SessionDep, actor: ActorDep, now: NowDep, once: OnceDep
) -> Response:
    """An offer out of turn. 409 for who is barred, away or offline, and past a limit without a reason."""
    row = await assign(
        session,
        interaction_id,
        representative=body.representative,
        override=body.override_reason,
        actor=actor,
        now=now,
    )
    return await once.keep(answers.written(AssignmentView, row.model_dump(), status=201))
