"""`raabta staff` as a person types it."""

from __future__ import annotations

import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from typing import Any
from unittest.mock import patch

import pytest

from app.cli import main

LOAD = ("--arrivals-per-hour", "100", "--handle-seconds", "180", "--within-seconds", "20")


def staff(*arguments: str) -> tuple[int, str, str]:
    """Exit code, output and errors of one call."""
    out, err = io.StringIO(), io.StringIO()
    code = 0
    with patch.object(sys, "argv", ["raabta", "staff", *arguments]), redirect_stdout(out), redirect_stderr(err):
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
    return code, out.getvalue(), err.getvalue()


def figures(*arguments: str) -> dict[str, Any]:
    code, out, err = staff(*arguments, "--json")
    assert (code, err) == (0, "")
    told: dict[str, Any] = json.loads(out)
    return told


def test_a_target_gives_the_fewest_who_reach_it() -> None:
    """100 calls an hour of 180 s are 5 Erlang; 80 % within 20 s take 8 people, by every table of Erlang C."""
    told = figures(*LOAD, "--target", "0.8")
    assert told["representatives"] == 8
    assert told["wait_probability"] == pytest.approx(0.1673, abs=5e-5)
    assert told["mean_wait_seconds"] == pytest.approx(0.16731 * 180 / 3, rel=1e-3)
    assert told["service_level"] == pytest.approx(0.8801, abs=5e-5)
    assert told["occupancy"] == pytest.approx(0.625)
    assert figures(*LOAD, "--representatives", "7")["service_level"] < 0.8


def test_a_number_of_people_gives_what_they_do() -> None:
    assert figures(*LOAD, "--representatives", "8") == figures(*LOAD, "--target", "0.8")


def test_with_patience_fewer_are_enough_and_any_number_has_a_steady_state() -> None:
    told = figures(*LOAD, "--representatives", "4", "--patience-seconds", "120")
    assert 0 < told["service_level"] < 1
    assert told["abandoned"] == pytest.approx(1 - 4 * told["occupancy"] / 5)
    patient = figures(*LOAD, "--target", "0.8")
    assert (
        figures(*LOAD, "--target", "0.8", "--patience-seconds", "60")["representatives"] <= patient["representatives"]
    )


def test_without_json_it_is_a_small_table() -> None:
    code, out, _ = staff(*LOAD, "--target", "0.8")
    assert code == 0
    rows = dict(line.split("\t") for line in out.splitlines())
    assert rows["representatives"] == "8"
    assert rows["service level"] == "88.0%"
    assert rows["mean wait seconds"] == "10.0"


@pytest.mark.parametrize("number", ["4", "5"])
def test_too_few_without_patience_is_said_plainly(number: str) -> None:
    code, out, err = staff(*LOAD, "--representatives", number)
    assert (code, out) == (2, "")
    assert "no steady state" in err
    assert "at least 6" in err


@pytest.mark.parametrize(
    "arguments",
    [
        ("--target", "0"), ("--target", "1"), ("--target", "80"), ("--target", "nan"), ("--representatives", "0"),
        ("--representatives", "-1"), ("--representatives", "20001"), ("--target", "0.8", "--representatives", "8"), (),
        ("--target", "0.8", "--arrivals-per-hour", "0"), ("--target", "0.8", "--arrivals-per-hour", "inf"),
        ("--target", "0.8", "--handle-seconds", "-5"), ("--target", "0.8", "--within-seconds", "-1"),
        ("--target", "0.8", "--patience-seconds", "0"), ("--target", "0.8", "--handle-seconds", "86401"),
        ("--target", "0.8", "--arrivals-per-hour", "1000000", "--handle-seconds", "86400"), ("--target", "many"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_wrong_number_is_one_plain_answer(arguments: tuple[str, ...]) -> None:
    code, out, err = staff(*LOAD, *arguments)
    assert (code, out) == (2, "")
    assert err
    assert "Traceback" not in err


def test_the_largest_house_is_counted_in_moments() -> None:
    told = figures(
        "--arrivals-per-hour", "200000", "--handle-seconds", "300", "--within-seconds", "20", "--target", "0.9",
        "--patience-seconds", "600",
    )  # fmt: skip
    assert 15_000 < told["representatives"] < 17_500
