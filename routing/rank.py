"""Who goes first: the order of the waiting and the order of the representatives, as plain sort keys.

Priority is seconds, one scale for everything: a head start moves the due time, it never jumps a class. Decides no offer.
"""

from __future__ import annotations

from collections.abc import Iterable

from routing.errors import RoutingError
from routing.model import Instant

HEAD_START_SECONDS = {
    "elderly": 300.0,
    "disability": 300.0,
    "pregnancy": 300.0,
    "small_child": 300.0,
    "reopened": 600.0,
    "emergency": 86_400.0,
}

COMMON = 64
"""What this many representatives hold is not scarce: losing one of them for a while costs nobody anything."""

Mark = tuple[int, float, float, str]
"""A representative's place among the free, smaller is asked first: scarcity, load ratio, idle since, id."""


def head_start(reasons: Iterable[str], *, cap_seconds: float) -> float:
    """The seconds these reasons are worth together, each counted once, at most `cap_seconds`.

    Raises `RoutingError` for a reason nobody has put a number on.
    """
    known = set(reasons)
    if unknown := sorted(known - HEAD_START_SECONDS.keys()):
        raise RoutingError(f"no head start is known for: {', '.join(unknown)}")
    return min(cap_seconds, sum(HEAD_START_SECONDS[reason] for reason in sorted(known)))


def reopened(waited_seconds: float) -> float:
    """The head start of a case the customer says is not solved: what it had already waited, and `reopened` on top."""
    return waited_seconds + HEAD_START_SECONDS["reopened"]


def due(arrival: Instant, target_seconds: float, head_start_seconds: float) -> Instant:
    """By when this should be served; the one order of all who wait."""
    return arrival + target_seconds - head_start_seconds


def scarcity(holders: int) -> int:
    """How much one thing a representative has is needed elsewhere: the fewer hold it, the more.

    Halves with each doubling of the holders, so that it changes seldom while people come and go; 0 from `COMMON` on.
    """
    return 0 if holders >= COMMON else COMMON >> (max(holders, 1).bit_length() - 1)


def mark(scarcity: int, units: int, capacity: int, idle_since: Instant, representative: str) -> Mark:
    """The sort key of a representative: least needed elsewhere, then least loaded, then longest idle, then id."""
    return scarcity, units / capacity if capacity else 1.0, idle_since, representative
