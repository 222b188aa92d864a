"""Who goes first: the order of the waiting and the order of the representatives, as plain sort keys.

Priority is seconds, one scale for everything: a head start moves the due time, it never jumps a class. Decides no offer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import itemgetter

from routing.errors import RoutingError
from routing.model import Instant, Staff

REOPENED_SECONDS = 600.0

KEYS = ("scarcity", "load", "idle_since")
"""By what the free can be sorted, smaller first: how much they are needed elsewhere, the share of their capacity they
hold, since when they are idle."""

ORDERS: Mapping[str, tuple[str, ...]] = {
    "spare_skills": ("scarcity", "load", "idle_since"),
    "least_loaded": ("load", "scarcity", "idle_since"),
    "longest_idle": ("idle_since",),
}
"""Every order a queue may choose, as the keys it sorts by. Whoever is preferred comes before all of them, and the id ends
all of them, so that no two are ever equal."""

NEEDED = 100_000_000
"""What somebody counts for who is the last free one for something; whole numbers, so that the order of adding is
nothing. A trace tells it in hundredths of this: 100.0."""

Place = tuple[float, float, str]
"""A representative's place among the free of their group: load ratio, idle since, id."""

Mark = tuple[int, float, float, str]
"""A place with how much they are needed elsewhere before it."""


def reopened(waited_seconds: float) -> float:
    """The head start of a case the customer says is not solved: what it had already waited, and ten minutes on top."""
    return waited_seconds + REOPENED_SECONDS


def due(arrival: Instant, target_seconds: float, head_start_seconds: float) -> Instant:
    """By when this should be served; the one order of all who wait."""
    return arrival + target_seconds - head_start_seconds


def needed(free: int) -> int:
    """How much each of those is needed who could take one kind of work, when they have room for `free` pieces of it.

    It grows with the square as they become few. Tried on random offices against the reciprocal, powers of two, and
    both weighed by how many hold it: this one kept the waiting shortest.
    """
    return NEEDED // (free * free) if free > 1 else NEEDED


def place(staff: Staff, units: int) -> Place:
    """Their place with this many units held; who has no capacity counts as full."""
    return units / staff.capacity if staff.capacity else 1.0, staff.idle_since, staff.id


class Sorting:
    """One named order, ready to sort by."""

    __slots__ = ("among", "full", "within")

    def __init__(self, order: str) -> None:
        keys = ORDERS[order]
        own = tuple(KEYS.index(key) for key in keys if key != "scarcity")
        self.within = " ".join(KEYS[key] for key in own)
        """Which parts of a place sort those of one group: among them scarcity is the same. Tells one heap from another."""
        self.among: Callable[[Place], object] = itemgetter(*(key - 1 for key in own), 2)
        """A place's sort key within its group."""
        self.full: Callable[[Mark], Mark] = itemgetter(*(KEYS.index(key) for key in keys), 3)
        """A mark's sort key among everybody."""


def sorting(order: str) -> Sorting:
    """The order of this name. Raises `RoutingError` if there is none."""
    if (found := _SORTINGS.get(order)) is None:
        raise RoutingError(f"no order of representatives is called {order}")
    return found


_SORTINGS = {order: Sorting(order) for order in ORDERS}
