"""Whether a case is about an incident.

Decides by what the incident names (request types with all below them, areas, products, channels): everything named must fit.
What a case does not say cannot fit: it is listed as possible, and a person decides. Reads nothing, attaches nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

Fit = Literal["fits", "possible", "other"]
DEEPEST = 4


class Request(Protocol):
    """One node of the tree of request types."""

    @property
    def parent(self) -> str | None: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """Whom an incident touches; what is empty says nothing."""

    request_types: frozenset[str] = frozenset()
    areas: frozenset[str] = frozenset()
    products: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Matter:
    """What a case says of itself; None: nothing."""

    request_type: str | None
    area: str | None = None
    product: str | None = None
    channel: str | None = None


def fit(matter: Matter, scope: Scope, requests: Mapping[str, Request]) -> Fit:
    """`fits`: all that is named; `possible`: nothing speaks against it, and something is not said; else `other`."""
    found = {
        _among(scope.request_types, way_up(matter.request_type, requests), said=matter.request_type is not None),
        _among(scope.areas, (matter.area,), said=matter.area is not None),
        _among(scope.products, (matter.product,), said=matter.product is not None),
        _among(scope.channels, (matter.channel,), said=matter.channel is not None),
    }
    if "other" in found:
        return "other"
    return "possible" if "possible" in found else "fits"


def below(named: Collection[str], requests: Mapping[str, Request]) -> list[str]:
    """The request types named and all below them, sorted; what is not in the tree any more is kept as it is."""
    return sorted({*named, *(code for code in requests if any(up in named for up in way_up(code, requests)))})


def way_up(code: str | None, requests: Mapping[str, Request]) -> Iterator[str]:
    """This request type and those above it."""
    for _ in range(DEEPEST):
        if code is None:
            return
        yield code
        code = requests[code].parent if code in requests else None


def _among(named: Collection[str], found: Collection[str | None] | Iterator[str], *, said: bool) -> Fit:
    if not named or any(each in named for each in found):
        return "fits"
    return "other" if said else "possible"
