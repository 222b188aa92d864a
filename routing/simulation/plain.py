"""A result as plain lists and mappings, for JSON: the names in it are for ever. Decides which numbers are told."""

from __future__ import annotations

from typing import Any

from routing.simulation.comparing import Comparison, Difference
from routing.simulation.intervals import Interval
from routing.simulation.statistics import Result

Plain = dict[str, Any]


def of_result(result: Result) -> Plain:
    """Everything a result says; each figure as {"mean", "low", "high"}, without ends where nobody can say."""
    return {
        "name": result.name,
        "days": result.days,
        "seed": result.seed,
        "confidence": result.confidence,
        "within_seconds": result.within_seconds,
        "everybody": _lines(result, "all").get("", {}),
        "queues": _lines(result, "queue"),
        "reasons": _lines(result, "reason"),
        "teams": {
            name: {"occupancy": _interval(team.occupancy), "spread": _interval(team.spread)}
            for name, team in result.teams.items()
        },
        "through_the_day": {
            "opens": result.opens,
            "closes": result.closes,
            **{name: list(values) for name, values in result.slots.items()},
        },
    }


def of_comparison(comparison: Comparison) -> Plain:
    """Both results and the differences between them."""
    lines: dict[str, dict[str, Plain]] = {"all": {}, "queue": {}, "reason": {}}
    for (kind, code), differences in comparison.lines.items():
        lines[kind][code] = {name: _difference(each) for name, each in differences.items()}
    return {
        "before": of_result(comparison.before),
        "after": of_result(comparison.after),
        "change": {"everybody": lines["all"].get("", {}), "queues": lines["queue"], "reasons": lines["reason"]},
    }


def _lines(result: Result, kind: str) -> dict[str, Plain]:
    return {
        key[1]: {name: _interval(each) for name, each in figures.items()}
        for key, figures in result.lines.items()
        if key[0] == kind
    }


def _interval(interval: Interval | None) -> Plain | None:
    if interval is None:
        return None
    ends = {} if interval.half is None else {"low": interval.low, "high": interval.high}
    return {"mean": interval.mean, **ends}


def _difference(found: Difference) -> Plain:
    return {
        "before": found.before,
        "after": found.after,
        "change": _interval(found.change),
        "verdict": found.verdict,
    }
