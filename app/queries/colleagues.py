"""Whether somebody else on shift could serve an interaction at all, busy or not.

Decides by what they have, never by what they hold: it tells who could take it sooner or later, and the router who takes it now.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

_OTHERS: Final = text("""
SELECT EXISTS (
    SELECT FROM representative r, interaction i
    WHERE i.id = :interaction AND r.presence <> 'offline' AND NOT r.retired AND r.code <> ALL (:besides)
      AND i.queue = ANY (r.queues) AND i.units <= r.capacity
      AND (NOT i.speak OR i.language IS NULL OR i.language = ANY (r.languages))
      AND (i.number IS NULL OR i.office IS NULL OR i.office = r.office)
      AND NOT EXISTS (SELECT FROM jsonb_each_text(i.skills) AS need
                      WHERE coalesce((r.skills ->> need.key)::int, 0) < need.value::int))
""")


async def others_could(session: AsyncSession, interaction_id: UUID, *, besides: Collection[str]) -> bool:
    """Whether anybody on shift, but those in `besides`, has all that this interaction needs."""
    values = {"interaction": interaction_id, "besides": list(besides)}
    found = await session.exec(_OTHERS, params=values)  # type: ignore[call-overload]  # SQLModel types only its own
    return bool(found.scalar_one())
