"""A line's makings as the row of `queue_estimate` keeps them, and back. Decides their shape; never reads or writes a row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from routing.lines import Line

DIGITS = 6
"""Kept to so many: a figure that moves by less is none that changed."""


def document(line: Line) -> dict[str, Any]:
    """As JSON: short, and the same for the same line."""
    return {
        "representatives": _short(line.representatives),
        "free": line.free,
        "handle_seconds": _short(line.handle_seconds),
        "variation": _short(line.variation),
        "leaving_rate": _short(line.leaving_rate),
        "ahead": {queue: _short(share) for queue, share in sorted(line.ahead.items())},
        "leads": [[_short(lead), _short(rate)] for lead, rate in line.leads],
    }


def line(found: Mapping[str, Any]) -> Line | None:
    """The line of such a document; None where nothing was written yet."""
    if not found:
        return None
    return Line(
        representatives=found["representatives"],
        free=found["free"],
        handle_seconds=found["handle_seconds"],
        variation=found["variation"],
        leaving_rate=found["leaving_rate"],
        ahead=found["ahead"],
        leads=tuple((lead, rate) for lead, rate in found["leads"]),
    )


def _short(number: float) -> float:
    return float(f"{number:.{DIGITS}g}")
