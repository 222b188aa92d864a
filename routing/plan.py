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


def back_off(cause: Cause, misses: int) -> float:
    """The seconds nobody is asked after the `misses`-th missed offer (1 or more) in a row: doubling, with a ceiling.

    Raises `KeyError` for an unknown cause.
    """
    # 2 ** 30 seconds is far beyond the ceiling: a counter gone wild must not become a huge number here.
    doubled: float = FIRST_BACK_OFF_SECONDS[cause] * 2.0 ** min(max(misses, 1) - 1, 30)
    return min(LONGEST_BACK_OFF_SECONDS, doubled)


def decide(
    pools: Collection[Pool], filed: Mapping[int, Filed], *, roster: Roster, changed: Collection[Pool], limit: int | None
) -> tuple[list[tuple[Filed, Seat]], list[Pool]]:
    """Who takes whom, in due order; and the pools a limit left unlooked at.

    `pools` are all in which somebody may have become servable since the last plan, `changed` those of them where more
    than a representative changed. Raises the loads and takes the keys it gives away out of their pools; what is filed
    is only read, to tell the living keys.
    """
    shown = roster.shown
    roster.settle_many()
    narrowed = False
    heads = [head for pool in pools if (head := pool.head(filed)) is not None]
    heapify(heads)
    given: list[tuple[Filed, Seat]] = []
    passed: list[tuple[Pool, Key]] = []
    while heads and len(given) != limit:
        record = filed[heads[0][1]]
        pool = record[2]
        seat = roster.choose(pool, record[1])
        if seat is not None:
            heappop(pool.heap)
            given.append((record, seat))
            roster.take(seat, pool.needs)
        elif record[1].excluded and roster.anybody(pool):
            passed.append((pool, heappop(pool.heap)))
        else:
            heappop(heads)
            continue
        _advance(heads, pool.head(filed))
        if not narrowed and not roster.fresh and roster.shown == shown:
            # All whose state changed are busy again: in a line that did not change itself, nobody could take anything
            # before, and nobody can now.
            heads = [head for head in heads if filed[head[1]][2] in changed]
            heapify(heads)
            narrowed = True
    for pool, key in passed:
        heappush(pool.heap, key)
    return given, [filed[head[1]][2] for head in heads]


def _advance(heads: list[Key], following: Key | None) -> None:
    """The first head's pool goes on with its next, if it has one."""
    if following is None:
        heappop(heads)
    else:
        heapreplace(heads, following)
