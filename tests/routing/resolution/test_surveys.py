"""What an answer to "is it solved?" does, whatever came before it and whenever it comes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.lifecycle import CASE_STATES, SURVEY
from routing.resolution.surveys import (
    ANSWERS,
    MARKS,
    MONTH_DAYS,
    NOTHING,
    Effect,
    Said,
    Standing,
    effect,
    is_bad,
    may_ask,
)

ASKED = Standing(state="asked", case_state="resolved", said=Said(), latest=True, in_time=True, reopenable=False)
CONFIRMED = replace(ASKED, state="answered", case_state="closed", said=Said(solved="yes"), reopenable=True)
REOPENED = replace(ASKED, state="answered", case_state="open", said=Said(solved="no"))
LAPSED = replace(ASKED, state="lapsed", case_state="closed", in_time=False, reopenable=True)

said = st.builds(
    Said,
    solved=st.one_of(st.none(), st.sampled_from(ANSWERS)),
    mark=st.one_of(st.none(), st.integers(1, 5)),
    words=st.one_of(st.none(), st.sampled_from(["kind", "rude"])),
)
standing = st.builds(
    Standing,
    state=st.sampled_from(SURVEY.states),
    case_state=st.sampled_from(CASE_STATES),
    said=said,
    latest=st.booleans(),
    in_time=st.booleans(),
    reopenable=st.booleans(),
)


def after(now: Standing, answer: Said) -> Standing:
    """How survey and case stand after an answer, as the service writes it."""
    found = effect(now, answer)
    if found is None:
        return now
    if found.records:
        now = replace(now, said=answer.upon(now.said), state="answered" if answer.solved is not None else now.state)
    if found.case == "confirm":
        return replace(now, case_state="closed", reopenable=True)
    return replace(now, case_state="open", reopenable=False) if found.case == "reopen" else now


def all_of(answers: Sequence[Said]) -> Standing:
    now = ASKED
    for answer in answers:
        now = after(now, answer)
    return now


@pytest.mark.parametrize(("solved", "case"), [("yes", "confirm"), ("no", "reopen"), ("partly", "reopen")])
def test_the_first_answer_closes_or_opens(solved: str, case: str) -> None:
    found = effect(ASKED, Said(solved=solved))  # type: ignore[arg-type]
    assert found == Effect(records=True, case=case)  # type: ignore[arg-type]


def test_a_mark_alone_is_kept_and_leaves_the_other_question_open() -> None:
    assert effect(ASKED, Said(mark=4)) == Effect(records=True)
    marked = after(ASKED, Said(mark=4))
    assert (marked.state, marked.case_state) == ("asked", "resolved")
    assert effect(marked, Said(solved="yes")) == Effect(records=True, case="confirm")


def test_a_yes_after_a_no_is_kept_and_closes_nothing() -> None:
    assert effect(REOPENED, Said(solved="yes")) == Effect(records=True)


def test_a_no_after_a_yes_opens_it_again() -> None:
    assert effect(CONFIRMED, Said(solved="no")) == Effect(records=True, case="reopen")


def test_a_no_after_the_window_opens_it_again_and_the_silence_stays_on_record() -> None:
    assert effect(LAPSED, Said(solved="no")) == Effect(case="reopen")
    assert effect(LAPSED, Said(solved="partly")) == Effect(case="reopen")


def test_a_yes_or_a_mark_after_the_window_is_too_late() -> None:
    assert effect(LAPSED, Said(solved="yes")) is None
    assert effect(LAPSED, Said(mark=1)) is None
    assert effect(replace(CONFIRMED, in_time=False), Said(solved="yes", mark=1)) is None


def test_what_has_lapsed_takes_no_yes_any_more_whatever_the_window_says() -> None:
    assert effect(replace(LAPSED, in_time=True), Said(solved="yes", mark=5)) is None
    assert effect(replace(LAPSED, in_time=True), Said(solved="no")) == Effect(case="reopen")


def test_marks_go_from_one_to_five_and_a_month_of_surveys_has_thirty_days() -> None:
    assert (MARKS, MONTH_DAYS) == ((1, 5), 30)


def test_nothing_opens_it_again_after_the_time_for_that_is_over() -> None:
    assert effect(replace(LAPSED, reopenable=False), Said(solved="no")) is None


def test_the_window_counts_and_not_when_its_end_is_noticed() -> None:
    late = replace(ASKED, in_time=False)
    assert effect(late, Said(solved="yes")) is None
    assert effect(late, Said(solved="no")) == Effect(case="reopen")


def test_a_case_the_customer_opened_themselves_is_not_asked_about_any_more() -> None:
    assert effect(replace(ASKED, case_state="open"), Said(solved="yes")) is None


@given(standing, said)
def test_what_asks_about_an_earlier_resolution_or_was_dropped_does_nothing(now: Standing, answer: Said) -> None:
    assert effect(replace(now, latest=False), answer) is None
    assert effect(replace(now, state="dropped"), answer) is None


@given(standing, said)
def test_the_same_answer_twice_changes_nothing_more(now: Standing, answer: Said) -> None:
    once = after(now, answer)
    assert after(once, answer) == once
    if effect(now, answer) not in (None, Effect(case="reopen")):
        assert effect(once, answer) == NOTHING


@given(standing, said)
def test_nothing_is_written_down_after_the_window(now: Standing, answer: Said) -> None:
    found = effect(replace(now, in_time=False), answer)
    assert found is None or not found.records


@given(standing, said)
def test_only_a_yes_closes_and_only_a_no_or_a_partly_opens(now: Standing, answer: Said) -> None:
    found = effect(now, answer)
    if found is not None and found.case == "confirm":
        assert (answer.solved, now.case_state) == ("yes", "resolved")
    if found is not None and found.case == "reopen":
        assert answer.solved in ("no", "partly")
        assert now.case_state in ("resolved", "closed")


@given(st.lists(said, max_size=6))
def test_in_whatever_order_they_come_a_no_leaves_the_case_open(answers: list[Said]) -> None:
    now, solved = all_of(answers), {answer.solved for answer in answers} - {None}
    if solved & {"no", "partly"}:
        assert now.case_state == "open"
    else:
        assert now.case_state == ("closed" if solved else "resolved")


@given(st.lists(said, min_size=1, max_size=6))
def test_what_was_said_last_stands(answers: list[Said]) -> None:
    now = all_of(answers).said
    for name in ("solved", "mark", "words"):
        told = [value for answer in answers if (value := getattr(answer, name)) is not None]
        assert getattr(now, name) == (told[-1] if told else None)


@pytest.mark.parametrize(
    ("answer", "bad"),
    [
        (Said(solved="no", mark=5), True),
        (Said(solved="yes", mark=2), True),
        (Said(solved="yes", mark=3), False),
        (Said(solved="partly"), False),
        (Said(mark=1), True),
        (Said(words="rude"), False),
    ],
)
def test_not_solved_and_a_low_mark_call_for_a_rescue(answer: Said, bad: bool) -> None:
    assert is_bad(answer, rescue_at_most=2) is bad


def test_a_customer_is_asked_as_often_as_the_rules_allow() -> None:
    assert [may_ask(lately=lately, at_most=2) for lately in range(4)] == [True, True, False, False]
    assert not may_ask(lately=0, at_most=0)
