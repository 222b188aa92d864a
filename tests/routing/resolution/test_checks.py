"""Whether a second person looks, and who may."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.resolution.checks import Matter, Needed, drawn, needed, qualified
from routing.rules.resolving import CheckRule

CASE = UUID("01900000-0000-7000-8000-000000000001")
IDS = st.uuids()


def reason(*rules: CheckRule, before: str = "resolution", forced: str | None = None, **facts: object) -> str | None:
    matter = Matter(case_id=CASE, **facts)  # type: ignore[arg-type]  # as each test says
    found = needed(rules, matter, before=before, forced=forced)  # type: ignore[arg-type]  # one of two words
    return found.reason if found else None


def test_without_a_rule_nobody_looks() -> None:
    assert reason() is None
    assert reason(CheckRule(before="message")) is None
    assert reason(CheckRule(), before="message") is None


def test_a_rule_that_says_nothing_always_holds() -> None:
    assert reason(CheckRule()) == "always"


@pytest.mark.parametrize(("amount", "found"), [(None, None), (99.0, None), (100.0, None), (100.01, "amount")])
def test_an_amount_must_be_over_what_the_rule_says(amount: float | None, found: str | None) -> None:
    assert reason(CheckRule(amount_over=100.0), amount=amount) == found


@pytest.mark.parametrize(
    ("days", "found"), [(None, None), (0.0, "new_representative"), (29.9, "new_representative"), (30.0, None)]
)
def test_who_joined_so_many_days_ago_is_new_no_more(days: float | None, found: str | None) -> None:
    assert reason(CheckRule(new_within_days=30), joined_days=days) == found


def test_all_that_a_rule_says_must_hold() -> None:
    rule = CheckRule(amount_over=10.0, new_within_days=30)
    assert reason(rule, amount=11.0, joined_days=31.0) is None
    assert reason(rule, amount=9.0, joined_days=1.0) is None
    assert reason(rule, amount=11.0, joined_days=1.0) == "amount"


def test_the_first_rule_that_holds_says_who_looks_and_how_soon() -> None:
    rules = (
        CheckRule(amount_over=10.0, skill="claims", level=5, within_seconds=60),
        CheckRule(skill="claims", level=2, within_seconds=90),
    )
    assert needed(rules, Matter(case_id=CASE, amount=11.0), before="resolution") == Needed(
        reason="amount", skill="claims", level=5, within_seconds=60
    )
    assert needed(rules, Matter(case_id=CASE), before="resolution") == Needed(
        reason="always", skill="claims", level=2, within_seconds=90
    )


def test_what_came_back_is_always_looked_at_before_it_is_solved_again() -> None:
    assert reason(reopened=True) == "reopened"
    assert reason(CheckRule(amount_over=10.0), reopened=True) == "reopened"
    assert reason(before="message", reopened=True) is None
    rule = CheckRule(amount_over=10.0, skill="claims", level=4)
    found = needed((rule,), Matter(case_id=CASE, reopened=True), before="resolution")
    assert (found and found.skill, found and found.level) == ("claims", 4)


def test_what_came_back_is_looked_at_by_those_of_the_first_rule_that_holds_not_of_the_first_there_is() -> None:
    rules = (CheckRule(amount_over=10.0, skill="claims", level=4), CheckRule(skill="law", level=2))
    for forced in (None, "complaint"):
        found = needed(rules, Matter(case_id=CASE, amount=9.0, reopened=True), before="resolution", forced=forced)
        assert (found and found.skill, found and found.level) == ("law", 2)


def test_what_is_forced_is_looked_at_whatever_the_rules_say() -> None:
    assert reason(forced="complaint") == "complaint"
    assert reason(before="message", forced="complaint") == "complaint"


@given(IDS, st.floats(0, 1), st.floats(0, 1))
def test_whoever_is_among_a_share_is_among_every_larger_one(case: UUID, one: float, other: float) -> None:
    small, large = sorted((one, other))
    assert not drawn(case, small) or drawn(case, large)
    assert drawn(case, 1.0)
    assert not drawn(case, 0.0)


def test_a_share_is_a_share_of_the_cases() -> None:
    cases = [UUID(int=number << 64 | 7 << 12) for number in range(10_000)]
    assert abs(sum(drawn(case, 0.2) for case in cases) / len(cases) - 0.2) < 0.02
    assert [drawn(case, 0.2) for case in cases] == [drawn(case, 0.2) for case in cases]


def test_a_rule_with_a_share_tells_that_chance_chose() -> None:
    chosen = next(UUID(int=number) for number in range(1000) if drawn(UUID(int=number), 0.2))
    spared = next(UUID(int=number) for number in range(1000) if not drawn(UUID(int=number), 0.2))
    rule = CheckRule(share=0.2)
    found = needed((rule,), Matter(case_id=chosen), before="resolution")
    assert found is not None
    assert found.reason == "share"
    assert needed((rule,), Matter(case_id=spared), before="resolution") is None


@pytest.mark.parametrize(
    ("skill", "level", "queue", "may"),
    [
        ("claims", 3, "claims", True),
        ("claims", 4, "claims", False),
        ("law", 1, "claims", False),
        (None, 1, "claims", True),
        (None, 1, "desk", False),
        (None, 1, None, False),
        ("claims", 3, None, True),
    ],
)
def test_who_looks_holds_the_skill_or_else_serves_the_queue(
    skill: str | None, level: int, queue: str | None, may: bool
) -> None:
    found = qualified(skills={"claims": 3}, queues=["claims"], skill=skill, level=level, queue=queue)
    assert found is may
