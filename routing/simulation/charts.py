"""Pictures of a simulated day as SVG: lines through the day, bars with their intervals. Decides how they look, never what is true.

Each scales to the width of its page and says in words, for those who cannot see it, what it shows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

WIDTH: Final = 640
HEIGHT: Final = 240
LEFT: Final = 72
RIGHT: Final = 12
TOP: Final = 12
BOTTOM: Final = 28
BAR: Final = 28
NAMES: Final = 180.0
COLOURS: Final = ("one", "two", "three")
HOUR_SECONDS: Final = 3600.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Curve:
    """One line of a picture: a value for each part of the day, None where there is none."""

    name: str
    values: Sequence[float | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """One bar, with the interval around its end."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    colour: str = COLOURS[0]


def through_the_day(
    curves: Sequence[Curve], *, title: str, opens: float, closes: float, told: Callable[[float], str], most: float = 0.0
) -> str:
    """Lines over the hours of the day. `most`: the scale goes at least so far up; `told`: how a value reads."""
    highest = max([value for curve in curves for value in curve.values if value is not None], default=0.0)
    top = _round_up(max(highest, most))
    lines = [_grid(top, told), _hours(opens, closes)]
    lines += [_path(curve, COLOURS[place % len(COLOURS)], top) for place, curve in enumerate(curves)]
    legend = "".join(
        f'<li class="{COLOURS[place % len(COLOURS)]}">{escape(curve.name)}</li>' for place, curve in enumerate(curves)
    )
    keys = f'<ul class="legend">{legend}</ul>' if len(curves) > 1 else ""
    words = f"{title}. Highest: {told(highest)}."
    return _figure(title, keys, f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(words)}">', lines)


def bars(found: Sequence[Bar], *, title: str, told: Callable[[float], str], most: float = 0.0) -> str:
    """Horizontal bars, one under the other."""
    longest = max([bar.value if bar.high is None else bar.high for bar in found], default=0.0)
    top = _round_up(max(longest, most))
    scale = (WIDTH - RIGHT - NAMES - LEFT * 1.5) / top
    lines = []
    for place, bar in enumerate(found):
        y, left = place * BAR, NAMES
        width = max(0.0, bar.value) * scale
        lines.append(f'<text x="{left - 8:.0f}" y="{y + 17}" class="name">{escape(_short(bar.name))}</text>')
        lines.append(f'<rect x="{left:.0f}" y="{y + 4}" width="{width:.1f}" height="{BAR - 8}" class="{bar.colour}"/>')
        end = left + width
        if bar.low is not None and bar.high is not None:
            low, high = left + max(0.0, bar.low) * scale, left + max(0.0, bar.high) * scale
            lines.append(f'<path d="M{low:.1f} {y + BAR / 2}H{high:.1f}" class="sure"/>')
            end = max(end, high)
        lines.append(f'<text x="{end + 6:.1f}" y="{y + 17}">{escape(told(bar.value))}</text>')
    words = f"{title}: " + "; ".join(f"{bar.name} {told(bar.value)}" for bar in found)
    height = max(1, len(found)) * BAR
    return _figure(title, "", f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(words)}">', lines)


def _figure(title: str, keys: str, opening: str, lines: Sequence[str]) -> str:
    return f"<figure><figcaption>{escape(title)}</figcaption>{keys}{opening}{''.join(lines)}</svg></figure>"


def _grid(top: float, told: Callable[[float], str]) -> str:
    parts = []
    for step in range(5):
        value = top * step / 4
        y = _y(value, top)
        parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" class="grid"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" class="name">{escape(told(value))}</text>')
    return "".join(parts)


def _hours(opens: float, closes: float) -> str:
    """The hours under the picture, not more than fit."""
    step = HOUR_SECONDS * max(1, math.ceil((closes - opens) / HOUR_SECONDS / 12))
    parts = []
    at = math.ceil(opens / step) * step
    while at <= closes:
        x = LEFT + (at - opens) / (closes - opens) * (WIDTH - LEFT - RIGHT)
        hours = int(at // HOUR_SECONDS)
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - 8}" class="hour">{hours % 24:02}:00</text>')
        at += step
    return "".join(parts)


def _path(curve: Curve, colour: str, top: float) -> str:
    """A stroke from each value to the next; a gap where there is none."""
    parts, drawing = [], False
    width = (WIDTH - LEFT - RIGHT) / max(1, len(curve.values))
    for place, value in enumerate(curve.values):
        if value is None:
            drawing = False
            continue
        x, y = LEFT + (place + 0.5) * width, _y(value, top)
        parts.append(f"{'L' if drawing else 'M'}{x:.1f} {y:.1f}" + ("" if drawing else "h.01"))
        drawing = True
    return f'<path d="{"".join(parts)}" class="line {colour}"/>' if parts else ""


def _y(value: float, top: float) -> float:
    return HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM)


def _round_up(value: float) -> float:
    """The next round number, so that the scale reads well; never 0."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 4, 5, 8, 10, 20) if step * power >= value * (1 - 1e-9))


def _short(name: str) -> str:
    return name if len(name) <= 20 else name[:19] + "…"
