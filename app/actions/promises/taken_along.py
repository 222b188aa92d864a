"""A word about a contact goes where the contact goes: with its case when it is split off, and back when a merge is undone.

Decides nothing else: times, states and timers stay as they are. The caller holds the locks of the contacts and of the cases.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.queries.rules import raw

_TAKE_ALONG: Final = """
WITH gone AS (
    UPDATE promise SET case_id = contact.case_id FROM interaction contact
    WHERE promise.case_id = ANY ($1::uuid[]) AND contact.id = promise.interaction_id
        AND contact.case_id = ANY ($2::uuid[]) AND contact.case_id <> promise.case_id
    RETURNING promise.id, contact.case_id
)
UPDATE timer SET case_id = gone.case_id FROM gone
WHERE timer.key = ANY (ARRAY['promise_near:' || gone.id, 'promise_due:' || gone.id, 'promise_left:' || gone.id])
"""


async def take_along(session: AsyncSession, cases: Collection[UUID], to: Collection[UUID]) -> None:
    """What was promised on `cases` about contacts that belong to one of `to` by now is promised there, with its timers."""
    await session.flush()
    await (await raw(session)).execute(_TAKE_ALONG, list(cases), list(to))
