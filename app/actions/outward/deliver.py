"""A command's way out: claimed, tried outside any transaction, and written down as what it became.

Decides which commands are due, how long a claim lasts, when a command is tried again and when it is given up. An unknown
result is repeated only for kinds whose channel says so. It never delivers anything itself.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

import asyncpg

from app.db import Connection
from channels.base import Command, Refused, Unavailable

Result = Literal["sent", "pending", "failed", "unknown"]

CLAIM_SECONDS: Final = 60
"""How long a claim is good for; whoever has not written a result by then is taken for dead."""
ATTEMPTS_AT_MOST: Final = 10
FIRST_BACK_OFF_SECONDS: Final = 2.0
LONGEST_BACK_OFF_SECONDS: Final = 900.0
REASON_CHARACTERS: Final = 200

# What called for a representative who has let go of the customer since is given up: sent late, it would tear the customer
# away from whoever serves them now.
_CLAIM = """
WITH due AS MATERIALIZED (
    SELECT id, EXISTS (
        SELECT FROM assignment a WHERE a.interaction_id = outbox.interaction_id AND a.ended_at IS NOT NULL
        AND outbox.dedupe_key = 'accepted:' || a.id
    ) AS late
    FROM outbox WHERE channel = $1 AND state = 'pending' AND next_at <= (SELECT wall_clock())
    ORDER BY next_at LIMIT $2 FOR UPDATE SKIP LOCKED
)
UPDATE outbox
SET state = CASE WHEN late THEN 'failed' ELSE 'sending' END, attempts = attempts + (NOT late)::int,
    next_at = wall_clock() + make_interval(secs => $3),
    reason = CASE WHEN late THEN 'superseded' ELSE reason END, done_at = CASE WHEN late THEN wall_clock() END
FROM due WHERE outbox.id = due.id
RETURNING outbox.id, dedupe_key, channel, kind, interaction_id, recipient, language, payload, attempts, state
"""
# Whoever claimed them died or hangs: nobody knows whether the world was told.
_LAPSE = """
UPDATE outbox
SET state = CASE WHEN kind <> ALL ($2::text[]) THEN 'unknown' WHEN attempts >= $3 THEN 'failed' ELSE 'pending' END,
    done_at = CASE WHEN kind <> ALL ($2::text[]) OR attempts >= $3 THEN wall_clock() END,
    reason = 'claim_lapsed'
WHERE id IN (
    SELECT id FROM outbox WHERE channel = $1 AND state = 'sending' AND next_at <= (SELECT wall_clock())
    ORDER BY next_at LIMIT $4 FOR UPDATE SKIP LOCKED)
RETURNING kind, state
"""
# A result that comes after its claim lapsed is still better than none, but never overrules a later attempt.
_RESULT = """
UPDATE outbox
SET state = $3, reason = $4, next_at = wall_clock() + make_interval(secs => $5),
    done_at = CASE WHEN $3 <> 'pending' THEN wall_clock() END
WHERE id = $1 AND attempts = $2 AND (state = 'sending' OR (state = 'unknown' AND $3 IN ('sent', 'failed')))
RETURNING state
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Claimed:
    """A command that is ours to try now, and which attempt this is (from 1)."""

    id: UUID
    attempt: int
    command: Command


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What a try came to. `reason` is a code or plain words, never a customer's; None where it went well."""

    state: Result
    reason: str | None = None
    again_seconds: float = 0.0


async def claim(connection: Connection, channel: str, *, limit: int) -> list[Claimed]:
    """At most `limit` due commands of this channel, marked as being sent; never one that is out of date."""
    rows = await connection.fetch(_CLAIM, channel, limit, CLAIM_SECONDS)
    return [_claimed(row) for row in rows if row["state"] == "sending"]


async def lapse(
    connection: Connection, channel: str, *, repeatable: Collection[str], limit: int
) -> list[tuple[str, str]]:
    """Claims whose holder is dead: tried again where that is the kind's policy, else unknown; (kind, state) of each."""
    rows = await connection.fetch(_LAPSE, channel, sorted(repeatable), ATTEMPTS_AT_MOST, limit)
    return [(row["kind"], row["state"]) for row in rows]


async def conclude(connection: Connection, claimed: Claimed, verdict: Verdict) -> bool:
    """Write down what the try came to; False where a later attempt has overtaken this one."""
    reason = verdict.reason[:REASON_CHARACTERS] if verdict.reason else None
    found = await connection.fetchval(
        _RESULT, claimed.id, claimed.attempt, verdict.state, reason, verdict.again_seconds
    )
    return found is not None


def judge(error: Refused | Unavailable, claimed: Claimed, *, repeatable: Collection[str]) -> Verdict:
    """What a failed try means: refused is final, unavailable is tried again, unknown is as the kind's policy says."""
    if isinstance(error, Refused):
        return Verdict(state="failed", reason=error.code)
    if error.unknown and claimed.command.kind not in repeatable:
        return Verdict(state="unknown", reason="no_answer")
    if claimed.attempt >= ATTEMPTS_AT_MOST:
        return Verdict(state="failed", reason="too_many_attempts")
    return Verdict(state="pending", reason="unavailable", again_seconds=back_off(claimed.attempt))


def back_off(attempt: int) -> float:
    """Seconds before the next try: doubling, with a ceiling."""
    return min(LONGEST_BACK_OFF_SECONDS, FIRST_BACK_OFF_SECONDS * 2.0 ** (attempt - 1))


def _claimed(row: asyncpg.Record) -> Claimed:
    return Claimed(
        id=row["id"],
        attempt=row["attempts"],
        command=Command(
            key=row["dedupe_key"],
            kind=row["kind"],
            channel=row["channel"],
            interaction_id=row["interaction_id"],
            to=row["recipient"],
            language=row["language"],
            payload=row["payload"],
        ),
    )
