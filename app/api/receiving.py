"""`POST /v1/interactions`: a contact comes in over the API.

Decides what of the body is a signal. This is the hot path: no dependency is solved and no session opened; the contact is
written in a group with others that arrive at the same moment.
"""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError
from starlette.types import Receive, Scope, Send

from app.actions.contacts.contact import Contact
from app.api import answers
from app.api.shapes import NewInteraction, Received
from app.deps import Guarded, OptionalKey, Service, admit
from app.deps.idempotency import Once, Replayed, alone, checked_key, digest_of
from app.deps.problems import invalid
from app.errors import Invalid
from app.security import Actor
from channels.base import Arrived, Outcome, Person, Refusal


class Lean(Guarded):
    """The same door, and right behind it the endpoint; its signature is for the API's description. Errors reach the edge."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **given: Any) -> None:
        super().__init__(path, endpoint, **given)
        self.app = self._answer

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        service: Service = scope["app"].state.service
        await admit(request, service, service.access["POST", self.path], reads_json=True)
        key = request.headers.get("idempotency-key")
        if key is None:
            response = await _receive(request, service)
        else:
            response = await _once(request, service, checked_key(key))
        await response(scope, receive, send)


router = APIRouter(prefix="/v1/interactions", tags=["interactions"], route_class=Lean)


@router.post(
    "",
    status_code=201,
    response_model=Received,
    responses={200: {"model": Received, "description": "It was taken before: how it stands now."}},
    summary="Take a contact in",
)
async def receive(body: NewInteraction, idempotency_key: OptionalKey = None) -> Response:
    """A call, an email, a visit becomes one interaction and waits for a representative.

    The same `channel` and `ref` from the same key again answers 200 with the same id, and nothing happens twice.
    """
    raise AssertionError("Lean answers instead")  # the signature describes it, the route class serves it


async def _receive(request: Request, service: Service) -> Response:
    body = _read(await request.json() if await request.body() else None)
    actor: Actor = request.scope["actor"]
    if body.channel not in service.channels:
        raise Invalid(f"There is no channel {body.channel!r}.", code="unknown_channel")
    contact = Contact(
        source=actor.source,
        channel=body.channel,
        signals=(_signal(body, live=service.channels[body.channel].info.live),),
        actor=actor.label,
        case_id=body.case_id,
    )
    (outcome,) = await service.intake.submit(contact)
    return answers.raw(_told(body.channel, outcome), status=200 if outcome.repeated else 201)


async def _once(request: Request, service: Service, key: str) -> Response:
    """Under an Idempotency-Key. The receipt already keeps the contact from being doubled, whatever fails in between; the
    key adds that the very same answer is given again."""
    actor: Actor = request.scope["actor"]
    async with alone(actor.source, key), service.database.session() as session:
        once = Once(session, owner=actor.source, key=key, digest=await digest_of(request))
        try:
            await once.begin()
        except Replayed as replayed:
            return replayed.response
        return await once.keep(await _receive(request, service))


def _read(value: Any) -> NewInteraction:
    try:
        return NewInteraction.model_validate(value)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        raise invalid([{**each, "loc": ("body", *each["loc"])} for each in found]) from None


def _signal(body: NewInteraction, *, live: bool) -> Arrived:
    customer = body.customer
    person = reply_to = None
    if customer is not None:
        person = Person(
            name=customer.name or None, phone=customer.phone, email=customer.email, needs=tuple(customer.needs)
        )
        # Who is there now is answered by voice, who wrote by letter; what is missing is made up for by the other.
        reply_to = (customer.phone or customer.email) if live else (customer.email or customer.phone)
    return Arrived(
        ref=body.ref,
        contact=body.ref,
        request_type=body.request_type,
        language=body.language,
        office=body.office,
        subject=body.subject,
        body=body.body,
        person=person,
        reply_to=reply_to,
        attributes=body.attributes,
    )


def _told(channel: str, outcome: Outcome) -> dict[str, Any]:
    wait = outcome.wait
    return {
        "id": outcome.interaction_id,
        "case_id": outcome.case_id,
        "channel": channel,
        "state": outcome.state,
        "queue": outcome.queue,
        "position": outcome.position,
        "wait": None if wait is None else {"low_seconds": wait.low_seconds, "high_seconds": wait.high_seconds},
        "number": outcome.number,
        "callback": outcome.callback,
        "refusal": None if outcome.refusal is None else _refused(outcome.refusal),
        "notices": outcome.notices,
    }


def _refused(refusal: Refusal) -> dict[str, Any]:
    return {"reason": refusal.reason, "message": refusal.message, "opens_at": refusal.opens_at}
