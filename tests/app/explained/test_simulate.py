"""`raabta simulate` as a person types it: tables, JSON, a page, other rules, and our own log played again."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, timedelta
from pathlib import Path

import pytest

from app.actions.contacts.complete import complete
from app.db import ROOT
from tests.app.service.test_cli import raabta
from tests.shift import Shift

TWO_GROUPS = ROOT / "sample" / "scenarios" / "two_groups.toml"


@pytest.fixture
def quick(tmp_path: Path) -> Path:
    """A scenario of one short hour."""
    path = tmp_path / "quick.toml"
    path.write_text(
        """
        replications = 2
        [queues.calls]
        target_seconds = 60
        [request_types.call]
        queue = "calls"
        [arrivals.calls]
        request_type = "call"
        per_hour = 60
        service = { exponential = 120 }
        [teams.all]
        queues = ["calls"]
        people = 3
        """,
        encoding="utf-8",
    )
    return path


def test_a_scenario_is_told_as_a_table() -> None:
    told = raabta("simulate", str(TWO_GROUPS), "--replications", "2")
    assert (told.returncode, told.stderr) == (0, "")
    first, everybody = told.stdout.splitlines()[:2]
    assert first.split("\t")[:2] == ["LINE", "CONTACTS"]
    assert everybody.startswith("everybody\t")
    assert "sellers" in told.stdout


def test_the_same_seed_is_told_the_same_and_another_is_not(quick: Path) -> None:
    one, again, other = (raabta("simulate", str(quick), "--json", "--seed", seed).stdout for seed in ("1", "1", "2"))
    assert one == again != other
    assert json.loads(one)["days"] == 2


def test_a_page_is_written_where_it_is_wanted(quick: Path, tmp_path: Path) -> None:
    page = tmp_path / "day.html"
    assert raabta("simulate", str(quick), "--html", str(page)).returncode == 0
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert "cannot be written" in raabta("simulate", str(quick), "--html", str(tmp_path / "no" / "day.html")).stderr


def test_other_rules_are_held_against_the_scenario_on_the_same_people(quick: Path, tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text('[queues.calls]\ntarget_seconds = 5\n[request_types.call]\nqueue = "calls"\n', encoding="utf-8")
    told = json.loads(raabta("simulate", str(quick), "--rules", str(rules), "--json").stdout)
    assert told["change"]["everybody"]["contacts"]["change"]["mean"] == 0
    assert "unclear" in raabta("simulate", str(quick), "--against", str(quick)).stdout


def test_rules_that_do_not_know_the_people_are_refused(quick: Path, tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text('[queues.letters]\ntarget_seconds = 5\n[request_types.x]\nqueue = "letters"\n', encoding="utf-8")
    told = raabta("simulate", str(quick), "--rules", str(rules))
    assert told.returncode == 2
    assert "does not fit the scenario: arrivals.calls.request_type: there is no request type 'call'" in told.stderr


def test_a_wrong_scenario_is_refused_with_line_place_and_reason(quick: Path) -> None:
    quick.write_text(quick.read_text(encoding="utf-8").replace("per_hour = 60", "per_hour = -60"), encoding="utf-8")
    told = raabta("simulate", str(quick))
    assert (told.returncode, told.stdout) == (2, "")
    assert f"{quick}:9: arrivals.calls.per_hour: must be between 0" in told.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Give either a scenario or --replay"),
        ([str(TWO_GROUPS), "--replay", "2026-03-01", "2026-03-02"], "Give either a scenario or --replay"),
        ([str(TWO_GROUPS), "--draft", "3"], "--draft goes with --replay"),
        ([str(TWO_GROUPS), "--rules", "x.toml", "--against", "y.toml"], "Give one of"),
        ([str(TWO_GROUPS), "--replications", "0"], "--replications is from 1"),
        ([str(TWO_GROUPS), "--seed", "-1"], "--seed is 0 or more"),
        (["nowhere.toml"], "cannot be read"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(arguments: list[str], words: str) -> None:
    told = raabta("simulate", *arguments)
    assert told.returncode == 2
    assert words in told.stderr


async def test_our_own_log_is_played_again_under_the_live_rules(shift: Shift, database: str) -> None:
    await shift.come_to_work("ayesha", "bilal")
    [begun] = await shift.fetch("SELECT wall_clock() AS now")
    for _ in range(3):
        interaction = await shift.arrive("phone", "claim", language="ur")
        await shift.serve(interaction, "ayesha")
        await shift.pass_time(60)
        await shift.do(complete, interaction, outcome="answered")
    [ended] = await shift.fetch("SELECT wall_clock() AS now")
    span = [each["now"].astimezone(UTC).isoformat() for each in (begun, ended)]
    told = await asyncio.to_thread(raabta, "simulate", "--replay", *span, "--json", DATABASE_URL=database)
    assert told.stderr == ""
    found = json.loads(told.stdout)
    assert found["everybody"]["answered"]["mean"] == 3
    assert 0 < found["teams"]["ayesha"]["occupancy"]["mean"] <= 1
    long_ago = [(each["now"] - timedelta(days=99)).isoformat() for each in (begun, ended)]
    nothing = await asyncio.to_thread(raabta, "simulate", "--replay", *long_ago, DATABASE_URL=database)
    assert (nothing.returncode, "Nobody came" in nothing.stderr) == (2, True)
