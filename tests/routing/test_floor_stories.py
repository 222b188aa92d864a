"""Seeded stories in bigger offices, and sabotage: each law of the floor, when broken, must turn the stories red."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from routing import plan as planning
from routing import pools, roster
from routing.floor import Floor
from routing.model import Waiting
from routing.pools import Pool, Seat
from routing.roster import Roster
from tests.routing.stories import Story

SEEDS = range(120)


def played(seeds: range, *, fresh_limit: int = 8) -> int:
    return sum(Story(seed, fresh_limit=fresh_limit).play(150) for seed in seeds)


@pytest.mark.parametrize("fresh_limit", [0, 2, 8])
def test_long_stories_end_as_the_naive_floor_says(fresh_limit: int) -> None:
    assert played(SEEDS, fresh_limit=fresh_limit) > 1_000


def test_sweeping_at_every_chance_changes_no_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "SPARE", 0)
    monkeypatch.setattr("routing.floor.SPARE", 0)
    monkeypatch.setattr(roster, "IDLE_POOLS_LIMIT", 1)
    assert played(SEEDS) > 1_000


def latest_first(changed: set[Pool], everybody: Roster) -> list[pools.Key]:
    return sorted(heads(changed, everybody), reverse=True)


def second_best(self: Roster, pool: Pool, waiting: Waiting) -> Seat | None:
    able = [seat for seat in self.seats.values() if seat.mark and pool in self.open_to(seat)]
    return max(able, key=lambda seat: seat.mark or (0, 0.0, 0.0, ""), default=None)


heads = planning._heads
SABOTAGES: dict[str, tuple[object, str, Callable[..., object]]] = {
    "the earliest due goes first": (planning, "_heads", latest_first),
    "nobody over capacity": (roster, "fits_load", lambda *_: True),
    "the best representative is asked": (Roster, "choose", second_best),
    "an excluded representative is not asked": (
        Pool,
        "best",
        lambda self, _, __: self.ready[0] if self.ready else None,
    ),
    "time alone changes things": (Floor, "_turn", lambda self: None),
    "a preferred representative has the first word": (Floor, "_line_of_preferred", lambda *_: None),
    "who comes or goes changes the holds": (Floor, "_file_preferring", lambda *_: None),
    "the free are shown to their pools": (Roster, "settle", lambda self: self.fresh.clear()),
    "scarcity follows who is here": (Roster, "weigh", lambda self: self.stale.clear()),
}


@pytest.mark.parametrize("law", SABOTAGES)
def test_the_stories_turn_red_when_a_law_is_broken(law: str, monkeypatch: pytest.MonkeyPatch) -> None:
    target, name, broken = SABOTAGES[law]
    monkeypatch.setattr(target, name, broken)
    # A sabotaged index may also trip over itself: any error will do, silence will not.
    with pytest.raises((AssertionError, IndexError, KeyError)):
        played(SEEDS)


def test_hash_randomisation_changes_no_plan() -> None:
    """Text hashes differ between processes; the plans of the same story must not."""
    root = Path(__file__).parents[2]
    code = (
        "from tests.routing.stories import Story\n"
        "story = Story(5, fresh_limit=2)\n"
        "assert story.play(400)\n"
        "print(story.offers)\n"
    )
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
