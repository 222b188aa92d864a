"""How long the customer stood in line this time, counted for the whole case.

Decides which events begin and end a wait, by the lifecycle's own table. Should the customer say that nothing is solved, what
was waited already counts as a head start.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from app.tables import Interaction
from routing.lifecycle import INTERACTION

CONSULTED: Final = "consults"
"""Among a question's attributes: the contact it is about. A colleague's question is no wait of the customer's."""
_IN_LINE: Final = ("queued", "offered")
_BEGINS: Final = sorted({event for (state, event), after in INTERACTION.table.items() if after in _IN_LINE and state not in _IN_LINE})  # fmt: skip
_ENDS: Final = sorted({event for (state, event), after in INTERACTION.table.items() if state in _IN_LINE and after not in _IN_LINE})  # fmt: skip

_COUNT: Final = text("""
WITH story AS MATERIALIZED (
    SELECT version, kind, at FROM event
    WHERE subject = 'interaction' AND subject_id = :interaction AND version < :version
), began AS (
    SELECT min(at) AS at FROM story
    WHERE kind = ANY (:begins) AND version > coalesce((SELECT max(version) FROM story WHERE kind = ANY (:ends)), 0)
)
UPDATE "case" SET waited_seconds = waited_seconds + greatest(0, extract(epoch FROM CAST(:until AS timestamptz) - began.at))::int
FROM began WHERE id = :case AND began.at IS NOT NULL
""")


async def count_wait(session: AsyncSession, interaction: Interaction, *, until: datetime) -> None:
    """Add the wait that the interaction's newest event has just ended. The caller holds the row's lock."""
    await session.flush()
    if CONSULTED in interaction.attributes:
        return
    values = {
        "interaction": str(interaction.id),
        "version": interaction.version,
        "begins": _BEGINS,
        "ends": _ENDS,
        "until": until,
        "case": interaction.case_id,
    }
    await session.exec(_COUNT, params=values)  # type: ignore[call-overload]  # SQLModel types only what selects
