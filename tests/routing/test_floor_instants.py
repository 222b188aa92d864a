"""What a floor makes of the instants it is told, and that it looks at nothing twice when nothing changed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from routing import floor as the_floor
from routing.floor import Floor
from routing.model import Needs, Plan, Staff, Waiting
from routing.roster import Roster

NOW = 1_760_000_000.0
CALL = Needs(queue="calls", live=True)


def waiting(number: int, needs: Needs = CALL, **more: Any) -> Waiting:
    return Waiting(id=UUID(int=number), needs=needs, due=NOW + number, **more)


def person(name: str, **more: Any) -> Staff:
    return Staff(id=name, capacity=1, queues=frozenset({"calls"}), **more)


def given(plan: Plan) -> list[tuple[int, str]]:
    return [(offer.interaction.int, offer.representative) for offer in plan.offers]


def fail(*_: object, **more: object) -> Any:
    raise AssertionError("looked at what did not change")


def test_who_comes_after_the_clock_stepped_back_finds_the_instant_that_was_reached() -> None:
    floor = Floor()
    floor.plan(NOW + 5)
    floor.plan(NOW)
    floor.place(waiting(1, not_before=NOW + 5))
    floor.staff(person("amy"))
    assert given(floor.plan(NOW)) == [(1, "amy")]


def test_a_plan_cut_short_after_the_clock_stepped_back_asks_for_the_instant_that_was_reached() -> None:
    floor = Floor(now=NOW + 5)
    for name, number in (("amy", 1), ("bob", 2)):
        floor.staff(person(name))
        floor.place(waiting(number))
    assert floor.plan(NOW, limit=1).wake_at == NOW + 5


def test_on_a_floor_begun_at_an_instant_whose_rest_is_over_counts_as_free_at_once() -> None:
    floor = Floor(now=NOW)
    for name in ("amy", "bob"):
        floor.staff(person(name, resting_until=NOW))
    assert floor.scarcity("amy") == 25.0


def test_whose_rest_was_over_by_the_last_plan_counts_as_free_at_once() -> None:
    floor = Floor()
    floor.plan(NOW)
    for name in ("amy", "bob"):
        floor.staff(person(name, resting_until=NOW))
    assert floor.scarcity("amy") == 25.0


def test_a_plan_with_nothing_new_looks_at_nobody_though_some_wait_and_some_are_free(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    floor = Floor()
    floor.staff(person("amy"))
    floor.place(waiting(1, barred=frozenset({"amy"})))
    floor.place(waiting(2, Needs(queue="claims")))
    assert not floor.plan(NOW).offers
    monkeypatch.setattr(the_floor, "decide", fail)
    assert floor.plan(NOW + 1) == Plan(offers=(), wake_at=None)


def test_while_nobody_waits_no_plan_looks_at_those_who_came_or_at_the_lines_of_those_who_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(the_floor, "decide", fail)
    floor = Floor()
    floor.staff(person("amy"))
    assert not floor.plan(NOW).offers
    floor.place(waiting(1))
    floor.remove(UUID(int=1))
    assert not floor.plan(NOW).offers


def test_who_became_free_while_nobody_waited_is_found_by_the_line_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    floor = Floor()
    floor.place(waiting(1))
    floor.remove(UUID(int=1))
    floor.staff(person("amy"))
    monkeypatch.setattr(Roster, "worth_a_look", fail)
    floor.place(waiting(2))
    assert given(floor.plan(NOW)) == [(2, "amy")]


def test_what_waited_for_nobody_in_particular_leaves_no_memory_behind() -> None:
    floor = Floor()
    for number, preferred in ((1, None), (2, "amy")):
        floor.place(waiting(number, preferred=preferred))
        floor.remove(UUID(int=number))
    assert not floor._preferring


def test_who_preferred_somebody_is_remembered_until_the_last_such_one_left() -> None:
    floor = Floor()
    floor.staff(person("amy", units=1, live=1))
    for number in (1, 2):
        floor.place(waiting(number, preferred="amy", preferred_until=NOW + 60))
    floor.remove(UUID(int=1))
    floor.dismiss("amy")
    floor.staff(person("bob"))
    assert given(floor.plan(NOW)) == [(2, "bob")]
    assert not floor._preferring


def test_a_line_kept_for_one_representative_is_gone_with_the_last_of_it() -> None:
    floor = Floor()
    floor.staff(person("amy", units=1, live=1))
    for number in (1, 2):
        floor.place(waiting(number, preferred="amy", preferred_until=NOW + 60))
    assert [pool.size for pool in floor._all_pools()] == [0, 2]
    floor.remove(UUID(int=1))
    assert [(pool.size, pool.lines) for pool in floor._all_pools()] == [(0, 1), (1, 0)]
    floor.remove(UUID(int=2))
    assert [(pool.size, pool.lines) for pool in floor._all_pools()] == [(0, 0)]
