"""Whether a piece of work fits beside what a representative already holds. Never who is better.

One call or one visit at a time, and never more units than the capacity. A capacity lowered below the load drains:
nothing is taken away, nothing new fits. Live work costs its units too; with 0 units it may interrupt written work and
is held against `live` alone.
"""

from __future__ import annotations

from routing.model import Needs, Staff

LIVE_AT_ONCE = 1


def fits(staff: Staff, needs: Needs) -> bool:
    """Whether `needs` fit beside the load `staff` holds now; says nothing of skills or presence."""
    return fits_load(staff.live, staff.units, staff.capacity, (needs.live, needs.units))


def fits_load(live: int, units: int, capacity: int, cost: tuple[bool, int]) -> bool:
    """The same in plain numbers: `live` contacts and `units` held, against the cost (live or not, units)."""
    if cost[0] and live >= LIVE_AT_ONCE:
        return False
    return cost[1] == 0 or units + cost[1] <= capacity


def could_ever_fit(capacity: int, needs: Needs) -> bool:
    """Whether `needs` fit somebody of this capacity who holds nothing."""
    return needs.units <= capacity
