"""Who follows us, and what became of what was sent to them. Never shows a secret. Never writes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.errors import NotFound
from app.queries import cursors
from app.tables import WebhookDelivery, WebhookEndpoint


async def endpoints(session: AsyncSession) -> Sequence[WebhookEndpoint]:
    """All of them; there are at most 100."""
    return (await session.exec(select(WebhookEndpoint).order_by(col(WebhookEndpoint.id)))).all()


async def endpoint(session: AsyncSession, endpoint_id: UUID) -> WebhookEndpoint:
    """One; raises `NotFound`."""
    row = await session.get(WebhookEndpoint, endpoint_id)
    if row is None:
        raise NotFound(f"There is no receiver {endpoint_id}.")
    return row


async def deliveries(
    session: AsyncSession, endpoint_id: UUID, *, state: str | None, after: str | None, limit: int
) -> tuple[list[WebhookDelivery], str | None]:
    """What was laid out for one receiver, newest first. Raises `NotFound`, `Invalid` (`bad_cursor`)."""
    await endpoint(session, endpoint_id)
    chosen = select(WebhookDelivery).where(WebhookDelivery.endpoint_id == endpoint_id)
    if state is not None:
        chosen = chosen.where(WebhookDelivery.state == state)
    if after is not None:
        (last,) = cursors.decode(after, (int,))
        chosen = chosen.where(col(WebhookDelivery.event_seq) < last)
    rows = (await session.exec(chosen.order_by(col(WebhookDelivery.event_seq).desc()).limit(limit + 1))).all()
    following = cursors.encode(rows[limit - 1].event_seq) if len(rows) > limit else None
    return list(rows[:limit]), following


def version(row: WebhookEndpoint) -> int:
    """Another number whenever anything of it is otherwise, its secret too; a receiver counts no changes of its own."""
    said = orjson.dumps(shown(row), option=orjson.OPT_SORT_KEYS, default=str)
    return int.from_bytes(hashlib.sha256(row.secret + said).digest()[:8])


def shown(row: WebhookEndpoint) -> dict[str, Any]:
    """A receiver without its secrets; whether two of them sign."""
    return {**row.model_dump(exclude={"secret", "old_secret"}), "old_secret_signs": row.old_secret is not None}
