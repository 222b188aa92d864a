"""Offers that nobody answered in time end, once, on the database's clock.

Decides which offers are over, how long their interactions rest, whom a supervisor is told of, and who has missed so many in
a row that they cannot be at their desk. The interaction keeps its due time. All numbers are the queue's own. An offer made
before that clock was set back is withdrawn: when it would be over nobody can say, and so nobody missed it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import asyncpg

from app.actions.line.ruled import ruled_rows
from app.actions.settle import AHEAD, Move, lock_free, lock_held, settle
from app.db import Connection
from routing.plan import back_off
from routing.rules import QueueRule

LOOKED_BACK: Final = 100
"""Offers of one representative that are looked at to tell how many they missed in a row."""

# The clock is asked once, not for each row: who is not due yet is not looked at.
_DUE = """
SELECT interaction_id FROM assignment
WHERE state = 'offered' AND (expires_at <= (SELECT wall_clock()) OR offered_at > (SELECT wall_clock()) + $2)
ORDER BY expires_at LIMIT $1
"""
# Of those who just missed one: what came of their last offers since they said that they are there, newest first.
_LAST = """
SELECT r.code, last.offered_at, last.ended_at, last.outcome IS NOT DISTINCT FROM 'expired' AS missed
FROM representative r CROSS JOIN LATERAL (
    SELECT a.id, a.offered_at, a.ended_at, a.outcome FROM assignment a
    WHERE a.representative = r.code AND a.offered_at >= r.presence_at AND a.state <> 'offered'
    ORDER BY a.id DESC LIMIT $2) AS last
WHERE r.code = ANY ($1::text[]) AND r.presence = 'available'
ORDER BY r.code, last.id DESC
"""

Rules = Mapping[tuple[int, str], QueueRule]


@dataclass(frozen=True, kw_only=True, slots=True)
class Expired:
    """How many offers ended, and the representatives who are not answering at all."""

    offers: int
    absent: tuple[str, ...]


async def expire(connection: Connection, *, limit: int) -> Expired:
    """End at most `limit` offers that are over. Those that somebody is answering at this moment are left to them."""
    due = [row["interaction_id"] for row in await connection.fetch(_DUE, limit, AHEAD)]
    rows = await lock_held(connection, due, "expired") if due else []
    over = [row for row in rows if row["expires_at"] <= row["now"]]
    unreal = [row for row in rows if row["offered_at"] > row["now"] + AHEAD]
    if unreal:
        moves = [Move(row=row) for row in unreal]
        await settle(connection, moves, "withdrawn", now=unreal[0]["now"], reason="clock_set_back")
    if not over:
        return Expired(offers=len(unreal), absent=())
    now, rules = over[0]["now"], await ruled_rows(connection, over)
    await settle(connection, [_move(row, _rule(row, rules)) for row in over], "expired", now=now, reason="no_answer")
    await _escalate(connection, over, rules, now=now)
    return Expired(offers=len(over) + len(unreal), absent=await _absent(connection, over, rules))


def misses_in_a_row(offers: Iterable[tuple[datetime, datetime, bool]]) -> int:
    """How often somebody did not answer, newest offer first: (offered, ended, whether it was missed).

    Offers that were open at the same time are one miss: who was away for a minute, or was cut off by an outage, missed
    everything at once.
    """
    count, since = 0, None
    for offered_at, ended_at, missed in offers:
        if not missed:
            break
        if since is None or ended_at <= since:
            count, since = count + 1, offered_at
    return count


def _move(row: asyncpg.Record, rule: QueueRule) -> Move:
    misses = row["misses"] + 1
    rest = back_off("no_answer", misses, first_seconds=rule.back_off_seconds.get("no_answer"))
    return Move(row=row, misses=misses, not_before=row["now"] + timedelta(seconds=rest))


async def _escalate(connection: Connection, over: Sequence[asyncpg.Record], rules: Rules, *, now: datetime) -> None:
    """Those who were missed as often as their queue allows: a supervisor is told, and they rest until one may have acted."""
    rests = {
        row["id"]: timedelta(seconds=_rule(row, rules).supervisor_seconds)
        for row in over
        if row["misses"] + 1 >= _rule(row, rules).offers_at_most
    }
    rows = await lock_free(connection, list(rests), "escalated") if rests else []
    moves = [Move(row=row, misses=0, not_before=now + rests[row["id"]], escalated_at=now) for row in rows]
    await settle(connection, moves, "escalated", now=now, reason="missed_offers")


async def _absent(connection: Connection, over: Sequence[asyncpg.Record], rules: Rules) -> tuple[str, ...]:
    """Who missed as many in a row as the strictest of the queues they were asked for allows."""
    allowed: dict[str, int] = {}
    for row in over:
        most = _rule(row, rules).away_after_misses
        allowed[row["representative"]] = min(most, allowed.get(row["representative"], most))
    offers: dict[str, list[tuple[datetime, datetime, bool]]] = {}
    for row in await connection.fetch(_LAST, sorted(allowed), LOOKED_BACK):
        offers.setdefault(row["code"], []).append((row["offered_at"], row["ended_at"], row["missed"]))
    return tuple(code for code, last in offers.items() if misses_in_a_row(last) >= allowed[code])


def _rule(row: asyncpg.Record, rules: Rules) -> QueueRule:
    return rules[row["rules_version"], row["queue"]]
