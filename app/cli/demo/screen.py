"""What is seen while the hour is played. Decides the look only."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from typing import Final

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from app.cli.demo.watch import Watch, share
from app.cli.demo.world import World
from app.cli.terminal import say

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "waiting": ("queued", "scheduled"),
    "offered": ("offered",),
    "active": ("active", "parked", "wrapping"),
    "done": ("completed",),
    "left": ("abandoned", "cancelled"),
}
LIVE_SECONDS: Final = 0.25
PLAIN_SECONDS: Final = 5.0


async def show(world: World, watch: Watch, *, plain: bool) -> None:
    """Until cancelled: a live table, or a line every few seconds."""
    began = time.monotonic()
    if plain:
        while True:
            await asyncio.sleep(PLAIN_SECONDS)
            say(_line(world, watch, time.monotonic() - began))
    with Live(console=Console(), auto_refresh=False, transient=True) as live:
        while True:
            live.update(_picture(world, watch, time.monotonic() - began), refresh=True)
            await asyncio.sleep(LIVE_SECONDS)


def totals(world: World, watch: Watch) -> str:
    """The hour in a few lines."""
    ledger, counts, kinds = world.ledger, world.edge.counts, watch.kinds
    came = ", ".join(f"{number} by {way}" for way, number in sorted(ledger.came.items()))
    return "\n".join(
        [
            f"contacts      {sum(ledger.came.values())} ({came}), {len(ledger.entries)} acknowledged, {ledger.repeated} reports came twice",
            (
                f"served        {kinds['interaction.completed']} completed, {kinds['interaction.left']} left,"
                f" {kinds['interaction.no_show']} did not come when called, {kinds['interaction.returned']} came back"
            ),
            (
                f"offers        {kinds['interaction.offered']} made, {kinds['interaction.accepted']} accepted,"
                f" {kinds['interaction.declined']} declined, {kinds['interaction.expired']} expired,"
                f" {kinds['interaction.withdrawn']} withdrawn"
            ),
            f"answered in   {share(watch.answer_seconds, 0.5):.2f} s half of them, {share(watch.answer_seconds, 0.95):.2f} s 95 %",
            *_matters(watch),
            f"events        {watch.events} followed, each once",
            f"requests      {counts.requests}, {counts.unreachable} unanswered, {counts.away} told to try again",
        ]
    )


def _matters(watch: Watch) -> list[str]:
    """What became of what they came about."""
    kinds = watch.kinds
    resolved = kinds["case.resolved"] + kinds["case.check_passed"]
    lines = [
        (
            f"matters       {kinds['case.opened']} opened, {kinds['case.touched']} touches after the first contact;"
            f" {kinds['case.promise_kept']} promises kept, {kinds['case.promise_broken']} broken"
        ),
        (
            f"solved        {resolved} in our word; {kinds['case.survey_asked']} asked,"
            f" {kinds['case.survey_answered']} answered: {kinds['case.confirmed']} solved in the customers' word,"
            f" {kinds['case.reopened']} opened again"
        ),
    ]
    if kinds["incident.declared"]:
        lines.append(
            f"faults        {kinds['incident.declared']} declared, {kinds['incident.closed']} over;"
            f" {kinds['case.attached']} cases were about it, told {kinds['case.incident_told']} times since"
        )
    return lines


def _picture(world: World, watch: Watch, seconds: float) -> Group:
    queues = Table("queue", *COLUMNS, title=_heading(world, seconds), title_justify="left", show_edge=False)
    for column in queues.columns[1:]:
        column.justify = "right"
    found = watch.queues()
    for code in sorted(found):
        queues.add_row("(choosing)" if code == "none" else code, *_cells(found[code]))
    queues.add_section()
    queues.add_row("all", *_cells(sum(found.values(), Counter())), style="bold")
    people = Text.assemble(
        *(
            (f"{code} ", "green" if subject.state == "available" else "yellow" if subject.state == "away" else "dim")
            for (kind, code), subject in sorted(watch.subjects.items())
            if kind == "representative"
        )
    )
    return Group(queues, Text(), people)


def _heading(world: World, seconds: float) -> str:
    return f"a busy hour, {seconds:.0f} s: {sum(world.ledger.came.values())} of {len(world.contacts)} contacts came"


def _cells(states: Counter[str]) -> list[str]:
    return [str(sum(states[state] for state in COLUMNS[column])) for column in COLUMNS]


def _line(world: World, watch: Watch, seconds: float) -> str:
    states = sum(watch.queues().values(), Counter[str]())
    cells = ", ".join(f"{column} {number}" for column, number in zip(COLUMNS, _cells(states), strict=True))
    return f"{_heading(world, seconds)}; {cells}"
