"""Priority is seconds, and the order of representatives is one sort key."""

from __future__ import annotations

import pytest

from routing.errors import RoutingError
from routing.model import Staff
from routing.plan import EXCLUDED_SECONDS, LONGEST_BACK_OFF_SECONDS, Cause, back_off
from routing.rank import NEEDED, ORDERS, REOPENED_SECONDS, Mark, due, needed, place, reopened, sorting
from routing.rules import STANDING_REASONS


def test_every_reason_is_worth_the_seconds_that_were_promised() -> None:
    soft = dict.fromkeys(("elderly", "disability", "pregnancy", "small_child"), 300.0)
    promised = soft | {"reopened": REOPENED_SECONDS, "emergency": 86_400.0, "discretion": 300.0}
    assert {code: rule.seconds for code, rule in STANDING_REASONS.items()} == promised


def test_a_reopened_case_keeps_what_it_had_waited_and_ten_minutes_more() -> None:
    assert reopened(240) == 840


def test_due_is_arrival_and_target_less_the_head_start() -> None:
    assert due(1_000, 60, 300) == 760


def test_the_fewer_are_free_for_a_thing_the_more_each_of_them_is_needed() -> None:
    falling = [needed(free) for free in range(1, 100)]
    assert falling == sorted(set(falling), reverse=True)
    assert needed(0) == falling[0] == NEEDED


def test_an_unknown_order_is_refused_by_name() -> None:
    with pytest.raises(RoutingError, match="loudest_first"):
        sorting("loudest_first")


BUSY_NEEDLESS, IDLE_NEEDED = (1, 0.75, 9.0, "b"), (2, 0.0, 1.0, "a")
BUSY_FOR_LONG, IDLE_SINCE_NOW = (1, 0.5, 1.0, "b"), (1, 0.25, 9.0, "a")
TWINS = (1, 0.25, 1.0, "a"), (1, 0.25, 1.0, "b")


@pytest.mark.parametrize(
    ("order", "first", "second"),
    [
        ("spare_skills", BUSY_NEEDLESS, IDLE_NEEDED),
        ("spare_skills", IDLE_SINCE_NOW, BUSY_FOR_LONG),
        ("spare_skills", *TWINS),
        ("least_loaded", IDLE_NEEDED, BUSY_NEEDLESS),
        ("least_loaded", IDLE_SINCE_NOW, BUSY_FOR_LONG),
        ("least_loaded", (1, 0.5, 9.0, "b"), (2, 0.5, 1.0, "a")),
        ("least_loaded", *TWINS),
        ("longest_idle", IDLE_NEEDED, BUSY_NEEDLESS),
        ("longest_idle", BUSY_FOR_LONG, IDLE_SINCE_NOW),
        ("longest_idle", *TWINS),
    ],
)
def test_each_order_sorts_by_its_keys_one_after_the_other(order: str, first: Mark, second: Mark) -> None:
    assert sorted([second, first], key=sorting(order).full) == [first, second]


@pytest.mark.parametrize("order", ORDERS)
def test_an_order_sorts_the_members_of_one_group_as_it_sorts_everybody(order: str) -> None:
    places = [(load, idle, name) for load in (0.0, 0.5) for idle in (1.0, 2.0) for name in ("a", "b")]
    among = sorted(places, key=sorting(order).among)  # type: ignore[arg-type]
    assert among == sorted(places, key=lambda each: sorting(order).full((7, *each)))


def test_who_has_no_capacity_counts_as_full() -> None:
    assert place(Staff(id="a", capacity=0, idle_since=5.0), 0) == (1.0, 5.0, "a")


def test_back_off_grows_by_cause_up_to_a_ceiling() -> None:
    assert [back_off("busy", misses) for misses in (1, 2, 3, 4, 5, 1_000_000)] == [5, 10, 20, 40, 60, 60]
    causes: tuple[Cause, ...] = ("declined", "busy", "no_answer", "unreachable")
    assert [back_off(cause, 1) for cause in causes] == [1, 5, 5, 10]
    assert all(back_off(cause, 99) == LONGEST_BACK_OFF_SECONDS for cause in causes)


def test_a_decline_lets_the_next_one_be_asked_almost_at_once() -> None:
    assert back_off("declined", 1) <= 1


def test_a_queues_own_first_rest_is_doubled_up_to_the_same_ceiling() -> None:
    assert [back_off("busy", misses, first_seconds=20.5) for misses in (0, 1, 2, 3)] == [20.5, 20.5, 41, 60]
    assert back_off("busy", 9, first_seconds=0) == 0


def test_a_first_rest_longer_than_the_ceiling_is_the_ceiling_itself() -> None:
    assert [back_off("declined", misses, first_seconds=90) for misses in (1, 2)] == [90, 90]


def test_whoever_declined_may_be_asked_again_two_minutes_after_the_rest() -> None:
    assert EXCLUDED_SECONDS == 120
