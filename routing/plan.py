"""How one plan is made: the heads of some pools against the representatives, earliest due first, until nothing fits.

Also how long a missed offer rests. Decides the offers; never reads a clock, never writes a row.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from heapq import heapify, heappop, heappush, heapreplace
from typing import Literal

from routing.pools import Filed, Key, Pool, Seat
from routing.roster import Roster

Cause = Literal["busy", "declined", "no_answer", "unreachable"]

FIRST_BACK_OFF_SECONDS: dict[Cause, float] = {"busy": 5.0, "declined": 1.0, "no_answer": 5.0, "unreachable": 10.0}
LONGEST_BACK_OFF_SECONDS = 60.0
EXCLUDED_SECONDS = 120.0
"""How long after the rest whoever declined is not asked again; then they may be, for there may be nobody else."""


def back_off(cause: Cause, misses: int, *, first_seconds: float | None = None) -> float:
    """The seconds nobody is asked after the `misses`-th missed offer (1 or more) in a row: doubling, with a ceiling.

    `first_seconds` is the queue's own first rest for this cause; one that is longer than the ceiling is the ceiling itself.
    Raises `KeyError` for an unknown cause.
    """
    first = FIRST_BACK_OFF_SECONDS[cause] if first_seconds is None else first_seconds
    # 2 ** 30 seconds is far beyond the ceiling: a counter gone wild must not become a huge number here.
    doubled: float = first * 2.0 ** min(max(misses, 1) - 1, 30)
    return min(max(LONGEST_BACK_OFF_SECONDS, first), doubled)


def decide(
    changed: Collection[Pool], filed: Mapping[int, Filed], *, roster: Roster, limit: int | None
) -> tuple[list[tuple[Filed, Seat]], list[Pool]]:
    """Who takes whom, in due order; and the pools a limit left unlooked at.

    `changed` are the lines where somebody came to stand since the last plan; with those the fresh representatives could
    take from, they are all in which somebody may have become servable. Raises the loads and takes the keys it gives
    away out of their pools; what is filed is only read, to tell the living keys.
    """
    heads = _heads(changed, roster)
    shown = roster.shown
    if len(roster.fresh) > roster.fresh_limit:
        roster.settle()
    narrowed = False
    given: list[tuple[Filed, Seat]] = []
    passed: list[tuple[Pool, Key]] = []
    while heads and len(given) != limit:
        record = filed[heads[0][1]]
        pool = record[2]
        seat = roster.choose(pool, record[1])
        if seat is not None:
            pool.pop(filed)
            given.append((record, seat))
            roster.take(seat, pool.needs)
        elif record[1].excluded and roster.anybody(pool):
            passed.append((pool, pool.pop(filed)))
        else:
            heappop(heads)
            continue
        if not narrowed and not roster.fresh and roster.shown == shown:
            # All whose state changed are busy again: in a line that did not change itself, nobody could take anything
            # before, and nobody can now.
            heads = [other.heap[0] for other in changed if other.heap]
            heapify(heads)
            narrowed = True
        else:
            _advance(heads, pool)
    for pool, key in passed:
        heappush(pool.heap, key)
    return given, [filed[head[1]][2] for head in heads]


def _heads(changed: Collection[Pool], roster: Roster) -> list[Key]:
    """The earliest due of every pool worth a look, as a heap."""
    pools = set(changed)
    for seat in roster.fresh.values():
        pools.update(roster.open_to(seat))
    heads = [pool.heap[0] for pool in pools if pool.heap]
    heapify(heads)
    return heads


def _advance(heads: list[Key], pool: Pool) -> None:
    """The first head's pool goes on with its next, if it has one."""
    if pool.heap:
        heapreplace(heads, pool.heap[0])
    else:
        heappop(heads)
