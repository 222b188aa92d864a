"""Who may speak for a customer. Decides nothing: the action does, under the customers' locks."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Response
from pydantic import Field

from app.actions.customers.proxies import end_proxy, name_proxy
from app.api import answers
from app.api.customers import ProxyView
from app.api.shapes import Given, PathId, Reason
from app.deps import ActorDep, Guarded, NowDep, OnceDep, SessionDep

router = APIRouter(prefix="/v1/customers", tags=["customers"], route_class=Guarded)


class NewProxy(Given):
    """Who speaks for them, as what, and how they agreed: codes of your own."""

    proxy_id: Annotated[UUID, Field(description="The customer who speaks for this one.")]
    relation: Annotated[Reason, Field(examples=["child"])]
    consent: Annotated[Reason, Field(examples=["in_person"])]


@router.post("/{id}/proxies", status_code=201, response_model=ProxyView, summary="Somebody may speak for them")
async def name(
    customer_id: PathId, body: NewProxy, session: SessionDep, actor: ActorDep, now: NowDep, once: OnceDep
) -> Response:
    """Their answers to letters on this customer's cases join them, and cases of both may be merged. Noted already: the note."""
    row = await name_proxy(
        session, customer_id, body.proxy_id, relation=body.relation, consent=body.consent, actor=actor, now=now
    )
    return await once.keep(answers.written(ProxyView, row.model_dump(), status=201))


@router.delete("/{id}/proxies/{proxy}", response_model=ProxyView, summary="They speak for themselves again")
async def end(
    customer_id: PathId,
    note: Annotated[UUID, Path(alias="proxy", description="The note's id.")],
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
) -> dict[str, Any]:
    """Kept with its end. Again: the same."""
    return (await end_proxy(session, customer_id, note, actor=actor, now=now)).model_dump()
