"""Why somebody does or does not get something, asked of the rows alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from routing.explain import NAMED_AT_MOST, REASONS, could_ever, held_for, rule_out, stands
from routing.model import Needs, Staff, Step, Waiting

NOW = 1_000.0
CALL = Needs(queue="calls", skills=(("fiber", 2),), language="ur", office="north", live=True)
ANY = Needs(queue="calls", live=True)
CALLER = Waiting(id=UUID(int=1), needs=CALL, due=NOW - 30, rules=3)
AMY = Staff(
    id="amy",
    capacity=1,
    skills=frozenset({("fiber", 2)}),
    languages=frozenset({"ur"}),
    queues=frozenset({"calls"}),
    office="north",
)
LACKING: dict[str, dict[str, Any]] = {
    "queue": {"queues": frozenset({"claims"})},
    "language": {"languages": frozenset({"en"})},
    "office": {"office": None},
    "skills": {"skills": frozenset({("fiber", 1)})},
    "capacity": {"capacity": 0},
    "away": {"available": False},
    "resting": {"resting_until": NOW + 1},
    "busy": {"live": 1, "units": 1},
}
PERSONAL: dict[str, dict[str, Any]] = {
    "barred": {"barred": frozenset({"amy"})},
    "declined": {"excluded": frozenset({"amy"}), "excluded_until": NOW + 1},
}


def test_who_could_take_it_now_is_ruled_out_by_nothing() -> None:
    assert rule_out(AMY, CALLER, now=NOW) is None


@pytest.mark.parametrize("reason", REASONS)
def test_each_reason_rules_out_by_itself(reason: str) -> None:
    staff, waiting = replace(AMY, **LACKING.get(reason, {})), replace(CALLER, **PERSONAL.get(reason, {}))
    assert rule_out(staff, waiting, now=NOW) == reason


def test_the_first_reason_that_rules_out_is_told() -> None:
    staff, waiting = AMY, CALLER
    for reason in reversed(REASONS):
        staff = replace(staff, **LACKING.get(reason, {}))
        waiting = replace(waiting, **PERSONAL.get(reason, {}))
        assert rule_out(staff, waiting, now=NOW) == reason


def test_what_was_declined_and_what_rests_is_so_until_its_instant_only() -> None:
    declined = replace(CALLER, **PERSONAL["declined"])
    assert rule_out(AMY, declined, now=NOW + 1) is None
    assert rule_out(replace(AMY, resting_until=NOW), CALLER, now=NOW) is None


def test_the_needs_that_stand_are_the_ones_asked() -> None:
    stepping = replace(CALLER, steps=(Step(deadline=NOW, needs=ANY),))
    nobody_special = Staff(id="bob", capacity=1, queues=frozenset({"calls"}))
    assert rule_out(nobody_special, stepping, now=NOW - 1) == "language"
    assert rule_out(nobody_special, stepping, now=NOW) is None


def test_busy_or_away_today_could_still_ever_take_it() -> None:
    assert could_ever(replace(AMY, live=1, units=1, available=False), CALL)
    assert not could_ever(replace(AMY, languages=frozenset()), CALL)
    assert not could_ever(replace(AMY, capacity=0), CALL)


def test_a_standing_answer_names_whom_each_reason_rules_out() -> None:
    away = [replace(AMY, id=f"r{number:02}", available=False) for number in range(30)]
    found = stands(CALLER, [replace(AMY, units=1, live=1), *away, replace(AMY, id="zed", office="south")], now=NOW)
    assert [(each.reason, each.count) for each in found.ruled_out] == [("office", 1), ("away", 30), ("busy", 1)]
    assert found.ruled_out[1].representatives == tuple(f"r{number:02}" for number in range(NAMED_AT_MOST))
    assert NAMED_AT_MOST == 20
    assert found.changes == ("free", "back")
    assert (found.overdue_seconds, found.step, found.able) == (30, 0, ())


def test_a_standing_answer_tells_the_next_step_and_what_it_asks() -> None:
    stepping = replace(CALLER, steps=(Step(deadline=NOW + 60, needs=ANY),))
    found = stands(stepping, [replace(AMY, office="south")], now=NOW)
    assert (found.needs, found.next_step_at, found.next_needs) == (CALL, NOW + 60, ANY)
    assert found.changes == ("next_step",)
    after = stands(stepping, [], now=NOW + 60)
    assert (after.needs, after.step, after.next_step_at) == (ANY, 1, None)


def test_a_rest_after_a_missed_offer_is_all_there_is_to_wait_for() -> None:
    found = stands(replace(CALLER, not_before=NOW + 5), [AMY], now=NOW)
    assert (found.rests_until, found.able, found.changes) == (NOW + 5, ("amy",), ("back_off",))


def test_one_held_for_a_busy_representative_waits_for_them_or_for_the_end_of_the_hold() -> None:
    held = replace(CALLER, preferred="amy", preferred_until=NOW + 60)
    busy = replace(AMY, live=1, units=1)
    found = stands(held, [busy, replace(AMY, id="bob")], now=NOW)
    assert (found.held_for, found.held_until, found.changes) == ("amy", NOW + 60, ("preferred_free", "hold"))
    assert stands(held, [AMY], now=NOW).changes == ("time",)


@pytest.mark.parametrize("reason", [*LACKING, *PERSONAL])
def test_nobody_is_held_for_one_who_is_ruled_out_by_more_than_being_busy(reason: str) -> None:
    held = replace(CALLER, preferred="amy", preferred_until=NOW + 60, **PERSONAL.get(reason, {}))
    staff = replace(AMY, **LACKING.get(reason, {}))
    assert held_for(held, [staff], now=NOW) == ("amy" if reason == "busy" else None)
    assert held_for(held, [AMY], now=NOW + 60) is None


def test_it_is_held_for_the_one_who_is_preferred_and_for_nobody_else_here() -> None:
    held = replace(CALLER, preferred="bob", preferred_until=NOW + 60)
    assert held_for(held, [AMY, replace(AMY, id="bob")], now=NOW) == "bob"
    assert held_for(held, [AMY], now=NOW) is None
    not_held = stands(held, [AMY], now=NOW)
    assert (not_held.held_for, not_held.held_until) == (None, None)


def test_when_nobody_here_could_ever_take_it_only_other_rules_or_other_people_help() -> None:
    assert stands(CALLER, [replace(AMY, office="south")], now=NOW).changes == ("sign_on", "rules")
    assert stands(CALLER, [], now=NOW).changes == ("sign_on",)


def test_the_end_of_an_exclusion_is_told_if_it_ever_ends() -> None:
    declined = replace(CALLER, **PERSONAL["declined"])
    assert stands(declined, [AMY], now=NOW).excluded_until == NOW + 1
    assert stands(declined, [AMY], now=NOW).changes == ("exclusion",)
    for_ever = stands(replace(CALLER, excluded=frozenset({"amy"})), [AMY], now=NOW)
    assert (for_ever.excluded_until, for_ever.changes) == (None, ("sign_on", "rules"))


def test_at_the_very_instant_a_rest_or_an_exclusion_ends_it_is_over() -> None:
    over = replace(CALLER, not_before=NOW, excluded=frozenset({"amy"}), excluded_until=NOW)
    found = stands(over, [AMY], now=NOW)
    assert (found.rests_until, found.excluded_until, found.able, found.changes) == (None, None, ("amy",), ("time",))


def test_where_nobody_declined_no_end_of_an_exclusion_is_told() -> None:
    found = stands(replace(CALLER, excluded_until=NOW + 60), [replace(AMY, office="south")], now=NOW)
    assert (found.excluded_until, found.changes) == (None, ("sign_on", "rules"))


def test_who_asks_for_the_next_one_by_themselves_is_told_of_and_never_as_nobody_being_there() -> None:
    counters = [replace(AMY, id="cy"), replace(AMY, id="bo"), replace(AMY, id="di", live=1, units=1)]
    found = stands(CALLER, [replace(AMY, available=False)], now=NOW, pulling=counters)
    assert (found.able, found.pulling, found.changes) == ((), ("bo", "cy"), ("pull", "free", "back"))
    assert [(each.reason, each.representatives) for each in found.ruled_out] == [("away", ("amy",)), ("busy", ("di",))]
    assert stands(CALLER, [AMY], now=NOW, pulling=counters).changes == ("time",)


def test_one_held_for_somebody_who_asks_by_themselves_waits_for_them_to_ask() -> None:
    held = replace(CALLER, preferred="cy", preferred_until=NOW + 60)
    counter = replace(AMY, id="cy", pulls=True)
    found = stands(held, [AMY], now=NOW, pulling=[counter])
    assert (found.held_for, found.changes) == ("cy", ("pull", "hold"))
    busy = stands(held, [AMY], now=NOW, pulling=[replace(counter, live=1, units=1)])
    assert (busy.held_for, busy.changes) == ("cy", ("preferred_free", "hold"))
