"""Seeded stories in bigger offices, and sabotage: each law of the floor, when broken, must turn the stories red."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from routing import groups, pools, roster, timers
from routing import plan as planning
from routing.demand import Demand
from routing.floor import Floor
from routing.groups import Crowd, Seat
from routing.pools import Pool
from routing.roster import Roster
from tests.routing.stories import Story

SEEDS = range(200)


def played(seeds: range) -> int:
    return sum(Story(seed).play(150) for seed in seeds)


def test_long_stories_end_as_the_naive_floor_says() -> None:
    assert played(SEEDS) > 1_000


@pytest.mark.parametrize("seconds", [0.5, 3.0])
def test_turns_put_in_order_span_by_span_come_when_they_are_due(
    seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timers, "SPAN_SECONDS", seconds)
    assert played(range(60)) > 300


def test_sweeping_at_every_chance_changes_no_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "SPARE", 0)
    monkeypatch.setattr(groups, "SPARE", 0)
    monkeypatch.setattr(timers, "SPARE", 0)
    monkeypatch.setattr(roster, "IDLE_POOLS_LIMIT", 1)
    assert played(SEEDS) > 1_000


def anybody_free(self: Roster, pool: Pool, *_: object, **more: object) -> Seat | None:
    able = [seat for seat in self.seats.values() if self.serves(seat, pool) and self.can_take(seat, pool)]
    return max(able, key=lambda seat: seat.staff.id, default=None)


first = Crowd.first
SABOTAGES: dict[str, tuple[object, str, Callable[..., object]]] = {
    "the earliest due goes first": (planning, "min", max),
    "nobody over capacity": (groups, "fits_load", lambda *_: True),
    "the best representative is asked": (Roster, "choose", anybody_free),
    "an excluded representative is not asked": (Crowd, "first", lambda self, order, _: first(self, order, ())),
    "time alone changes things": (Floor, "_turn", lambda self: None),
    "a rest ends": (Roster, "wake", lambda self, now: []),
    "a preferred representative has the first word": (Floor, "_line_of_preferred", lambda *_: None),
    "who comes or goes changes the holds": (Floor, "_file_preferring", lambda *_: None),
    "who becomes free is shown to their pools": (Roster, "worth_a_look", lambda self: set()),
    "what is needed elsewhere follows who is free": (Demand, "_count", lambda self: self._shifted.clear()),
    "who is passed over waits on": (Pool, "heads_aside", lambda self, _: []),
}


@pytest.mark.parametrize("law", SABOTAGES)
def test_the_stories_turn_red_when_a_law_is_broken(law: str, monkeypatch: pytest.MonkeyPatch) -> None:
    target, name, broken = SABOTAGES[law]
    monkeypatch.setattr(target, name, broken, raising=name != "min")
    # A sabotaged index may also trip over itself: any error will do, silence will not.
    with pytest.raises((AssertionError, IndexError, KeyError)):
        played(SEEDS)


def test_hash_randomisation_changes_no_plan() -> None:
    """Text hashes differ between processes; the plans of the same story must not."""
    root = Path(__file__).parents[2]
    code = "from tests.routing.stories import Story\nstory = Story(5)\nassert story.play(400)\nprint(story.offers)\n"
    answers = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(root)},
            cwd=root,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(answers) == 1
