"""What is a touch, and why the customer had to turn to us again."""

from __future__ import annotations

from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.resolution.touches import CAUSES, Since, cause_of, kind_of, level
from routing.rules.resolving import CauseRule

WORDS: Final = (
    CauseRule(cause="bill", words=("bill", "بل")),
    CauseRule(cause="delivery", words=("where is my", "bill")),
)


@pytest.mark.parametrize(
    ("event", "version", "data", "automatic", "kind"),
    [
        ("queued", 1, {}, False, "contact"),
        ("arrived", 1, {}, False, "contact"),
        ("scheduled", 1, {}, False, "contact"),
        ("queued", 2, {}, False, None),  # the same call, out of the menu
        ("returned", 5, {}, False, None),
        ("returned", 1, {}, False, None),
        ("wrote", 4, {"message": "m"}, False, "message"),
        ("wrote", 4, {"message": "m"}, True, None),
        ("arrived", 1, {}, True, None),
        ("queued", 1, {"consults": "i"}, False, None),
        ("answered", 6, {"message": "m"}, False, None),
        ("answered", 6, {"message": "m", "asks": "missing_document"}, False, "asked"),
        ("noted", 6, {"message": "m"}, False, None),
    ],
)
def test_what_counts(event: str, version: int, data: dict[str, Any], automatic: bool, kind: str | None) -> None:
    assert kind_of(event, version, data, automatic=automatic) == kind


def test_a_broken_promise_comes_before_all_else() -> None:
    all_at_once = Since(promises_broken=1, handed_over=3, reopened=True, asked="missing_document")
    assert cause_of(all_at_once, "my bill", WORDS) == "promise_broken"


def test_one_hand_over_may_be_right_and_two_are_not() -> None:
    assert cause_of(Since(handed_over=1), "", ()) == "repeat"
    assert cause_of(Since(handed_over=2, reopened=True), "", ()) == "wrong_hand_over"


def test_what_was_called_solved_and_is_not() -> None:
    assert cause_of(Since(reopened=True, asked="missing_document"), "my bill", WORDS) == "not_solved"


def test_they_come_with_what_we_asked_them_for() -> None:
    assert cause_of(Since(asked="missing_document"), "my bill", WORDS) == "missing_document"


@pytest.mark.parametrize("words", ["About my BILL", "میرا بل", "where is  my\nbill"])
def test_the_first_rule_one_of_whose_words_they_write_says_the_cause(words: str) -> None:
    assert cause_of(Since(answered=True), words, WORDS) == "bill"


def test_words_are_found_across_lines() -> None:
    assert cause_of(Since(), "Where is\n  my parcel", WORDS) == "delivery"


def test_who_was_answered_asks_how_it_stands_and_who_was_not_says_it_again() -> None:
    assert cause_of(Since(answered=True), "hello", WORDS) == "status"
    assert cause_of(Since(), "", WORDS) == "repeat"


@given(st.builds(Since, promises_broken=st.integers(0, 2), handed_over=st.integers(0, 3), reopened=st.booleans(),
                 asked=st.sampled_from([None, "missing_document"]), answered=st.booleans()), st.text())  # fmt: skip
def test_every_touch_has_a_cause_that_is_known(since: Since, words: str) -> None:
    assert cause_of(since, words, WORDS) in {*CAUSES, "missing_document", "bill", "delivery"}


@pytest.mark.parametrize(("count", "found"), [(0, 0), (3, 0), (4, 1), (7, 1), (8, 2), (20, 2)])
def test_at_the_budget_the_owner_is_told_and_at_twice_the_budget_the_supervisors_own_it(count: int, found: int) -> None:
    assert level(count, 4) == found
