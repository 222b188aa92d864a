"""Priority is seconds, and the order of representatives is one sort key."""

from __future__ import annotations

import pytest

from routing.errors import RoutingError
from routing.plan import LONGEST_BACK_OFF_SECONDS, Cause, back_off
from routing.rank import COMMON, HEAD_START_SECONDS, Mark, due, head_start, mark, reopened, scarcity


def test_head_starts_add_up_to_the_queues_cap() -> None:
    assert head_start(["elderly", "disability"], cap_seconds=900) == 600
    assert head_start(["elderly", "disability"], cap_seconds=450) == 450


def test_a_reason_given_twice_counts_once() -> None:
    assert head_start(["elderly", "elderly"], cap_seconds=900) == 300


def test_no_reason_is_no_head_start() -> None:
    assert head_start([], cap_seconds=900) == 0


def test_an_unknown_reason_is_refused_by_name() -> None:
    with pytest.raises(RoutingError, match="famous"):
        head_start(["famous", "elderly"], cap_seconds=900)


def test_every_reason_has_the_seconds_that_were_promised() -> None:
    soft = dict.fromkeys(("elderly", "disability", "pregnancy", "small_child"), 300.0)
    assert soft | {"reopened": 600.0, "emergency": 86_400.0} == HEAD_START_SECONDS


def test_a_reopened_case_keeps_what_it_had_waited_and_ten_minutes_more() -> None:
    assert reopened(240) == 840


def test_due_is_arrival_and_target_less_the_head_start() -> None:
    assert due(1_000, 60, 300) == 760


def test_scarcity_falls_as_more_hold_a_thing_and_ends() -> None:
    falling = [scarcity(holders) for holders in range(1, COMMON + 1)]
    assert falling == sorted(falling, reverse=True)
    assert falling[0] == COMMON
    assert falling[-1] == 0
    assert len(set(falling)) == 7


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (mark(1, 3, 4, 9.0, "b"), mark(2, 0, 4, 1.0, "a")),
        (mark(1, 1, 4, 9.0, "b"), mark(1, 1, 2, 1.0, "a")),
        (mark(1, 1, 4, 1.0, "b"), mark(1, 1, 4, 9.0, "a")),
        (mark(1, 1, 4, 1.0, "a"), mark(1, 1, 4, 1.0, "b")),
        (mark(1, 0, 1, 9.0, "b"), mark(1, 0, 0, 1.0, "a")),
    ],
    ids=["least needed elsewhere", "least loaded", "longest idle", "id", "no capacity counts as full"],
)
def test_representatives_are_asked_in_the_order_of_the_design(first: Mark, second: Mark) -> None:
    assert [first, second] == sorted([second, first])


def test_back_off_grows_by_cause_up_to_a_ceiling() -> None:
    assert [back_off("busy", misses) for misses in (1, 2, 3, 4, 5, 1_000_000)] == [5, 10, 20, 40, 60, 60]
    causes: tuple[Cause, ...] = ("declined", "busy", "no_answer", "unreachable")
    assert [back_off(cause, 1) for cause in causes] == [1, 5, 5, 10]
    assert all(back_off(cause, 99) == LONGEST_BACK_OFF_SECONDS for cause in causes)


def test_a_decline_lets_the_next_one_be_asked_almost_at_once() -> None:
    assert back_off("declined", 1) <= 1
