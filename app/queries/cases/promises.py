"""Promises, read: of a case, and what happened that may have kept one. Never writes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.db import Connection
from app.errors import NotFound
from app.queries import cursors
from app.queries.cases.families import family
from app.tables import Assignment, Interaction, Promise

# What is on record and was not heeded yet: the log is followed a moment after it is written.
_HAPPENED: Final = """
SELECT asked.case_id, i.id AS interaction_id, i.live, i.callback, e.kind, e.at, e.data
FROM unnest($1::uuid[], $2::timestamptz[]) AS asked (case_id, since)
JOIN interaction i ON i.case_id = ANY (ARRAY(SELECT c.id FROM "case" c WHERE c.id = asked.case_id OR c.merged_into = asked.case_id))
CROSS JOIN LATERAL (
    SELECT kind, at, data FROM event
    WHERE subject = 'interaction' AND subject_id = i.id::text AND kind IN ('answered', 'accepted', 'completed')
        AND at >= asked.since
) AS e
ORDER BY e.at
"""
_PROMISED: Final = """
SELECT c.id, c.merged_into FROM "case" c WHERE c.merged_into = ANY ($1::uuid[])
    AND EXISTS (SELECT FROM promise p WHERE p.case_id = c.id AND p.state = 'standing')
ORDER BY c.id
"""
_LEFT: Final = "SELECT dedupe_key, state, done_at FROM outbox WHERE dedupe_key = ANY ($1::text[])"


async def page(
    session: AsyncSession, case_id: UUID, *, reader: str | None, state: str | None, after: str | None, limit: int
) -> tuple[list[dict[str, Any]], str | None]:
    """The promises of a case and of those taken into it, newest first. `reader`: whoever has not served it finds nothing.

    Raises `NotFound`.
    """
    cases = await family(session, case_id)
    if not cases or (reader is not None and not await has_served(session, case_id, reader)):
        raise NotFound(f"There is no case {case_id}.")
    chosen = select(Promise).where(col(Promise.case_id).in_(cases))
    if state is not None:
        chosen = chosen.where(Promise.state == state)
    if after is not None:
        (last,) = cursors.decode(after, (UUID,))
        chosen = chosen.where(col(Promise.id) < last)
    rows = (await session.exec(chosen.order_by(col(Promise.id).desc()).limit(limit + 1))).all()
    following = cursors.encode(rows[limit - 1].id) if len(rows) > limit else None
    return [row.model_dump() for row in rows[:limit]], following


async def has_served(session: AsyncSession, case_id: UUID, representative: str) -> bool:
    """Whether they own the case, or took a contact of it or of one that was taken into it."""
    cases = await family(session, case_id)
    served = (
        select(Assignment.id)
        .join(Interaction, col(Interaction.id) == col(Assignment.interaction_id))
        .where(
            col(Interaction.case_id).in_(cases),
            Assignment.representative == representative,
            col(Assignment.answered_at).is_not(None),
        )
    )
    return (await session.exec(served.limit(1))).first() is not None


async def happened(connection: Connection, since: Mapping[UUID, datetime]) -> dict[UUID, list[asyncpg.Record]]:
    """By case what its contacts brought since then that may keep a promise, in order of time."""
    found: dict[UUID, list[asyncpg.Record]] = {}
    for row in await connection.fetch(_HAPPENED, list(since), list(since.values())):
        found.setdefault(row["case_id"], []).append(row)
    return found


async def promised_before(connection: Connection, survivors: Collection[UUID]) -> dict[UUID, UUID]:
    """The cases that were taken into these and on which something still stands, with the one that speaks for each."""
    rows = await connection.fetch(_PROMISED, list(survivors)) if survivors else []
    return {row["id"]: row["merged_into"] for row in rows}


async def letters(connection: Connection, keys: Sequence[str]) -> dict[str, tuple[str, datetime | None]]:
    """What became of these commands: state, and when it was done."""
    rows = await connection.fetch(_LEFT, keys)
    return {row["dedupe_key"]: (row["state"], row["done_at"]) for row in rows}
