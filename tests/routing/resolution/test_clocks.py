"""Clocks: what each event means to them, and that pausing loses and gains no working time."""

from __future__ import annotations

from dataclasses import replace
from datetime import time
from typing import Final
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.hours import Hours, Span
from routing.lifecycle import CASE, CLOCK, INTERACTION
from routing.resolution.clocks import ENDS_OF, Reading, due_at, heeded, meaning, near_at, spent_at, target
from routing.resolution.working_time import WorkingTime
from routing.rules.resolving import TargetRule

OFFICE: Final = WorkingTime(
    Hours(weekly=dict.fromkeys(range(5), (Span(opens=time(9), closes=time(17)),))), ZoneInfo("Europe/Berlin")
)
ALWAYS: Final = WorkingTime(None, ZoneInfo("Europe/Berlin"))
START: Final = 1_772_000_000.0

moments = st.integers(0, 60 * 86_400).map(lambda seconds: START + seconds)
working = st.sampled_from([OFFICE, ALWAYS])


@pytest.mark.parametrize(
    ("subject", "event", "live", "found"),
    [
        ("case", "opened", False, "begins"),
        ("interaction", "queued", False, "begins"),
        ("interaction", "answered", False, "answers"),
        ("interaction", "accepted", True, "answers"),
        ("interaction", "accepted", False, None),  # a letter that is only taken up is not answered
        ("interaction", "held", False, None),  # it has not left
        ("interaction", "noted", False, None),
        ("interaction", "noted", True, None),
        ("interaction", "queued", True, "begins"),
        ("case", "awaited", False, "awaits"),
        ("case", "noticed", False, None),  # a notice by itself answers nobody
        ("case", "clock_paused", False, None),
        ("case", "reopened", False, "opens_again"),
    ],
)
def test_what_an_event_means(subject: str, event: str, live: bool, found: str | None) -> None:
    assert meaning(subject, event, live=live) == found


def test_a_contact_is_a_letter_where_nothing_else_is_said() -> None:
    assert meaning("interaction", "accepted") is None


def test_every_event_that_is_heeded_is_one_that_happens() -> None:
    assert {*heeded("case"), *ENDS_OF} <= {event for _, event in CASE.table}
    assert set(heeded("interaction")) <= {event for _, event in INTERACTION.table}


def test_nothing_a_clock_tells_of_itself_moves_a_clock() -> None:
    assert not set(heeded("case")) & {event for _, event in CLOCK.table}


def test_each_kind_has_the_target_that_is_named_like_it() -> None:
    rule = TargetRule(first_response_seconds=1, next_response_seconds=2, resolution_seconds=3)
    assert [target(rule, kind) for kind in ("first_response", "next_response", "resolution")] == [1, 2, 3]


@given(working, moments, st.integers(1, 100 * 3_600), st.floats(0.01, 0.99))
def test_the_warning_comes_before_the_end_and_the_end_is_when_all_is_spent(
    hours: WorkingTime, since: float, seconds: int, share: float
) -> None:
    reading = Reading(target_seconds=seconds, spent_seconds=0, since=since)
    due, near = due_at(reading, hours), near_at(reading, share, hours)
    assert near is not None
    assert since <= near <= due
    assert spent_at(reading, due, hours) == seconds


def test_the_warning_counts_what_was_used_up_before() -> None:
    reading = Reading(target_seconds=100, spent_seconds=30, since=START)
    assert near_at(reading, 0.8, ALWAYS) == START + 50


def test_with_all_of_it_there_is_nothing_to_warn_of_before() -> None:
    assert near_at(Reading(target_seconds=60, spent_seconds=0, since=START), 1, ALWAYS) is None


@given(working, moments, st.lists(st.tuples(st.integers(0, 5 * 86_400), st.integers(0, 5 * 86_400)), max_size=6))
def test_pauses_take_out_exactly_their_own_time(hours: WorkingTime, begin: float, steps: list[tuple[int, int]]) -> None:
    reading = Reading(target_seconds=10_000 * 3_600, spent_seconds=0, since=begin)
    instant, counted = begin, 0.0
    for runs, rests in steps:
        counted += hours.between(instant, instant + runs)
        reading = replace(reading, spent_seconds=spent_at(reading, instant + runs, hours))
        instant += runs + rests
        reading = replace(reading, since=instant)
    assert reading.spent_seconds == counted
    assert hours.between(instant, due_at(reading, hours)) == reading.target_seconds - counted


@given(working, moments, st.integers(1, 50 * 3_600), st.integers(0, 50 * 3_600))
def test_a_longer_target_is_never_due_earlier(hours: WorkingTime, since: float, seconds: int, more: int) -> None:
    reading = Reading(target_seconds=seconds, spent_seconds=0, since=since)
    assert due_at(reading, hours) <= due_at(replace(reading, target_seconds=seconds + more), hours)


def test_one_that_has_used_up_more_than_its_new_target_is_due_at_once() -> None:
    assert due_at(Reading(target_seconds=60, spent_seconds=90, since=START), OFFICE) == START
