"""Offers that nobody answered in time end, once, on the database's clock.

Decides which offers are over, how long their interactions rest, and who has missed so many in a row that they cannot be
at their desk. The interaction keeps its due time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from app.actions.settle import Move, lock_held, settle
from app.db import Connection
from routing.plan import back_off

MISSED_AT_MOST: Final = 3
"""Offers in a row that may run out before a representative counts as away."""

_DUE = """
SELECT interaction_id FROM assignment
WHERE state = 'offered' AND expires_at <= wall_clock() ORDER BY expires_at LIMIT $1
"""
# Of those who just missed one: whose last offers, as many as may be missed, all ran out.
_ABSENT = """
SELECT r.code FROM representative r
WHERE r.code = ANY ($1::text[]) AND r.presence = 'available' AND (
    SELECT count(*) = $2 AND bool_and(last.outcome IS NOT DISTINCT FROM 'expired')
    FROM (SELECT a.outcome FROM assignment a
          WHERE a.representative = r.code AND a.offered_at >= r.presence_at AND a.state <> 'offered'
          ORDER BY a.id DESC LIMIT $2) AS last)
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Expired:
    """How many offers ended, and the representatives who are not answering at all."""

    offers: int
    absent: tuple[str, ...]


async def expire(connection: Connection, *, limit: int) -> Expired:
    """End at most `limit` offers that are over. Those that somebody is answering at this moment are left to them."""
    due = [row["interaction_id"] for row in await connection.fetch(_DUE, limit)]
    rows = await lock_held(connection, due, "expired") if due else []
    over = [row for row in rows if row["expires_at"] <= row["now"]]
    if not over:
        return Expired(offers=0, absent=())
    now = over[0]["now"]
    moves = [
        Move(
            row=row,
            misses=row["misses"] + 1,
            not_before=now + timedelta(seconds=back_off("no_answer", row["misses"] + 1)),
        )
        for row in over
    ]
    await settle(connection, moves, "expired", now=now, reason="no_answer")
    missing = sorted({row["representative"] for row in over})
    absent = await connection.fetch(_ABSENT, missing, MISSED_AT_MOST)
    return Expired(offers=len(over), absent=tuple(row["code"] for row in absent))
