"""`raabta simulate`: a day as it would go under these rules, before anybody meets it.

Decides what is run and how it is shown: a table, JSON, a page. What happens in a day, `routing.simulation` decides.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from app.cli.terminal import say, table
from app.errors import CannotStart, Invalid

if TYPE_CHECKING:
    from routing.simulation.comparing import Comparison
    from routing.simulation.scenario import Scenario
    from routing.simulation.statistics import Result

REPLICATIONS_AT_MOST: Final = 100_000


def simulate(
    scenario: Annotated[Path | None, typer.Argument(help="a file such as sample/scenarios/two_groups.toml")] = None,
    replications: Annotated[int | None, typer.Option(help="days to simulate, instead of the file's own number")] = None,
    seed: Annotated[int | None, typer.Option(help="other days; the same seed gives the same days")] = None,
    against: Annotated[Path | None, typer.Option(help="a second scenario, held against the first")] = None,
    rules: Annotated[Path | None, typer.Option(help="a file with other rules for the same people")] = None,
    replay: Annotated[
        tuple[str, str] | None,
        typer.Option(help="instead of a file: what our own log holds, FROM TO", metavar="FROM TO"),
    ] = None,
    draft: Annotated[
        int | None, typer.Option(help="with --replay: this version of the rules, held against the live one")
    ] = None,
    html: Annotated[Path | None, typer.Option(help="write a page with pictures to this file")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object")] = False,
) -> None:
    """Simulate days of a SCENARIO and tell service levels, waits, losses and how busy everybody is, with their intervals.

    Two rule sets are held against each other on the same customers: --against, --rules, or --replay with --draft.
    """
    _check(scenario, replay=replay, draft=draft, against=against, rules=rules, replications=replications, seed=seed)
    first, second = _asked(scenario, replay=replay, draft=draft, against=against, rules=rules)
    first = replace(
        first,
        replications=first.replications if replications is None else replications,
        seed=first.seed if seed is None else seed,
    )
    if second is None:
        result, comparison = _run(first), None
    else:
        comparison = _run_both(first, second)
        result = comparison.after
    if html is not None:
        _write(html, result, comparison)
    if as_json:
        from routing.simulation.plain import of_comparison, of_result

        say(json.dumps(of_result(result) if comparison is None else of_comparison(comparison), ensure_ascii=False))
    elif comparison is None:
        _show(result)
    else:
        _show_comparison(comparison)


def _check(
    scenario: Path | None,
    *,
    replay: tuple[str, str] | None,
    draft: int | None,
    against: Path | None,
    rules: Path | None,
    replications: int | None,
    seed: int | None,
) -> None:
    if (scenario is None) == (replay is None):
        raise Invalid("Give either a scenario or --replay FROM TO.", code="simulate_question")
    if draft is not None and replay is None:
        raise Invalid("--draft goes with --replay.", code="simulate_question")
    if sum(each is not None for each in (against, rules, draft)) > 1:
        raise Invalid("Give one of --against, --rules and --draft.", code="simulate_question")
    if replications is not None and not 1 <= replications <= REPLICATIONS_AT_MOST:
        raise Invalid(f"--replications is from 1 to {REPLICATIONS_AT_MOST:,}.", code="simulate_number")
    if seed is not None and seed < 0:
        raise Invalid("--seed is 0 or more.", code="simulate_number")


def _asked(
    path: Path | None,
    *,
    replay: tuple[str, str] | None,
    draft: int | None,
    against: Path | None,
    rules: Path | None,
) -> tuple[Scenario, Scenario | None]:
    """The scenario, and the one it is held against."""
    from app.cli.scenarios import rules_of, scenario_of, with_holidays
    from routing.simulation.running import under

    if path is not None:
        first, second = scenario_of(path), None
    else:
        assert replay is not None
        first, second = _recorded(replay, draft)
    if against is not None:
        second = scenario_of(against)
    elif rules is not None:
        second = _fitting(with_holidays(under(first, rules_of(rules))), rules)
    return first, second


def _fitting(scenario: Scenario, rules: Path) -> Scenario:
    """The same people under other rules, which must know what the people ask for and serve."""
    from routing.simulation.people import check

    if wrong := sorted(map(str, check(scenario))):
        raise CannotStart("\n".join(f"{rules}: does not fit the scenario: {each}" for each in wrong))
    return scenario


def _recorded(replay: tuple[str, str], draft: int | None) -> tuple[Scenario, Scenario | None]:
    from app.cli.place import database
    from app.settings import load

    with database(load()) as dsn:
        return asyncio.run(_from_log(dsn, replay, draft))


async def _from_log(dsn: str, replay: tuple[str, str], draft: int | None) -> tuple[Scenario, Scenario | None]:
    from zoneinfo import ZoneInfo

    import asyncpg

    from app.cli.scenarios import moment, replayed
    from app.queries.explained.replay import recorded
    from app.queries.rules import live_rules, rules_of

    connection = await asyncpg.connect(dsn)
    try:
        zone = ZoneInfo(await connection.fetchval("SELECT timezone FROM office ORDER BY place, code LIMIT 1") or "UTC")
        since, until = (moment(each, zone) for each in replay)
        found = await recorded(connection, since, until)
        if not found.contacts:
            raise Invalid("Nobody came in that time.", code="nothing_recorded")
        live = await live_rules(connection)
        first = replayed(found, live, zone)
        if draft is None:
            return first, None
        return first, replayed(found, await rules_of(connection, draft), zone, live=live)
    finally:
        await connection.close()


def _run(scenario: Scenario) -> Result:
    from routing.simulation.running import run

    with _progress(scenario.replications) as done:
        return run(scenario, done=done)


def _run_both(first: Scenario, second: Scenario) -> Comparison:
    from routing.simulation.running import run_both

    with _progress(2 * first.replications) as done:
        return run_both(first, second, done=done)


@contextmanager
def _progress(days: int) -> Iterator[Callable[[int], None]]:
    """A bar on the terminal while somebody looks; nothing where nobody does."""
    if not sys.stderr.isatty():
        yield lambda done: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("simulating"), BarColumn(), MofNCompleteColumn(), TextColumn("days"), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=days)
        yield lambda done: bar.update(task, completed=done)


def _write(path: Path, result: Result, comparison: Comparison | None) -> None:
    from routing.simulation.report import page

    try:
        path.write_text(page(result, comparison), encoding="utf-8")
    except OSError as error:
        raise CannotStart(f"{path}: cannot be written: {error.strerror}") from None


def _show(result: Result) -> None:
    from routing.simulation.words import line_headings, line_rows, team_headings, team_rows, title

    table(line_headings(result), line_rows(result), title=title(result))
    table(team_headings(), team_rows(result))


def _show_comparison(comparison: Comparison) -> None:
    from routing.simulation.words import comparison_headings, comparison_rows, title

    table(comparison_headings(), comparison_rows(comparison), title=title(comparison.after))
