"""A delivery's way out: claimed for its receiver, tried outside any transaction, and written down as what it became.

Decides which are due, how many of one receiver are tried at once, and when one is tried again: thirteen times over three
days and more. It never sends anything itself. Whoever dies while sending leaves a claim that lapses: the same message goes
out again under the same id, by which the receiver knows it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from app.db import Connection

AT_ONCE: Final = 4
"""Of one receiver, so that one that hangs holds up only itself."""
CLAIM_SECONDS: Final = 60
GAPS_SECONDS: Final = (5, 30, 120, 600, 1_800, 3_600, 10_800, 21_600, 43_200, 86_400, 86_400, 86_400)
"""Before the second try and each one after it: thirteen tries, the last after nearly four days."""
# The clock is asked once, not for each row: what waits for a dead receiver is not looked at until it is due.
_CLAIM: Final = """
UPDATE webhook_delivery
SET state = 'sending', attempts = attempts + 1, next_at = wall_clock() + make_interval(secs => $3)
FROM webhook_endpoint
WHERE webhook_endpoint.id = endpoint_id AND webhook_delivery.id IN (
    SELECT due.id FROM webhook_endpoint AS receiver
    JOIN unnest($1::uuid[], $2::int[]) AS busy (id, free) ON busy.id = receiver.id
    CROSS JOIN LATERAL (
        SELECT id FROM webhook_delivery
        WHERE endpoint_id = receiver.id AND state IN ('pending', 'sending') AND next_at <= (SELECT wall_clock())
        ORDER BY next_at LIMIT busy.free FOR UPDATE SKIP LOCKED
    ) AS due
    WHERE receiver.state = 'on')
RETURNING webhook_delivery.id, endpoint_id, attempts, payload, url, secret, old_secret,
    extract(epoch FROM wall_clock())::bigint AS at
"""
_RECEIVERS: Final = "SELECT id FROM webhook_endpoint WHERE state = 'on' ORDER BY id"
_CONCLUDE: Final = """
UPDATE webhook_delivery
SET state = $3, status = $4, reason = $5, next_at = wall_clock() + make_interval(secs => $6),
    done_at = CASE WHEN $3 <> 'pending' THEN wall_clock() END
WHERE id = $1 AND attempts = $2 AND state = 'sending'
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Claimed:
    """One delivery that is ours to try. `attempt` counts from 1."""

    id: UUID
    endpoint_id: UUID
    attempt: int
    payload: str
    url: str
    secrets: tuple[bytes, ...]
    """The newest first; more than one while the receiver changes over."""
    at: int
    """When, in seconds of 1970: what is signed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What the receiver said: its status, or why there is none (a code)."""

    status: int | None
    reason: str | None = None

    @property
    def taken(self) -> bool:
        """Any 2xx."""
        return self.status is not None and 200 <= self.status < 300


async def receivers(connection: Connection) -> Sequence[UUID]:
    """Those that are switched on."""
    return [row["id"] for row in await connection.fetch(_RECEIVERS)]


async def claim(connection: Connection, free: Sequence[tuple[UUID, int]]) -> list[Claimed]:
    """What is due for these receivers, at most so many of each: new, to be tried again, or left by one who died."""
    rows = await connection.fetch(
        _CLAIM, [endpoint for endpoint, _ in free], [number for _, number in free], CLAIM_SECONDS
    )
    return [
        Claimed(
            id=row["id"],
            endpoint_id=row["endpoint_id"],
            attempt=row["attempts"],
            payload=row["payload"],
            url=row["url"],
            secrets=tuple(each for each in (row["secret"], row["old_secret"]) if each),
            at=row["at"],
        )
        for row in rows
    ]


async def conclude(connection: Connection, claimed: Claimed, answer: Answer) -> str:
    """Write down what came of it; returns the state: sent, pending (tried again later) or failed (given up)."""
    gap = GAPS_SECONDS[claimed.attempt - 1] if claimed.attempt <= len(GAPS_SECONDS) else None
    # 410 is the receiver's own word that it is not there any more.
    state = "sent" if answer.taken else "failed" if gap is None or answer.status == 410 else "pending"
    reason = None if answer.taken else answer.reason or "refused"
    await connection.execute(_CONCLUDE, claimed.id, claimed.attempt, state, answer.status, reason, gap or 0)
    return state
