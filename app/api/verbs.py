"""What is done to an interaction while it is served, each verb a noun of its own under it.

Decides nothing: the actions do, under the row's lock. A repeated PUT answers 200 with the same body.
"""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field, StringConstraints
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.contacts.cancel import cancel
from app.actions.contacts.complete import complete
from app.actions.contacts.depart import no_show
from app.actions.contacts.write import write
from app.actions.line.requeue import park, transfer, wake
from app.actions.offers.consult import hand_over
from app.actions.record import locked
from app.api import answers
from app.api.shapes import Body, Code, Given, IfMatch, InteractionView, Line, MessageView, Moment, PathId, Reason
from app.deps import ActorDep, Guarded, NowDep, OnceDep, SessionDep
from app.errors import Forbidden, Invalid
from app.queries import interactions
from app.queries.representatives import preferred_by
from app.tables import Interaction

router = APIRouter(prefix="/v1/interactions", tags=["interactions"], route_class=Guarded)


class Completion(Given):
    """How it ended."""

    outcome: Annotated[Reason | None, Field(description="A code of your own.", examples=["answered"])] = None


class Cancellation(Given):
    """Why it is called off."""

    reason: Annotated[Reason, Field(examples=["customer_asked"])] = "unspecified"


class Parking(Given):
    """Until when it waits for the customer; without a date, until the customer writes."""

    until: Annotated[Moment | None, Field(examples=["2027-01-31T09:00:00Z"])] = None
    reason: Annotated[Reason | None, Field(examples=["waiting_for_papers"])] = None


class Transfer(Given):
    """Where it goes: a queue, a representative, or both; or to whoever took a consultation about it."""

    queue: Annotated[Code | None, Field(examples=["technical"])] = None
    representative: Code | None = None
    consultation: Annotated[
        UUID | None, Field(description="Hand over at once to whoever is being consulted; names nobody else.")
    ] = None
    reason: Annotated[Reason | None, Field(examples=["wrong_queue"])] = None


class NewMessage(Given):
    """Words to the customer (`out`) or to colleagues (`note`)."""

    direction: Literal["out", "note"] = "out"
    subject: Line | None = None
    body: Annotated[Body, StringConstraints(min_length=1), Field(examples=["Your claim is settled."])]
    asks: Annotated[
        Reason | None,
        Field(
            description="The answer asks the customer for this, a code: their case waits for them from then on.",
            examples=["missing_document"],
        ),
    ] = None


@router.put("/{id}/completion", response_model=InteractionView, summary="The work is done")
async def completion(
    interaction_id: PathId,
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
    response: Response,
    body: Completion = Completion(),  # noqa: B008  # read only
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """The interaction is completed, its wrap-up with it; the case stays open."""
    await _still(session, interaction_id, if_match)
    row = await complete(session, interaction_id, outcome=body.outcome, actor=actor, now=now)
    return await _now(session, row, response)


@router.put("/{id}/cancellation", response_model=InteractionView, summary="Call it off before it is served")
async def cancellation(
    interaction_id: PathId,
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
    response: Response,
    body: Cancellation = Cancellation(),  # noqa: B008  # read only
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """Only before somebody serves it: 409 after."""
    await _still(session, interaction_id, if_match)
    row = await cancel(session, interaction_id, reason=body.reason, actor=actor, now=now)
    return await _now(session, row, response)


@router.put("/{id}/parking", response_model=InteractionView, summary="Lay it aside")
async def parking(
    interaction_id: PathId,
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
    response: Response,
    body: Parking = Parking(),  # noqa: B008  # read only
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """Ends the assignment; whoever had it stays preferred when it wakes."""
    await _still(session, interaction_id, if_match)
    row = await park(session, interaction_id, until=body.until, reason=body.reason, actor=actor, now=now)
    return await _now(session, row, response)


@router.delete("/{id}/parking", response_model=InteractionView, summary="Take it up again")
async def waking(
    interaction_id: PathId, session: SessionDep, actor: ActorDep, now: NowDep, response: Response
) -> dict[str, Any]:
    """It stands in line again, due counted from now. What is not parked stays as it is."""
    row = await locked(session, Interaction, interaction_id)
    if actor.representative is not None and not await preferred_by(session, interaction_id, actor.representative):
        raise Forbidden("This was not laid aside by you.", code="not_yours")
    row = await wake(session, interaction_id, actor=actor, now=now)
    return await _now(session, row, response)


@router.put("/{id}/no_show", response_model=InteractionView, summary="Called, and did not come")
async def absence(
    interaction_id: PathId,
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
    response: Response,
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """Who returns within the queue's grace time gets the old place."""
    await _still(session, interaction_id, if_match)
    row = await no_show(session, interaction_id, actor=actor, now=now)
    return await _now(session, row, response)


@router.post("/{id}/transfers", status_code=201, response_model=InteractionView, summary="Hand it on")
async def transfers(
    interaction_id: PathId, body: Transfer, session: SessionDep, actor: ActorDep, now: NowDep, once: OnceDep
) -> Response:
    """To another queue, a named representative, or who is consulted; the customer's clock does not start anew."""
    if body.consultation is not None:
        if body.queue is not None or body.representative is not None:
            raise Invalid("A consultation names whom it goes to.", code="two_targets")
        row = await hand_over(
            session, interaction_id, consultation=body.consultation, reason=body.reason, actor=actor, now=now
        )
    else:
        row = await transfer(
            session,
            interaction_id,
            queue=body.queue,
            representative=body.representative,
            reason=body.reason,
            actor=actor,
            now=now,
        )
    return await once.keep(answers.written(InteractionView, await interactions.view(session, row), status=201))


@router.post("/{id}/messages", status_code=201, response_model=MessageView, summary="Write to the customer, or a note")
async def messages(
    interaction_id: PathId, body: NewMessage, session: SessionDep, actor: ActorDep, now: NowDep, once: OnceDep
) -> Response:
    """An answer leaves over the interaction's channel; a note stays in the house. `held`: a second person looks first."""
    row = await write(
        session,
        interaction_id,
        direction=body.direction,
        subject=body.subject,
        body=body.body,
        asks=body.asks,
        actor=actor,
        now=now,
    )
    return await once.keep(answers.written(MessageView, row.model_dump(), status=201))


async def _still(session: AsyncSession, interaction_id: PathId, if_match: str | None) -> None:
    """Hold the row if the caller wants to change one version of it only."""
    if if_match is not None:
        answers.unchanged(if_match, (await locked(session, Interaction, interaction_id)).version)


async def _now(session: AsyncSession, row: Interaction, response: Response) -> dict[str, Any]:
    response.headers["ETag"] = answers.etag(row.version)
    return await interactions.view(session, row)
