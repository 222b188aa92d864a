"""A result as words and rows for people: which figures are shown, and how a number reads. Computes none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from routing.simulation.comparing import Comparison, Difference
from routing.simulation.intervals import Interval
from routing.simulation.statistics import MEASURES, Result, Unit
from routing.simulation.tally import UNREASONED

SHOWN: Final = (
    "contacts", "service_level", "service_level_with_abandons", "mean_wait", "p90_wait", "p99_wait", "abandoned_share",
    "blocked_share",
)  # fmt: skip
"""The figures of a table; the others are in the JSON."""
COMPARED: Final = (
    "contacts", "service_level", "service_level_with_abandons", "mean_wait", "p90_wait", "p99_wait", "abandoned_share",
    "blocked_share", "overflowed", "escalated", "left",
)  # fmt: skip
_SHORT: Final = {
    "contacts": "CONTACTS",
    "service_level": "IN TIME",
    "service_level_with_abandons": "IN TIME (+GONE)",
    "mean_wait": "MEAN WAIT",
    "p90_wait": "9 OF 10 WITHIN",
    "p99_wait": "99 OF 100 WITHIN",
    "abandoned_share": "GAVE UP",
    "blocked_share": "NO PLACE",
}
DASH: Final = "-"


def title(result: Result) -> str:
    """What was simulated, in one line."""
    days = f"{result.days} day{'' if result.days == 1 else 's'}"
    return (
        f"{result.name}: {days}, seed {result.seed}; in time = within {seconds(result.within_seconds)}; "
        f"± {result.confidence:.0%} confidence"
    )


def line_headings(result: Result) -> Sequence[str]:
    """Headings of the table of lines."""
    return ["LINE", *(_SHORT[name] for name in SHOWN)]


def line_rows(result: Result) -> list[list[str]]:
    """One row for everybody, each queue and each reason of a head start."""
    return [
        [line_name(key), *(said(figures[name], MEASURES[name].unit) for name in SHOWN)]
        for key, figures in result.lines.items()
        if _worth_a_row(result, key)
    ]


def team_headings() -> Sequence[str]:
    """Headings of the table of teams."""
    return ["TEAM", "BUSY", "SPREAD BETWEEN MEMBERS"]


def team_rows(result: Result) -> list[list[str]]:
    """One row for each team."""
    return [[name, said(team.occupancy, "share"), said(team.spread, "share")] for name, team in result.teams.items()]


def comparison_headings() -> Sequence[str]:
    """Headings of the table of differences."""
    return ["LINE", "FIGURE", "BEFORE", "AFTER", "CHANGE", "VERDICT"]


def comparison_rows(comparison: Comparison) -> list[list[str]]:
    """One row for each figure that is there at all in either."""
    rows = []
    for key, differences in comparison.lines.items():
        for name in COMPARED:
            found = differences.get(name)
            if found is not None and (found.before or found.after):
                rows.append([line_name(key), MEASURES[name].label, *difference_cells(found, MEASURES[name].unit)])
    return rows


def difference_cells(found: Difference, unit: Unit) -> list[str]:
    """Before, after, change and verdict of one figure."""
    sign = "+" if found.change.mean >= 0 else ""
    change = sign + said(found.change, unit)
    return [number(found.before, unit), number(found.after, unit), change, found.verdict]


def line_name(key: tuple[str, str]) -> str:
    """What a line is called."""
    kind, code = key
    if kind == "all":
        return "everybody"
    if kind == "reason":
        return "without a head start" if code == UNREASONED else f"head start: {code}"
    return code


def said(interval: Interval | None, unit: Unit) -> str:
    """A figure with its interval."""
    if interval is None:
        return DASH
    half = "" if interval.half is None else f" ± {number(interval.half, unit)}"
    return number(interval.mean, unit) + half


def number(value: float, unit: Unit) -> str:
    """A number as people read it."""
    if unit == "share":
        return f"{100 * value:.1f} %"
    if unit == "seconds":
        return seconds(value)
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.4g}"


def seconds(value: float) -> str:
    """A time: 12.3 s, 4 min 05 s, 2 h 10 min."""
    if abs(value) < 99.95:
        return f"{value:.1f} s" if value != int(value) else f"{value:.0f} s"
    sign, whole = ("-" if value < 0 else ""), round(abs(value))
    if whole < 3600:
        return f"{sign}{whole // 60} min {whole % 60:02} s"
    return f"{sign}{whole // 3600} h {whole % 3600 // 60:02} min"


def _worth_a_row(result: Result, key: tuple[str, str]) -> bool:
    """Reasons only where there are any; queues that nobody asked for not at all."""
    contacts = result.lines[key]["contacts"]
    if key[0] == "reason" and all(other[1] == UNREASONED for other in result.lines if other[0] == "reason"):
        return False
    return contacts is not None and contacts.mean > 0
