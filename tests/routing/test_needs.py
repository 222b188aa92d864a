"""Who meets which needs, which needs stand, and what fits beside a load."""

from __future__ import annotations

from dataclasses import replace

import pytest

from routing.capacity import could_ever_fit, fits, room, units_of
from routing.model import Needs, Staff, Step
from routing.needs import meets, standing

NEEDS = Needs(queue="claims", skills=(("fiber", 3), ("tax", 2)), language="ur", office="north")
ABLE = Staff(
    id="amy",
    capacity=2,
    skills=frozenset({("fiber", 3), ("tax", 5), ("notary", 1)}),
    languages=frozenset({"ur", "en"}),
    queues=frozenset({"claims", "orders"}),
    office="north",
)


def test_who_has_all_of_it_meets_the_needs() -> None:
    assert meets(ABLE, NEEDS)


@pytest.mark.parametrize(
    "lacking",
    [
        replace(ABLE, skills=frozenset({("fiber", 2), ("tax", 5)})),
        replace(ABLE, skills=frozenset({("fiber", 5)})),
        replace(ABLE, languages=frozenset({"en"})),
        replace(ABLE, queues=frozenset({"orders"})),
        replace(ABLE, office="south"),
        replace(ABLE, office=None),
    ],
    ids=["level", "skill", "language", "queue", "office", "nowhere"],
)
def test_who_lacks_one_thing_does_not(lacking: Staff) -> None:
    assert not meets(lacking, NEEDS)


def test_no_wish_for_language_or_office_is_met_by_everybody_in_the_queue() -> None:
    assert meets(replace(ABLE, languages=frozenset(), office=None, skills=frozenset()), Needs(queue="claims"))


def test_what_may_be_served_anywhere_may_be_served_in_any_office() -> None:
    assert meets(replace(ABLE, office="south"), Needs(queue="claims"))


@pytest.mark.parametrize(
    ("live", "units", "cost", "fitting"),
    [
        (0, 0, Needs(queue="q", live=True), True),
        (1, 0, Needs(queue="q", live=True), False),
        (1, 1, Needs(queue="q"), True),
        (0, 2, Needs(queue="q"), False),
        (0, 1, Needs(queue="q", units=2), False),
        (0, 2, Needs(queue="q", live=True, units=0), True),
        (1, 2, Needs(queue="q", live=True, units=0), False),
        (0, 5, Needs(queue="q", units=0), True),
    ],
)
def test_one_live_contact_and_never_more_units_than_the_capacity(
    live: int, units: int, cost: Needs, fitting: bool
) -> None:
    assert fits(replace(ABLE, live=live, units=units), cost) is fitting


def test_work_bigger_than_the_capacity_could_never_fit() -> None:
    assert could_ever_fit(2, Needs(queue="q", units=2))
    assert not could_ever_fit(1, Needs(queue="q", units=2))


def test_only_live_work_that_interrupts_takes_no_units() -> None:
    assert units_of(Needs(queue="q", units=2, live=True, interrupts=True)) == 0
    assert units_of(Needs(queue="q", units=2, live=True)) == 2
    assert units_of(Needs(queue="q", units=2, interrupts=True)) == 2


def test_who_is_with_somebody_has_room_for_nothing_more() -> None:
    assert room(0, 1, 3) == 2
    assert room(1, 0, 3) == 0


def test_who_holds_more_than_a_lowered_capacity_has_no_room_and_not_less_than_none() -> None:
    assert room(0, 5, 3) == 0


def test_a_step_stands_from_its_deadline_on() -> None:
    later, last = Needs(queue="later"), Needs(queue="last")
    both = (Step(deadline=10, needs=later), Step(deadline=20, needs=last))
    assert standing(NEEDS, both, 9.9) == (NEEDS, 10)
    assert standing(NEEDS, both, 10) == (later, 20)
    assert standing(NEEDS, both, 20) == (last, None)
    assert standing(NEEDS, (), 20) == (NEEDS, None)
