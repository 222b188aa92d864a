"""Why this representative got this interaction now, in plain facts that can be kept for ever.

Decides nothing: it repeats the sort keys the plan went by. Ids, codes and numbers only, never a customer's words.
"""

from __future__ import annotations

from dataclasses import dataclass

from routing.model import Instant, Needs, Staff, Waiting
from routing.needs import standing
from routing.rank import mark


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """One offer explained. `overdue_seconds` is negative while the due time is ahead."""

    needs: Needs
    relaxed_steps: int
    """How many steps had passed."""
    overdue_seconds: float
    preferred: bool
    """They were asked because the customer's matter is theirs."""
    scarcity: int
    load_ratio: float
    idle_seconds: float


def explain(waiting: Waiting, staff: Staff, *, now: Instant, scarcity: int = 0) -> Explanation:
    """Explain the offer of `waiting` to `staff` (both as they were just before it) made at `now`."""
    needs, _ = standing(waiting.needs, waiting.steps, now)
    weight, load_ratio, idle_since, _ = mark(scarcity, staff.units, staff.capacity, staff.idle_since, staff.id)
    return Explanation(
        needs=needs,
        relaxed_steps=sum(step.deadline <= now for step in waiting.steps),
        overdue_seconds=now - waiting.due,
        preferred=waiting.preferred == staff.id,
        scarcity=weight,
        load_ratio=load_ratio,
        idle_seconds=max(0.0, now - idle_since),
    )
