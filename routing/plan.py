"""How one plan is made: the heads of some pools against the representatives, earliest due first, until nothing fits.

Also how long a missed offer rests. Decides the offers; never reads a clock, never writes a row.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from heapq import heapify, heappop, heapreplace
from typing import Literal

from routing.groups import Seat
from routing.model import Trace
from routing.pools import Filed, Key, Pool
from routing.roster import Roster
from routing.tracing import trace

Given = tuple[Filed, Seat, Trace | None]

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
    changed: Collection[Pool], filed: Mapping[int, Filed], *, roster: Roster, limit: int | None, traced: bool
) -> tuple[list[Given], list[Pool]]:
    """Who takes whom, in due order; and the pools a limit left unlooked at.

    `changed` are the lines where somebody came to stand since the last plan; with those the fresh representatives could
    take from, they are all in which somebody may have become servable. Raises the loads and takes the keys it gives
    away out of their pools; what is filed is only read, to tell the living keys.
    """
    heads = _heads(changed, filed, roster=roster)
    ordered, narrowed = False, not roster.fresh
    given: list[Given] = []
    while heads and len(given) != limit:
        key = heads[0] if ordered else min(heads)
        record = filed[key[1]]
        _, waiting, pool, _ = record
        skip = waiting.excluded
        if waiting.barred:
            skip = skip | waiting.barred if skip else waiting.barred
        crowds = roster.free_for(pool.base)
        seat = roster.choose(pool, waiting, skip, crowds=crowds)
        if seat is None:
            later = _passed_over(pool, key, skip, filed=filed, roster=roster) if crowds else None
        else:
            told = trace(roster, record, chosen=seat, skip=skip, crowds=crowds) if traced else None
            given.append((record, seat, told))
            line = pool.heap
            later = pool.pop(filed) if line and line[0] is key else pool.pop_aside(skip, filed)
            roster.take(seat, pool)
            if not narrowed and not roster.fresh:
                # All whose state changed are busy again: in a line that did not change itself, nobody could take
                # anything before, and nobody can now.
                if not changed:
                    return given, []
                heads, narrowed, ordered = _heads(changed, filed, roster=roster), True, False
                continue
        if not ordered:
            # Only now: nearly always the first look was all.
            if later is None and len(heads) == 1:
                return given, []
            heapify(heads)
            ordered = True
        if later is None:
            heappop(heads)
        else:
            heapreplace(heads, later)
    return given, [filed[head[1]][2] for head in heads]


def _heads(changed: Collection[Pool], filed: Mapping[int, Filed], *, roster: Roster) -> list[Key]:
    """The earliest due of every pool worth a look, in no order."""
    fresh = roster.fresh
    if len(fresh) == 1 and not changed:
        # Nearly always: one became free, and nobody meets a pool of theirs twice.
        (seat,) = fresh
        heads = [line[0] for crowd in seat.open for line in crowd.pools.values() if line]
        if seat.holds:
            heads += [line.heap[0] for line in seat.holds.values() if line.heap]
        if roster.aside and roster.any_aside():
            heads += [
                key for crowd in seat.open for pool in crowd.pools if pool.aside for key in pool.heads_aside(filed)
            ]
        return heads
    heads = []
    for pool in roster.worth_a_look().union(changed) if fresh else changed:
        if pool.heap:
            heads.append(pool.heap[0])
        if pool.aside:
            heads += pool.heads_aside(filed)
    return heads


def _passed_over(
    pool: Pool, key: Key, skip: frozenset[str], *, filed: Mapping[int, Filed], roster: Roster
) -> Key | None:
    """Nobody of those who are free could take the first of a line: the next of it, if that one was only refused them."""
    if skip and pool.first(key):
        roster.aside[pool] = None
        return pool.set_aside(skip, filed)
    return None
