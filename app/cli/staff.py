"""`raabta staff`: how many people a load needs, or what so many give. By formula: no database, no simulation."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Annotated, Final

import typer

from app.cli.terminal import say, table
from app.errors import Invalid

if TYPE_CHECKING:
    from routing.simulation.erlang import Crew, Steady

ARRIVALS_AT_MOST: Final = 1_000_000
SECONDS_AT_MOST: Final = 86_400
REPRESENTATIVES_AT_MOST: Final = 20_000
HOUR_SECONDS: Final = 3_600


def staff(
    arrivals_per_hour: Annotated[float, typer.Option(help="contacts that come in an hour, on average")],
    handle_seconds: Annotated[float, typer.Option(help="mean time one contact keeps one representative")],
    within_seconds: Annotated[float, typer.Option(help="the wait that counts as in time")],
    target: Annotated[float | None, typer.Option(help="share of all who come to be served in time, as 0.8")] = None,
    representatives: Annotated[int | None, typer.Option(help="what that many people give")] = None,
    patience_seconds: Annotated[
        float | None, typer.Option(help="mean time until one who waits gives up; left out: nobody ever does")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object")] = False,
) -> None:
    """Tell the fewest representatives who serve the target share in time, or what a given number of them does.

    Erlang C, with patience Erlang A: contacts come by chance, handling and patience are exponential, everybody can serve
    everybody. The service level counts all who come: whoever gives up was not served in time.
    """
    _check("--arrivals-per-hour", arrivals_per_hour, ARRIVALS_AT_MOST)
    _check("--handle-seconds", handle_seconds, SECONDS_AT_MOST)
    _check("--within-seconds", within_seconds, SECONDS_AT_MOST, zero=True)
    if patience_seconds is not None:
        _check("--patience-seconds", patience_seconds, SECONDS_AT_MOST)
    if (target is None) == (representatives is None):
        raise Invalid("Give either --target or --representatives.", code="staff_question")
    crew = _crew(arrivals_per_hour, handle_seconds, patience_seconds)
    within = within_seconds / handle_seconds
    number = representatives if target is None else _enough(crew, target, within)
    assert number is not None
    given = _given(crew, number, within)
    figures = {
        "representatives": number,
        "wait_probability": given.wait_probability,
        "mean_wait_seconds": given.mean_wait * handle_seconds,
        "service_level": given.served_within,
        "occupancy": given.occupancy,
    }
    if patience_seconds is not None:
        figures["abandoned"] = given.abandoned
    _show(figures, as_json=as_json)


def _check(name: str, value: float, at_most: int, *, zero: bool = False) -> None:
    if not math.isfinite(value) or value < 0 or (value == 0 and not zero) or value > at_most:
        raise Invalid(f"{name} is a number {'from' if zero else 'above'} 0, at most {at_most:,}.", code="staff_number")


def _crew(arrivals_per_hour: float, handle_seconds: float, patience_seconds: float | None) -> Crew:
    """With the handling time as the unit of time, a load that is a whole number stays one."""
    from routing.simulation.erlang import Crew

    crew = Crew(
        servers=1,
        arrival_rate=arrivals_per_hour * handle_seconds / HOUR_SECONDS,
        service_rate=1.0,
        patience_rate=0.0 if patience_seconds is None else handle_seconds / patience_seconds,
    )
    if crew.load > REPRESENTATIVES_AT_MOST:
        raise Invalid(
            f"This load keeps {crew.load:,.0f} representatives busy; {REPRESENTATIVES_AT_MOST:,} are the most this counts with.",
            code="staff_load",
        )
    return crew


def _enough(crew: Crew, target: float, within: float) -> int:
    from routing.simulation.erlang import servers_for

    if not 0 < target < 1:
        raise Invalid("--target is a share above 0 and below 1, as 0.8.", code="staff_number")
    found = servers_for(target, crew, within=within, at_most=REPRESENTATIVES_AT_MOST)
    if found is None:
        raise Invalid(f"Not even {REPRESENTATIVES_AT_MOST:,} representatives reach this target.", code="staff_load")
    return found


def _given(crew: Crew, representatives: int, within: float) -> Steady:
    from dataclasses import replace

    from routing.simulation.erlang import NoSteadyState, steady

    if not 1 <= representatives <= REPRESENTATIVES_AT_MOST:
        raise Invalid(
            f"--representatives is a whole number from 1 to {REPRESENTATIVES_AT_MOST:,}.", code="staff_number"
        )
    try:
        return steady(replace(crew, servers=representatives), within=within)
    except NoSteadyState:
        least = math.floor(crew.load) + 1
        raise Invalid(
            f"There is no steady state: the work keeps {crew.load:,.6g} representatives busy and {representatives:,} are given, "
            f"so the line grows without end. It takes at least {least:,}, or people who give up (--patience-seconds).",
            code="no_steady_state",
        ) from None


def _show(figures: dict[str, float], *, as_json: bool) -> None:
    if as_json:
        say(json.dumps(figures))
        return
    shown = {
        "representatives": f"{figures['representatives']:,}",
        "mean_wait_seconds": f"{figures['mean_wait_seconds']:,.1f}",
    }
    rows = [[name.replace("_", " "), shown.get(name) or f"{value:.1%}"] for name, value in figures.items()]
    table(["FIGURE", "VALUE"], rows)
