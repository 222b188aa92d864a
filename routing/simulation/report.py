"""A page a supervisor can read: what the day would be like, in pictures and tables. One file, no scripts, nothing fetched.

Decides what is shown and in which words. Everything that comes from a scenario is escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from routing.simulation.charts import COLOURS, Bar, Curve, bars, through_the_day
from routing.simulation.comparing import Comparison
from routing.simulation.intervals import Interval
from routing.simulation.statistics import Result
from routing.simulation.words import (
    comparison_headings,
    comparison_rows,
    line_headings,
    line_name,
    line_rows,
    number,
    seconds,
    team_headings,
    team_rows,
    title,
)

_STYLE: Final = """
:root{--ink:#1d2733;--paper:#fff;--soft:#5b6876;--rule:#d8dee5;--one:#1b6ca8;--two:#c2571a;--three:#3c7d3c}
@media(prefers-color-scheme:dark){:root{--ink:#e4e9ee;--paper:#14191f;--soft:#9fabb7;--rule:#36414d;--one:#6db3e8;--two:#f0955a;--three:#86c986}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:60rem;padding:1rem;font:1rem/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);overflow-wrap:anywhere}
h1{font-size:1.5rem;line-height:1.2}h2{font-size:1.15rem;margin:2rem 0 .5rem}
p.about{color:var(--soft)}
figure{margin:1rem 0}figcaption{font-weight:600}
svg{width:100%;height:auto;display:block;overflow:visible}
svg text{font:12px system-ui,sans-serif;fill:var(--ink)}svg .name{text-anchor:end}svg .hour{text-anchor:middle}
@media(max-width:40rem){svg text{font-size:18px}}
svg .grid{stroke:var(--rule);fill:none}svg .line{fill:none;stroke-width:2.5;stroke-linejoin:round;stroke-linecap:round}
svg .sure{stroke:var(--ink);stroke-width:2;fill:none}
svg path.one{stroke:var(--one)}svg path.two{stroke:var(--two)}svg path.three{stroke:var(--three)}
svg rect.one{fill:var(--one)}svg rect.two{fill:var(--two)}svg rect.three{fill:var(--three)}
ul.legend{list-style:none;display:flex;flex-wrap:wrap;gap:.25rem 1rem;margin:.25rem 0;padding:0}
ul.legend li::before{content:"";display:inline-block;width:1em;height:.25em;margin-right:.4em;vertical-align:middle;background:var(--one)}
ul.legend li.two::before{background:var(--two)}ul.legend li.three::before{background:var(--three)}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums}
th,td{padding:.3rem .7rem .3rem 0;text-align:right;border-bottom:1px solid var(--rule);white-space:nowrap;vertical-align:bottom}
th:first-child,td:first-child,table.text td:nth-child(2),table.text th:nth-child(2){text-align:left}
"""


def page(result: Result, comparison: Comparison | None = None) -> str:
    """The whole page. With a comparison, `result` is its second one, and both are drawn."""
    results = [result] if comparison is None else [comparison.before, comparison.after]
    heading = result.name if comparison is None else f"{comparison.before.name} → {result.name}"
    parts = [f"<h1>{escape(heading)}</h1>", f'<p class="about">{escape(title(result))}.</p>']
    if comparison is not None:
        parts.append("<h2>What changes</h2>")
        parts.append(f"<p>{escape(_verdict(comparison))}</p>")
        parts.append(_table(comparison_headings(), comparison_rows(comparison), kind="text"))
    parts.append("<h2>Through the day</h2>")
    parts += _pictures(results)
    parts.append("<h2>Who waits how long</h2>")
    parts.append(_waits(results))
    for each, name in zip(results, _names(results), strict=True):
        parts.append(f"<h3>{escape(name)}</h3>" if len(results) > 1 else "")
        parts.append(_table(line_headings(each), line_rows(each)))
    parts.append("<h2>How busy everybody is</h2>")
    parts.append(_busy(results))
    parts.append(_table(team_headings(), team_rows(result)))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(heading)}</title><style>{_STYLE}</style></head><body><main>{''.join(parts)}</main></body></html>\n"
    )


def _verdict(comparison: Comparison) -> str:
    """The one thing a supervisor wants to know, in a sentence."""
    wait = comparison.lines.get(("all", ""), {}).get("mean_wait")
    if wait is None:
        return "Nobody was answered, so nothing can be said of waiting."
    if wait.verdict == "unclear":
        return "On the same customers, the mean wait is not clearly different: chance alone could explain what is seen."
    shorter = "shorter" if wait.change.mean < 0 else "longer"
    return f"On the same customers, the mean wait is {seconds(abs(wait.change.mean))} {shorter}."


def _names(results: Sequence[Result]) -> list[str]:
    return [results[0].name] if len(results) == 1 else [f"before: {results[0].name}", f"after: {results[1].name}"]


def _pictures(results: Sequence[Result]) -> Iterable[str]:
    names = _names(results)
    opens, closes = results[0].opens, results[0].closes
    waits = [
        Curve(name=name, values=_over(each.slots["waited"], each.slots["answered"]))
        for each, name in zip(results, names, strict=True)
    ]
    levels = [
        Curve(name=name, values=_over(each.slots["within"], each.slots["answered"]))
        for each, name in zip(results, names, strict=True)
    ]
    arrivals = [Curve(name=name, values=each.slots["contacts"]) for each, name in zip(results, names, strict=True)]
    level = f"Share answered within {seconds(results[0].within_seconds)}"
    yield through_the_day(waits, title="Mean wait, by when one came", opens=opens, closes=closes, told=seconds)
    yield through_the_day(levels, title=level, opens=opens, closes=closes, told=_share, most=1.0)
    yield through_the_day(
        arrivals, title="How many come", opens=opens, closes=closes, told=lambda value: f"{value:.3g}"
    )


def _over(above: Sequence[float], below: Sequence[float]) -> list[float | None]:
    return [one / other if other else None for one, other in zip(above, below, strict=True)]


def _waits(results: Sequence[Result]) -> str:
    found = [
        _bar(line_name(key), figures["mean_wait"], place)
        for key in results[0].lines
        for place, each in enumerate(results)
        if (figures := each.lines.get(key)) is not None and figures["mean_wait"] is not None
    ]
    return bars(found, title="Mean wait, with its interval", told=seconds)


def _busy(results: Sequence[Result]) -> str:
    found = [
        _bar(name, each.teams[name].occupancy, place)
        for name in results[0].teams
        for place, each in enumerate(results)
        if name in each.teams and each.teams[name].occupancy is not None
    ]
    return bars(found, title="Share of the time on shift with work in hand", told=_share, most=1.0)


def _bar(name: str, interval: Interval | None, place: int) -> Bar:
    assert interval is not None
    return Bar(name=name, value=interval.mean, low=interval.low, high=interval.high, colour=COLOURS[place])


def _share(value: float) -> str:
    return number(value, "share")


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]], *, kind: str = "") -> str:
    head = "".join(f'<th scope="col">{escape(each.capitalize())}</th>' for each in headings)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return (
        f'<div class="scroll"><table class="{kind}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )
