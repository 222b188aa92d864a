"""What a contact needs, how that relaxes, and by when it is due, as the rules say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing import entry
from routing.entry import Admission, Contact, Filing, QueueNow, admit, file, firm_needs
from routing.model import Needs, Step
from routing.rules import ExhaustedRule, OverflowRule, QueueRule, RequestRule, Rules, StepRule, read
from tests.routing.documents import DOCUMENT, GONE, changed

RULES = read(DOCUMENT)
ARRIVED = 1_000_000.0
CALLER = Contact(
    id=UUID(int=7), request="claim", channel="phone", live=True, units=1, language="ur", arrived=ARRIVED,
)  # fmt: skip
LETTER = replace(CALLER, channel="email", live=False)
OPEN = QueueNow()


def rules(*changes: tuple[str, Any]) -> Rules:
    return read(changed(*changes))


def answer(wanted: Rules, queue: str, **looks: QueueNow) -> Admission:
    """The answer where the queues look so; those not named are open and empty."""
    return admit(wanted, queue, lambda name: looks.get(name, OPEN))


def after(filing: Filing, seconds: float) -> Needs:
    """The needs that stand so long after the arrival."""
    passed = [step.needs for step in filing.steps if step.deadline <= ARRIVED + seconds]
    return passed[-1] if passed else filing.needs


# --- file: needs -------------------------------------------------------------------------------------------------------


def test_what_is_needed_comes_from_the_request_and_the_channel() -> None:
    found = file(RULES, replace(CALLER, request="claim_new", office="lahore"), queue="claims").needs
    assert found == Needs(
        queue="claims",
        skills=(("claims", 3), ("licence", 1), ("senior", 2)),
        any_of=((("law", 2), ("sales", 1)),),
        language="ur",
        live=True,
        units=0,
        interrupts=True,
        office="lahore",
        order="longest_idle",
    )


def test_live_work_that_interrupts_takes_no_units_and_other_live_work_its_channels() -> None:
    assert file(RULES, CALLER, queue="claims").needs.units == 0
    visit = file(RULES, replace(CALLER, channel="walk_in", units=3), queue="claims").needs
    assert (visit.units, visit.interrupts, visit.beside_live) == (3, False, True)


def test_the_rules_may_say_another_cost_than_the_channel_itself() -> None:
    letter = file(RULES, LETTER, queue="claims").needs
    assert (letter.units, letter.interrupts, letter.beside_live) == (2, False, True)


def test_written_work_is_not_given_to_somebody_on_a_call_where_nothing_is_said() -> None:
    assert not file(RULES, replace(LETTER, channel="chat"), queue="claims").needs.beside_live


def test_written_work_never_interrupts_whatever_its_channel_says() -> None:
    needs = file(RULES, replace(CALLER, live=False), queue="claims").needs
    assert (needs.interrupts, needs.units) == (False, 1)


def test_a_language_is_needed_where_it_is_known_and_the_request_asks_for_it() -> None:
    assert file(RULES, replace(CALLER, language=None), queue="claims").needs.language is None
    assert file(RULES, replace(CALLER, request="question"), queue="desk").needs.language is None


def test_all_who_come_alike_share_one_needs() -> None:
    one, other = (file(RULES, replace(CALLER, id=UUID(int=n), arrived=n), queue="claims") for n in (1, 2))
    assert one.needs is other.needs
    assert one.steps[0].needs is other.steps[0].needs


def test_in_a_part_of_a_split_queue_the_request_asks_for_the_same() -> None:
    assert file(RULES, replace(CALLER, request="order"), queue="orders_b").needs.skills == (("sales", 1),)


def test_who_comes_to_another_queue_needs_what_all_its_requests_share_at_their_lowest() -> None:
    both = rules(
        ("request_types.claim_new.skills", {"claims": 2, "licence": 2, "law": 1}), ("request_types.claim_new.any_of", [{"law": 1}])
    )  # fmt: skip
    stranger = file(both, replace(CALLER, request=None), queue="claims")
    assert stranger.needs.skills == (("claims", 2), ("licence", 1))
    assert stranger.needs.any_of == ()
    assert file(both, replace(CALLER, request="order"), queue="claims").needs == stranger.needs
    assert file(both, replace(CALLER, request="retired"), queue="claims").needs == stranger.needs


def test_a_licence_goes_with_the_customer_into_every_queue() -> None:
    moved = file(RULES, CALLER, queue="desk")
    assert moved.needs.skills == (("licence", 1),)
    widened = rules(
        ("queues.desk.steps", [{"after_seconds": 5, "add_groups": ["helpers"]}]), ("queues.desk.overflow", {"after_seconds": 9, "queue": "orders_a"}),
    )  # fmt: skip
    assert after(file(widened, CALLER, queue="desk"), 5).skills == (("licence", 1),)


def test_a_firm_group_goes_with_the_customer_too() -> None:
    barrister = rules(("request_types.claim_new.firm", ["licence", "law"]))
    moved = file(barrister, replace(CALLER, request="claim_new"), queue="desk").needs
    assert moved.any_of == ((("law", 2), ("sales", 1)),)


# --- file: steps -------------------------------------------------------------------------------------------------------


def test_steps_widen_one_after_the_other_counted_from_the_arrival() -> None:
    found = file(RULES, CALLER, queue="claims")
    assert [step.deadline - ARRIVED for step in found.steps] == [30, 60, 90, 300]
    assert found.steps[0].needs == replace(found.needs, skills=(("claims", 2), ("licence", 1), ("senior", 1)))
    second = replace(found.steps[0].needs, skills=(("claims", 2), ("licence", 1)), also_groups=("helpers",))
    assert found.steps[1].needs == second
    assert found.steps[2].needs == replace(second, language=None, also_queues=("desk",))


def test_at_the_end_everything_goes_but_what_is_firm_and_whoever_was_added() -> None:
    last = file(RULES, replace(CALLER, request="claim_new", office="lahore"), queue="claims").steps[-1].needs
    assert last == Needs(
        queue="claims", skills=(("licence", 1),), live=True, units=0, interrupts=True, office="lahore",
        order="longest_idle", also_queues=("desk",), also_groups=("helpers",),
    )  # fmt: skip


def test_a_step_that_changes_nothing_for_this_one_is_none() -> None:
    silent = file(RULES, replace(CALLER, language=None, request=None), queue="claims")
    steps = [step.needs for step in silent.steps]
    assert len(steps) == len({silent.needs, *steps}) - 1


def test_with_a_dropped_skill_goes_the_group_it_stands_in() -> None:
    """Whoever needs it no more needs none of the others in its place."""
    dropping = rules(("queues.claims.steps.1.drop_skills", ["law"]))
    assert after(file(dropping, replace(CALLER, request="claim_new"), queue="claims"), 60).any_of == ()
    firm = rules(("queues.claims.steps.1.drop_skills", ["law"]), ("request_types.claim_new.firm", ["licence", "sales"]))
    assert after(file(firm, replace(CALLER, request="claim_new"), queue="claims"), 60).any_of == (
        (("law", 1), ("sales", 1)),
    )


firm_sets = st.frozensets(st.sampled_from("abcd"))
step_rules = st.builds(
    StepRule,
    after_seconds=st.floats(0, 100),
    lower_levels_by=st.integers(0, 4),
    drop_skills=st.frozensets(st.sampled_from("abcd")),
    drop_language=st.booleans(),
    add_queues=st.frozensets(st.sampled_from(["q", "r", "s"])),
    add_groups=st.frozensets(st.sampled_from(["g", "h"])),
)
levels = st.dictionaries(st.sampled_from("abcd"), st.integers(1, 5), max_size=4)


@settings(max_examples=200, deadline=None)
@given(levels, st.lists(levels.filter(bool), max_size=2), firm_sets, st.lists(step_rules, max_size=5))
def test_no_step_ever_asks_for_more_or_touches_what_is_firm(
    skills: dict[str, int], groups: list[dict[str, int]], firm: frozenset[str], steps: list[StepRule]
) -> None:
    steps.sort(key=lambda step: step.after_seconds)
    request = RequestRule(queue="q", labels={}, letter="Q", skills=skills, any_of=tuple(groups), firm=firm)
    queue = QueueRule(name="Q", target_seconds=1, offer_timeout_seconds=1, steps=tuple(steps))
    made = Rules(version=1, queues={"q": queue}, requests={"ask": request})
    found = file(made, replace(CALLER, request="ask"), queue="q")
    before = found.needs
    for step in found.steps:
        assert step.needs != before
        assert {skill for skill, _ in step.needs.skills} <= {skill for skill, _ in before.skills}
        assert all(level <= dict(before.skills)[skill] for skill, level in step.needs.skills)
        assert set(before.also_queues) <= set(step.needs.also_queues)
        assert set(before.also_groups) <= set(step.needs.also_groups)
        before = step.needs
    for last in (before, firm_needs(before, firm)):
        assert {skill: level for skill, level in last.skills if skill in firm} == {
            skill: level for skill, level in skills.items() if skill in firm
        }
        assert len([group for group in last.any_of if {skill for skill, _ in group} & firm]) == len(
            {tuple(sorted(group.items())) for group in groups if group.keys() & firm}
        )
    assert list(found.steps) == sorted(found.steps, key=lambda step: step.deadline)


# --- file: times -------------------------------------------------------------------------------------------------------


def test_due_is_the_arrival_and_the_target_less_the_head_start_within_the_queues_cap() -> None:
    assert file(RULES, CALLER, queue="claims").due == ARRIVED + 120
    some = file(RULES, replace(CALLER, head_start_seconds=300), queue="claims")
    assert (some.due, some.head_start_seconds) == (ARRIVED - 180, 300)
    much = file(RULES, replace(CALLER, head_start_seconds=86_400), queue="claims")
    assert (much.due, much.head_start_seconds) == (ARRIVED + 120 - 600, 600)


def test_the_one_who_knows_the_matter_is_waited_for_from_the_moment_of_filing() -> None:
    known = replace(CALLER, preferred="asma")
    assert file(RULES, known, queue="claims").preferred_until == ARRIVED + 60
    assert file(RULES, known, queue="claims", now=ARRIVED + 500).preferred_until == ARRIVED + 560
    assert file(RULES, CALLER, queue="claims").preferred_until == 0


def test_a_queue_that_waits_for_nobody_in_particular_says_zero() -> None:
    at_once = rules(("queues.claims.preferred_seconds", 0))
    assert file(at_once, replace(CALLER, preferred="asma"), queue="claims", now=ARRIVED).preferred_until == 0
    briefly = rules(("queues.claims.preferred_seconds", 1))
    assert file(briefly, replace(CALLER, preferred="asma"), queue="claims", now=ARRIVED).preferred_until == ARRIVED + 1


def test_in_the_next_queue_the_clock_goes_on() -> None:
    moved = file(RULES, CALLER, queue="desk", now=ARRIVED + 600)
    assert moved.due == ARRIVED + 60


def test_the_overflow_after_some_seconds_is_counted_from_the_arrival() -> None:
    found = file(RULES, CALLER, queue="claims")
    assert (found.exhausted_at, found.exhausted, found.overflow_to) == (ARRIVED + 600, "overflow", "desk")
    other = file(RULES, replace(CALLER, request="order"), queue="orders_b")
    assert (other.exhausted_at, other.exhausted, other.overflow_to) == (ARRIVED + 30, "overflow", "orders_a")


@pytest.mark.parametrize("then", ["callback", "supervisor"])
def test_what_is_done_when_no_step_has_helped_is_known_on_entry(then: str) -> None:
    found = file(
        rules(("queues.claims.on_exhausted.then", then), ("queues.claims.overflow", GONE)), CALLER, queue="claims"
    )
    assert (found.exhausted_at, found.exhausted, found.overflow_to) == (ARRIVED + 300, then, None)
    assert len(found.steps) == 3


def test_any_is_the_last_step_and_no_other_end() -> None:
    found = file(rules(("queues.claims.overflow", GONE)), CALLER, queue="claims")
    assert (found.exhausted_at, found.exhausted, found.overflow_to) == (None, None, None)
    assert found.steps[-1] == Step(
        deadline=ARRIVED + 300, needs=firm_needs(found.steps[-2].needs, frozenset({"licence"}))
    )


def test_of_two_overflows_the_earlier_counts() -> None:
    """Checked rules have one only; of unchecked ones nobody is sent away twice."""
    queue = RULES.queues["orders_b"]
    both = replace(queue, overflow=OverflowRule(after_seconds=10, queue="desk"))
    unchecked = replace(RULES, queues={**RULES.queues, "orders_b": both})
    assert file(unchecked, CALLER, queue="orders_b").overflow_to == "desk"


def test_of_an_overflow_and_a_call_back_the_earlier_counts() -> None:
    queue = RULES.queues["orders_b"]
    both = replace(
        queue,
        overflow=OverflowRule(after_seconds=10, queue="desk"),
        on_exhausted=ExhaustedRule(after_seconds=30, then="callback"),
    )
    found = file(replace(RULES, queues={**RULES.queues, "orders_b": both}), CALLER, queue="orders_b")
    assert (found.exhausted_at, found.exhausted, found.overflow_to) == (ARRIVED + 10, "overflow", "desk")


def test_an_end_that_drops_nothing_for_this_one_is_no_step() -> None:
    end = rules(
        ("queues.desk.on_exhausted", {"after_seconds": 30, "then": "any"}), ("request_types.question.speak", True)
    )
    assert len(file(end, replace(CALLER, request="question"), queue="desk").steps) == 1
    assert file(end, replace(CALLER, request="question", language=None), queue="desk").steps == ()


def test_ways_to_wait_are_kept_up_to_a_limit_and_then_worked_out_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry, "MOST_FILED", 3)
    kept = rules()
    found = [file(kept, replace(CALLER, language=f"x{number}"), queue="claims").needs for number in range(3)]
    assert len(kept.filed) == 3
    assert file(kept, replace(CALLER, language="x0"), queue="claims").needs is found[0]
    file(kept, replace(CALLER, language="x3"), queue="claims")
    assert len(kept.filed) == 1
    again = file(kept, replace(CALLER, language="x0"), queue="claims").needs
    assert again == found[0]


def test_a_queue_without_rules_files_by_target_alone() -> None:
    found = file(RULES, replace(CALLER, request="question", channel="walk_in", language=None), queue="desk")
    assert found == Filing(
        queue="desk", needs=Needs(queue="desk", live=True), steps=(), due=ARRIVED + 60, head_start_seconds=0
    )


def test_an_end_that_was_over_before_it_came_here_waits_for_whom_it_is_held_for_and_no_other_end_does() -> None:
    known = replace(CALLER, preferred="asma")
    ends = {
        now: file(RULES, known, queue="claims", now=ARRIVED + now).exhausted_at for now in (0, 599, 600, 5_000)
    }  # it overflows after 600 seconds, and is held for 60
    assert ends == {0: ARRIVED + 600, 599: ARRIVED + 600, 600: ARRIVED + 660, 5_000: ARRIVED + 5_060}
    assert file(RULES, CALLER, queue="claims", now=ARRIVED + 5_000).exhausted_at == ARRIVED + 600
