"""What absent representatives still hold goes back to the line: open offers at once, other work after a grace time.

Decides what they let go of, and never touches a live contact: a call or a visit stays until its own end.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import asyncpg

from app.actions.settle import AHEAD, Move, lock_held, settle
from app.db import Connection

GRACE_SECONDS: Final = 120
"""How long somebody may be gone before work that is not live is given to others."""

# Who went before the clock was set back went long enough ago: nobody can say when.
_LEFT_BEHIND = """
SELECT a.interaction_id FROM representative r JOIN assignment a ON a.representative = r.code AND a.ended_at IS NULL
WHERE r.presence <> 'available' AND r.units + r.live > 0 AND a.state = $2
  AND ($2 = 'offered' OR (NOT a.live AND (r.presence_at <= (SELECT wall_clock()) - make_interval(secs => $3)
                                          OR r.presence_at > (SELECT wall_clock()) + $4)))
ORDER BY a.interaction_id LIMIT $1
"""


async def let_go(connection: Connection, *, limit: int) -> int:
    """Withdraw at most `limit` offers and hand back as much work of those who are gone; returns how many moved."""
    withdrawn = await _requeue(connection, "offered", "withdrawn", limit=limit)
    return withdrawn + await _requeue(connection, "accepted", "handed_back", limit=limit)


async def _requeue(connection: Connection, state: str, event: str, *, limit: int) -> int:
    left = [row["interaction_id"] for row in await connection.fetch(_LEFT_BEHIND, limit, state, GRACE_SECONDS, AHEAD)]
    rows = await lock_held(connection, left, event) if left else []
    moves = [Move(row=row) for row in rows if _is_left_behind(row)]
    if moves:
        await settle(connection, moves, event, now=moves[0].row["now"], reason="representative_absent")
    return len(moves)


def _is_left_behind(row: asyncpg.Record) -> bool:
    if row["presence"] == "available":
        return False
    gone = row["now"] - row["presence_at"]
    return row["assignment_state"] == "offered" or (
        not row["live"] and (gone >= timedelta(seconds=GRACE_SECONDS) or gone < -AHEAD)
    )
