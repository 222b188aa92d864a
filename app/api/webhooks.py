"""`/v1/webhooks`: other systems that follow what happens here (Standard Webhooks). Decides nothing."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.actions.outward.reachable import LONGEST_URL, check_url
from app.actions.outward.webhooks import (
    add_endpoint,
    change_endpoint,
    checked_kinds,
    remove_endpoint,
    renew_secret,
    resend,
    view,
)
from app.actions.outward.webhooks import shown as secret_shown
from app.api import answers
from app.api.shapes import After, Given, IfMatch, Limit, Page, PathId
from app.deps import ActorDep, Guarded, NowDep, OnceDep, ReadingDep, ServiceDep, SessionDep
from app.queries import webhooks
from app.tables import WebhookEndpoint
from routing.events import SUBJECTS

router = APIRouter(prefix="/v1", tags=["webhooks"], route_class=Guarded)

Url = Annotated[str, StringConstraints(min_length=8, max_length=LONGEST_URL)]
Kind = Annotated[str, StringConstraints(pattern=r"^[a-z]+\.([a-z_]+|\*)$", max_length=80)]
Kinds = Annotated[list[Kind], Field(max_length=100, description="`case.resolved`, `case.*`; none: everything.")]
DeliveryState = Literal["pending", "sending", "sent", "failed"]


class NewWebhook(Given):
    """Where another system listens."""

    url: Annotated[Url, Field(description="https:// of a public host.", examples=["https://example.org/raabta"])]
    kinds: Annotated[Kinds, Field(examples=[["case.resolved", "case.confirmed"]])] = []  # noqa: RUF012


class Change(Given):
    """Only what is given changes."""

    url: Url | None = None
    kinds: Kinds | None = None
    state: Literal["on", "off"] | None = None


class Renewal(Given):
    """Another secret."""

    keep_old: Annotated[bool, Field(description="The one before signs too, until the next renewal.")] = True


class WebhookView(BaseModel):
    """A receiver. Its secret is shown once, when it is made or renewed."""

    id: UUID
    url: str
    kinds: list[str]
    state: Literal["on", "off"]
    made_at: datetime
    made_by: str
    old_secret_signs: bool = Field(description="Two signatures are sent: by the new secret and by the one before.")


class SecretView(WebhookView):
    """A receiver with its secret: keep it, it is not shown again."""

    secret: str = Field(description="`whsec_` and base64, as Standard Webhooks writes it.")


class DeliveryView(BaseModel):
    """One event for one receiver, and what became of it."""

    model_config = ConfigDict(json_schema_extra={})

    id: UUID = Field(description="The header `webhook-id`: the same however often it is sent.")
    event_seq: int
    kind: str
    state: DeliveryState
    attempts: int
    next_at: datetime
    status: int | None = Field(description="What the receiver answered last.")
    reason: str | None = Field(
        description="Why the last try failed: `timeout`, `refused`, `unreachable`, `unknown_host`, `private_address`."
    )
    made_at: datetime
    done_at: datetime | None
    payload: dict[str, Any] = Field(description="As it is sent: the event as it was then.")


@router.get("/webhooks", response_model=Page[WebhookView], summary="Who follows what happens here")
async def receivers(session: ReadingDep) -> dict[str, Any]:
    """All of them, the oldest first; there are at most 100."""
    return {"items": [webhooks.shown(row) for row in await webhooks.endpoints(session)], "next": None}


@router.post("/webhooks", response_model=SecretView, status_code=201, summary="Another system follows")
async def add(
    body: NewWebhook, session: SessionDep, actor: ActorDep, now: NowDep, service: ServiceDep, once: OnceDep
) -> Response:
    """It is sent what happens from now on, each event once or more under one `webhook-id`, signed, for nearly four days."""
    url = check_url(body.url, allowed=service.settings.reachable_networks)
    row = await add_endpoint(session, url=url, kinds=checked_kinds(body.kinds, SUBJECTS), actor=actor, now=now)
    found = {**webhooks.shown(row), "secret": secret_shown(row.secret)}
    return await once.keep(answers.written(SecretView, found, status=201))


@router.get("/webhooks/{id}", response_model=WebhookView, summary="Read a receiver")
async def read(webhook_id: PathId, session: ReadingDep, response: Response) -> dict[str, Any]:
    """Without its secret."""
    return _shown(await webhooks.endpoint(session, webhook_id), response)


@router.patch("/webhooks/{id}", response_model=WebhookView, summary="Change where or what, or switch it off")
async def change(
    webhook_id: PathId,
    body: Change,
    session: SessionDep,
    service: ServiceDep,
    response: Response,
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """What is laid out already keeps its payload, and goes to the new address."""
    url = check_url(body.url, allowed=service.settings.reachable_networks) if body.url is not None else None
    kinds = checked_kinds(body.kinds, SUBJECTS) if body.kinds is not None else None

    def expected(row: WebhookEndpoint) -> None:
        answers.unchanged(if_match, webhooks.version(row))

    row = await change_endpoint(session, webhook_id, url=url, kinds=kinds, state=body.state, expect=expected)
    return _shown(row, response)


@router.delete("/webhooks/{id}", status_code=204, summary="It follows no more")
async def remove(webhook_id: PathId, session: SessionDep) -> Response:
    """With all that was laid out for it."""
    await remove_endpoint(session, webhook_id)
    return Response(status_code=204)


@router.put("/webhooks/{id}/secret", response_model=SecretView, summary="Renew its secret")
async def renew(webhook_id: PathId, session: SessionDep, body: Renewal = Renewal()) -> dict[str, Any]:  # noqa: B008
    """Repeated, it is renewed again."""
    row = await renew_secret(session, webhook_id, keep_old=body.keep_old)
    return {**webhooks.shown(row), "secret": secret_shown(row.secret)}


@router.get(
    "/webhooks/{id}/deliveries", response_model=Page[DeliveryView], summary="What was sent, and what became of it"
)
async def sent(
    webhook_id: PathId,
    session: ReadingDep,
    state: Annotated[DeliveryState | None, Query(description="Only these.")] = None,
    after: After = None,
    limit: Limit = 50,
) -> dict[str, Any]:
    """Newest first."""
    rows, following = await webhooks.deliveries(session, webhook_id, state=state, after=after, limit=limit)
    return {"items": [view(row) for row in rows], "next": following}


@router.post("/webhook_deliveries/{id}/resends", response_model=DeliveryView, status_code=202, summary="Send it again")
async def again(delivery_id: PathId, session: SessionDep, now: NowDep, once: OnceDep) -> Response:
    """The same bytes under the same id, whether it was taken before or given up."""
    row = await resend(session, delivery_id, now=now)
    return await once.keep(answers.written(DeliveryView, view(row), status=202))


def _shown(row: WebhookEndpoint, response: Response) -> dict[str, Any]:
    response.headers["ETag"] = answers.etag(webhooks.version(row))
    return webhooks.shown(row)
