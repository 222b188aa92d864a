"""Whether a piece of work fits beside what a representative already holds. Never who is better.

One call or one visit at a time, and never more units than the capacity. A capacity lowered below the load drains:
nothing is taken away, nothing new fits. Live work that may interrupt takes no units and is held against `live` alone;
written work may be such that it is never offered into a call or a visit. A call may interrupt an email, never the
reverse.
"""

from __future__ import annotations

from routing.model import Needs, Staff

LIVE_AT_ONCE = 1

Cost = tuple[bool, int]
"""What a place must have for it: (nothing live is held, free units)."""


def cost_of(needs: Needs) -> Cost:
    """What one piece of such work asks for; the units are also what it takes."""
    return needs.live or not needs.beside_live, units_of(needs)


def units_of(needs: Needs) -> int:
    """The units it takes while offered and while served."""
    return 0 if needs.live and needs.interrupts else needs.units


def fits(staff: Staff, needs: Needs) -> bool:
    """Whether `needs` fit beside the load `staff` holds now; says nothing of skills or presence."""
    return fits_load(staff.live, staff.units, staff.capacity, cost_of(needs))


def fits_load(live: int, units: int, capacity: int, cost: Cost) -> bool:
    """The same in plain numbers: `live` contacts and `units` held."""
    if cost[0] and live >= LIVE_AT_ONCE:
        return False
    return cost[1] == 0 or units + cost[1] <= capacity


def could_ever_fit(capacity: int, needs: Needs) -> bool:
    """Whether `needs` fit somebody of this capacity who holds nothing."""
    return units_of(needs) <= capacity


def room(live: int, units: int, capacity: int) -> int:
    """How many units more they could be given while they hold so much; none while they are with somebody."""
    return 0 if live >= LIVE_AT_ONCE or units >= capacity else capacity - units
