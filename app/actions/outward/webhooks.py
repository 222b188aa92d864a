"""Other systems that follow us: where they listen, with which secret, and what is laid out for each of them.

Decides who is sent which event: the payload is written once, as the event was then, and never changes. It never sends: the
chore does, after the commit.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.db import uuid7
from app.errors import Conflict, Invalid, NotFound
from app.queries.following import Followed
from app.queries.rules import raw
from app.security import Actor
from app.tables import WebhookDelivery, WebhookEndpoint

SECRET_BYTES: Final = 24
MOST_ENDPOINTS: Final = 100
_LAID_OUT: Final = """
INSERT INTO webhook_delivery (id, endpoint_id, event_seq, kind, payload, state, attempts, next_at, made_at)
SELECT made.id, made.endpoint_id, made.event_seq, made.kind, made.payload, 'pending', 0, $6, $6
FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[], $5::text[]) AS made (id, endpoint_id, event_seq, kind, payload)
ON CONFLICT (endpoint_id, event_seq) DO NOTHING
"""


async def add_endpoint(
    session: AsyncSession, *, url: str, kinds: Sequence[str], actor: Actor, now: datetime
) -> WebhookEndpoint:
    """A new receiver, sent everything that happens from now on. Raises `Conflict` past 100 of them."""
    known = (await session.exec(select(func.count()).select_from(WebhookEndpoint))).one()
    if known >= MOST_ENDPOINTS:
        raise Conflict(f"There are {MOST_ENDPOINTS} receivers already.", code="too_many")
    row = WebhookEndpoint(
        id=uuid7(),
        url=url,
        secret=secrets.token_bytes(SECRET_BYTES),
        kinds=sorted(set(kinds)),
        state="on",
        made_at=now,
        made_by=actor.label,
    )
    session.add(row)
    await session.flush()
    return row


async def change_endpoint(
    session: AsyncSession,
    endpoint_id: UUID,
    *,
    url: str | None,
    kinds: Sequence[str] | None,
    state: str | None,
    expect: Callable[[WebhookEndpoint], None] = lambda _: None,
) -> WebhookEndpoint:
    """Only what is given. Switched off, it is sent nothing new, and what is laid out waits.

    `expect`: is given the receiver as it stands and may refuse. Raises `NotFound`.
    """
    row = await _locked(session, endpoint_id)
    expect(row)
    row.url = url or row.url
    row.kinds = sorted(set(kinds)) if kinds is not None else row.kinds
    row.state = state or row.state
    session.add(row)
    await session.flush()
    return row


async def renew_secret(session: AsyncSession, endpoint_id: UUID, *, keep_old: bool) -> WebhookEndpoint:
    """Another secret. `keep_old`: the one before signs too, until it is renewed again. Raises `NotFound`."""
    row = await _locked(session, endpoint_id)
    row.old_secret = row.secret if keep_old else None
    row.secret = secrets.token_bytes(SECRET_BYTES)
    session.add(row)
    await session.flush()
    return row


async def remove_endpoint(session: AsyncSession, endpoint_id: UUID) -> None:
    """It is gone, and what was laid out for it. Raises `NotFound`."""
    await session.delete(await _locked(session, endpoint_id))
    await session.flush()


async def resend(session: AsyncSession, delivery_id: UUID, *, now: datetime) -> WebhookDelivery:
    """The same bytes once more, from the first try on. Raises `NotFound`; `Conflict` while it is being sent."""
    row = await session.get(WebhookDelivery, delivery_id, with_for_update=True)
    if row is None:
        raise NotFound(f"There is no delivery {delivery_id}.")
    if row.state == "sending":
        raise Conflict("It is being sent this moment.", code="under_way")
    row.state, row.attempts, row.next_at, row.done_at, row.reason = "pending", 0, now, None, None
    session.add(row)
    await session.flush()
    return row


async def lay_out(session: AsyncSession, events: Sequence[Followed], *, now: datetime) -> int:
    """One delivery for each event and each receiver that wants it; returns how many. An event is laid out once."""
    rows = (await session.exec(select(WebhookEndpoint).where(col(WebhookEndpoint.state) == "on"))).all()
    found = [
        (uuid7(), endpoint.id, event.place.seq, kind, payload(event))
        for event in events
        for endpoint in rows
        if endpoint.made_at <= event.at and wants(endpoint.kinds, kind := kind_of(event))
    ]
    if found:
        await (await raw(session)).execute(_LAID_OUT, *map(list, zip(*found, strict=True)), now)
    return len(found)


def kind_of(event: Followed) -> str:
    """What an event is called outside: `case.resolved`."""
    return f"{event.subject}.{event.kind}"


def wants(kinds: Sequence[str], kind: str) -> bool:
    """Whether a receiver asked for it: by name, by `case.*`, or for everything by asking for nothing."""
    return not kinds or kind in kinds or f"{kind.partition('.')[0]}.*" in kinds


def payload(event: Followed) -> str:
    """The body of Standard Webhooks: `type`, `timestamp`, `data`. Ids, codes and numbers, as the event was."""
    body = {
        "type": kind_of(event),
        "timestamp": event.at.isoformat(),
        "data": {
            "subject": event.subject,
            "id": event.subject_id,
            "version": event.version,
            "actor": event.actor,
            "facts": event.data,
        },
    }
    return orjson.dumps(body).decode()


def signatures(held: Sequence[bytes], *, message_id: str, timestamp: int, body: str) -> str:
    """The header `webhook-signature`: v1, by the secret and, while it is being changed over, by the one before."""
    signed = f"{message_id}.{timestamp}.{body}".encode()
    return " ".join(
        "v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode() for secret in held
    )


def shown(secret: bytes) -> str:
    """A secret as Standard Webhooks writes it."""
    return "whsec_" + base64.b64encode(secret).decode()


def view(row: WebhookDelivery) -> Mapping[str, Any]:
    """A delivery with its payload as it is sent."""
    return {**row.model_dump(exclude={"payload", "endpoint_id"}), "payload": json.loads(row.payload)}


def checked_kinds(kinds: Sequence[str], subjects: Mapping[str, Any]) -> list[str]:
    """The kinds, each of which must be one there can be. Raises `Invalid`."""
    for kind in kinds:
        subject, _, name = kind.partition(".")
        machine = subjects.get(subject)
        known = machine is not None and (name == "*" or any(event == name for _, event in machine.table))
        if not known:
            raise Invalid(f"No event is called {kind!r}.", code="unknown_kind")
    return list(kinds)


async def _locked(session: AsyncSession, endpoint_id: UUID) -> WebhookEndpoint:
    row = await session.get(WebhookEndpoint, endpoint_id, with_for_update=True)
    if row is None:
        raise NotFound(f"There is no receiver {endpoint_id}.")
    return row
