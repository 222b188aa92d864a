"""What the rules of a queue do on the floor, one promise each."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from routing.errors import RoutingError
from routing.floor import Floor
from routing.model import Needs, Plan, Staff, Step, Trace, Waiting
from routing.roster import Roster

NOW = 1_760_000_000.0
CALL = Needs(queue="calls", live=True)
EMAIL = Needs(queue="emails")
FIBER, TAX = ("fiber", 2), ("tax", 1)


def waiting(number: int, needs: Needs = CALL, **more: Any) -> Waiting:
    return replace(Waiting(id=UUID(int=number), needs=needs, due=NOW + number), **more)


def person(name: str, **more: Any) -> Staff:
    return replace(Staff(id=name, capacity=1, queues=frozenset({"calls", "emails"})), **more)


def skilled(name: str, *skills: tuple[str, int], **more: Any) -> Staff:
    return person(name, skills=frozenset(skills), **more)


def floor_of(*rows: Waiting | Staff) -> Floor:
    floor = Floor()
    for row in rows:
        if isinstance(row, Waiting):
            floor.place(row)
        else:
            floor.staff(row)
    return floor


def given(plan: Plan) -> list[tuple[int, str]]:
    return [(offer.interaction.int, offer.representative) for offer in plan.offers]


def asked(*rows: Waiting | Staff, now: float = NOW) -> list[tuple[int, str]]:
    return given(floor_of(*rows).plan(now))


def trace_of(plan: Plan) -> Trace:
    found = plan.offers[0].trace
    assert found is not None
    return found


def test_of_an_any_of_group_one_skill_at_its_level_is_enough() -> None:
    either = replace(CALL, any_of=((FIBER, TAX),))
    assert not asked(waiting(1, either), skilled("amy", ("fiber", 1), ("notary", 5)))
    assert asked(waiting(1, either), skilled("amy", ("fiber", 3))) == [(1, "amy")]
    assert asked(waiting(1, either), skilled("amy", TAX)) == [(1, "amy")]


def test_of_every_any_of_group_one_is_needed_beside_all_of_the_rest() -> None:
    both = replace(CALL, skills=(("notary", 1),), any_of=((FIBER,), (("law", 1), TAX)))
    assert not asked(waiting(1, both), skilled("amy", ("notary", 1), FIBER))
    assert not asked(waiting(1, both), skilled("amy", TAX, FIBER))
    assert asked(waiting(1, both), skilled("amy", ("notary", 1), FIBER, TAX)) == [(1, "amy")]


def test_whoever_serves_an_added_queue_may_take_it_and_it_still_counts_in_its_own() -> None:
    wide = replace(EMAIL, also_queues=("claims",))
    floor = floor_of(waiting(1, wide), person("amy", queues=frozenset({"claims"}), units=1))
    assert floor.waiting() == {"emails": 1}
    floor.staff(person("amy", queues=frozenset({"claims"})))
    assert given(floor.plan(NOW)) == [(1, "amy")]


def test_members_of_an_added_group_may_take_it_whatever_their_queues_but_not_without_the_skill() -> None:
    wide = replace(EMAIL, also_groups=("night",), skills=(FIBER,))
    nowhere, night = frozenset[str](), frozenset({"night"})
    assert not asked(waiting(1, wide), skilled("amy", FIBER, queues=nowhere))
    assert not asked(waiting(1, wide), skilled("amy", TAX, queues=nowhere, groups=night))
    assert asked(waiting(1, wide), skilled("amy", FIBER, queues=nowhere, groups=night)) == [(1, "amy")]


def test_a_step_lets_a_group_in_at_its_deadline() -> None:
    step = Step(deadline=NOW + 30, needs=replace(EMAIL, also_groups=("night",)))
    floor = floor_of(
        waiting(1, EMAIL, steps=(step,)), person("amy", queues=frozenset[str](), groups=frozenset({"night"}))
    )
    assert floor.plan(NOW) == Plan(offers=(), wake_at=NOW + 30)
    assert given(floor.plan(NOW + 30)) == [(1, "amy")]


def test_who_joins_a_group_is_let_in_at_once() -> None:
    floor = floor_of(waiting(1, replace(EMAIL, also_groups=("night",))), person("amy", queues=frozenset[str]()))
    assert not floor.plan(NOW).offers
    floor.staff(person("amy", queues=frozenset[str](), groups=frozenset({"night"})))
    assert given(floor.plan(NOW)) == [(1, "amy")]


def test_the_barred_are_never_asked_whatever_relaxes_and_whatever_lapses() -> None:
    barred = waiting(
        1,
        replace(CALL, skills=(FIBER,)),
        barred=frozenset({"amy"}),
        excluded=frozenset({"amy"}),
        excluded_until=NOW + 5,
        steps=(Step(deadline=NOW + 10, needs=CALL),),
    )
    floor = floor_of(barred, skilled("amy", FIBER))
    assert not floor.plan(NOW).offers
    assert floor.plan(NOW + 1_000_000) == Plan(offers=(), wake_at=None)
    floor.staff(person("bob"))
    assert given(floor.plan(NOW + 1_000_000)) == [(1, "bob")]


@pytest.mark.parametrize("until", [NOW - 1, NOW + 60], ids=["first among the free", "alone"])
def test_one_who_is_barred_is_not_asked_for_being_preferred(until: float) -> None:
    row = waiting(1, preferred="amy", preferred_until=until, barred=frozenset({"amy"}))
    assert asked(row, person("amy"), person("bob")) == [(1, "bob")]


def test_who_declined_is_not_asked_although_somebody_else_is_barred() -> None:
    row = waiting(1, excluded=frozenset({"amy"}), barred=frozenset({"bob"}))
    assert not asked(row, person("amy"), person("bob"))


def test_when_one_passed_over_is_taken_at_last_nobody_behind_them_is_lost() -> None:
    floor = floor_of(waiting(1, barred=frozenset({"amy"})), person("amy"))
    assert not floor.plan(NOW).offers
    floor.staff(person("amy", live=1, units=1))
    floor.place(waiting(2))
    floor.staff(person("bob"))
    assert given(floor.plan(NOW)) == [(1, "bob")]
    floor.staff(person("cyd"))
    assert given(floor.plan(NOW)) == [(2, "cyd")]


def test_one_who_must_not_meet_the_only_free_one_holds_nobody_else_up() -> None:
    assert asked(waiting(1, barred=frozenset({"amy"})), waiting(2), person("amy")) == [(2, "amy")]


def test_those_passed_over_once_are_not_looked_at_again_for_the_same_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [waiting(number, barred=frozenset({"amy"})) for number in range(1, 500)]
    floor = floor_of(*rows, person("amy"))
    floor.plan(NOW)
    looks: list[object] = []
    choose = Roster.choose

    def counted(self: Roster, *args: Any, **more: Any) -> Any:
        looks.append(args)
        return choose(self, *args, **more)

    monkeypatch.setattr(Roster, "choose", counted)
    for second in range(10):
        floor.staff(person("amy", live=1))
        floor.staff(person("amy", idle_since=NOW + second))
        assert not floor.plan(NOW).offers
    assert len(looks) == 10
    floor.staff(person("bob", capacity=2))
    floor.place(waiting(1_000, barred=frozenset({"amy", "bob"})))
    assert given(floor.plan(NOW)) == [(1, "bob")]


class Counting(dict[int, Any]):
    """Counts every look at one who waits."""

    looks = 0

    def get(self, key: int, default: Any = None) -> Any:
        self.looks += 1
        return super().get(key, default)

    def __getitem__(self, key: int) -> Any:
        self.looks += 1
        return super().__getitem__(key)


def test_a_plan_after_one_event_never_touches_all_who_wait() -> None:
    """Five thousand in twenty lines: an arrival, and one becoming free who may serve every line."""
    floor = floor_of(person("amy", live=1, units=1), person("bob", live=1, units=1))
    for number in range(1, 5_001):
        needs = replace(CALL if number % 2 else EMAIL, also_groups=(f"g{number % 20}",))
        barred = frozenset({"bob"}) if number % 3 else frozenset[str]()
        floor.place(waiting(number, needs, barred=barred, steps=(Step(deadline=NOW + 9_999, needs=EMAIL),)))
    floor.plan(NOW, traced=True)
    filed = floor._filed = floor._timers._filed = Counting(floor._filed)
    floor.place(waiting(9_999))
    assert not floor.plan(NOW, traced=True).offers
    floor.staff(person("amy"))
    assert given(floor.plan(NOW, traced=True)) == [(1, "amy")]
    assert 0 < filed.looks < 50


def test_a_call_interrupts_a_full_desk_and_takes_no_units() -> None:
    floor = floor_of(waiting(1, replace(CALL, interrupts=True)), waiting(2, EMAIL), person("amy", capacity=2, units=1))
    assert given(floor.plan(NOW)) == [(1, "amy"), (2, "amy")]
    assert [(each.live, each.units) for each in floor.snapshot().staff] == [(1, 2)]


def test_a_call_never_interrupts_another_call() -> None:
    assert not asked(waiting(1, replace(CALL, interrupts=True)), person("amy", capacity=5, live=1))


def test_a_call_that_may_not_interrupt_waits_for_a_free_unit() -> None:
    assert not asked(waiting(1), person("amy", units=1))


def test_written_work_that_stays_out_of_calls_comes_when_the_call_ends() -> None:
    quiet = replace(EMAIL, beside_live=False)
    floor = floor_of(waiting(1, quiet), person("amy", capacity=3, live=1, units=1))
    assert not floor.plan(NOW).offers
    floor.place(waiting(2, EMAIL))
    assert given(floor.plan(NOW)) == [(2, "amy")]
    floor.staff(person("amy", capacity=3, units=1))
    assert given(floor.plan(NOW)) == [(1, "amy")]


def test_one_at_their_cap_takes_nothing_new_until_the_hour_turns() -> None:
    floor = floor_of(waiting(1), person("amy", resting_until=NOW + 600))
    assert floor.plan(NOW) == Plan(offers=(), wake_at=NOW + 600)
    assert given(floor.plan(NOW + 600)) == [(1, "amy")]


def test_a_rest_that_is_called_off_ends_at_once() -> None:
    floor = floor_of(waiting(1), person("amy", resting_until=NOW + 600))
    assert not floor.plan(NOW).offers
    floor.staff(person("amy"))
    assert floor.plan(NOW).wake_at is None
    assert UUID(int=1) not in floor


def test_nobody_is_held_for_one_who_rests_and_the_hold_stands_again_after() -> None:
    held = waiting(1, preferred="bob", preferred_until=NOW + 60)
    bob = person("bob", units=1, resting_until=NOW + 30)
    assert asked(held, bob, person("amy")) == [(1, "amy")]
    floor = floor_of(held, bob)
    assert floor.plan(NOW).wake_at == NOW + 30
    floor.plan(NOW + 30)
    floor.staff(person("amy"))
    assert floor.plan(NOW + 31) == Plan(offers=(), wake_at=NOW + 60)


@pytest.mark.parametrize(
    ("order", "first"), [("spare_skills", "plain"), ("least_loaded", "light"), ("longest_idle", "idle")]
)
def test_each_queue_asks_the_free_by_its_own_order(order: str, first: str) -> None:
    people = [
        skilled("idle", FIBER, capacity=4, units=3, idle_since=NOW - 900),
        skilled("light", FIBER, capacity=4, units=1, idle_since=NOW - 5),
        skilled("plain", capacity=4, units=2, idle_since=NOW - 9),
    ]
    assert asked(waiting(1, replace(EMAIL, order=order)), *people) == [(1, first)]


def test_an_order_nobody_knows_is_refused() -> None:
    with pytest.raises(RoutingError, match="loudest"):
        Floor().place(waiting(1, replace(CALL, order="loudest")))


def test_who_is_needed_elsewhere_follows_who_is_free_now() -> None:
    """Of two groups of two, the one whose colleague is busy is kept free."""
    people = [skilled("f1", FIBER), skilled("f2", FIBER), skilled("t1", TAX), skilled("t2", TAX)]
    floor = floor_of(*people)
    assert len({floor.scarcity(each.id) for each in people}) == 1
    floor.staff(replace(people[1], units=1))
    assert floor.scarcity("f1") > floor.scarcity("t1")
    floor.place(waiting(1))
    assert given(floor.plan(NOW)) == [(1, "t1")]
    floor.staff(people[1])
    floor.place(waiting(2))
    assert given(floor.plan(NOW))[0][1] in {"f1", "f2"}


def test_a_skill_no_kind_of_work_asks_for_keeps_nobody_free() -> None:
    floor = floor_of(skilled("amy", ("juggling", 5), idle_since=NOW - 900), person("bob", idle_since=NOW))
    assert floor.scarcity("amy") > floor.scarcity("bob")
    floor.expect([Needs(queue="calls"), Needs(queue="calls", skills=(FIBER,))])
    assert floor.scarcity("amy") == floor.scarcity("bob")
    floor.place(waiting(1))
    assert given(floor.plan(NOW)) == [(1, "amy")]


def test_a_rare_language_keeps_its_speaker_free_whatever_the_kinds_of_work() -> None:
    floor = floor_of(person("amy", languages=frozenset({"en", "te"})), person("bob", languages=frozenset({"en"})))
    floor.expect([Needs(queue="calls")])
    floor.place(waiting(1))
    assert given(floor.plan(NOW)) == [(1, "bob")]


def test_a_trace_tells_who_came_next_and_whom_each_rule_left_out() -> None:
    urdu = replace(CALL, language="ur", skills=(FIBER,))
    speaks: dict[str, Any] = {"languages": frozenset({"ur"}), "skills": frozenset({FIBER})}
    row = waiting(
        9,
        Needs(queue="calls", skills=(("notary", 5),)),
        steps=(Step(deadline=NOW - 9, needs=urdu),),
        excluded=frozenset({"eve"}),
        barred=frozenset({"eve", "fay", "nobody"}),
        rules=7,
    )
    floor = floor_of(
        row,
        person("amy", idle_since=5.0, **speaks),
        person("bob", idle_since=4.0, **speaks),
        person("cyd", available=False, **speaks),
        person("dan", live=1, units=1, **speaks),
        person("eve", **speaks),
        person("fay", available=False, **speaks),
        person("gus", capacity=0, **speaks),
        person("hal", resting_until=NOW + 1, **speaks),
        skilled("ivy", FIBER),
        skilled("jon", TAX, queues=frozenset({"claims"})),
    )
    trace = trace_of(floor.plan(NOW, traced=True))
    assert (trace.rules, trace.step) == (7, 1)
    assert (trace.chosen.representative, trace.chosen.idle_since, trace.chosen.load) == ("bob", 4.0, 0.0)
    assert [each.representative for each in trace.runners_up] == ["amy"]
    expected = {"queue": 1, "language": 1, "capacity": 1, "barred": 2, "away": 1, "resting": 1, "busy": 1}
    assert dict(trace.ruled_out) == expected
    assert [reason for reason, _ in trace.ruled_out] == list(expected)


def test_a_trace_tells_at_most_five_others_best_first() -> None:
    people = [person(f"r{number}", idle_since=NOW - 50 + number) for number in range(9)]
    for each in people[::2]:
        people[people.index(each)] = replace(each, skills=frozenset({(each.id, 1)}))
    trace = trace_of(floor_of(waiting(1, replace(CALL, order="longest_idle")), *people).plan(NOW, traced=True))
    assert trace.chosen.representative == "r0"
    assert [each.representative for each in trace.runners_up] == ["r1", "r2", "r3", "r4", "r5"]


def test_the_trace_of_one_held_shows_who_would_have_been_asked_without_the_hold() -> None:
    held = waiting(1, preferred="bob", preferred_until=NOW + 60)
    trace = trace_of(floor_of(held, person("amy"), person("bob")).plan(NOW, traced=True))
    assert (trace.chosen.representative, trace.chosen.preferred) == ("bob", True)
    assert [(each.representative, each.preferred) for each in trace.runners_up] == [("amy", False)]


def test_a_plan_that_was_not_asked_for_traces_carries_none() -> None:
    assert [offer.trace for offer in floor_of(waiting(1), person("amy")).plan(NOW).offers] == [None]


def test_who_asks_by_themselves_is_offered_nothing_and_what_is_held_for_them_nobody_else_gets_until_the_end() -> None:
    letter = Needs(queue="calls", units=0)  # which fits into hands that are full
    held = [
        waiting(1, preferred="cy", preferred_until=NOW + 60),
        waiting(2, letter, preferred="cy", preferred_until=NOW + 60),
    ]
    floor = floor_of(*held, person("amy"), person("cy", pulls=True))
    assert given(floor.plan(NOW)) == []
    plan = floor.plan(NOW + 60, traced=True)
    assert given(plan) == [(1, "amy"), (2, "amy")]
    assert trace_of(plan).ruled_out == ()
    floor = floor_of(*held, person("amy", live=1, units=1), person("cy", pulls=True))
    floor.staff(person("cy"))
    assert given(floor.plan(NOW)) == [(1, "cy"), (2, "cy")]


def test_nobody_is_held_for_a_counter_that_is_away_or_gone() -> None:
    held = waiting(1, preferred="cy", preferred_until=NOW + 60)
    assert asked(held, person("amy"), person("cy", pulls=True, available=False)) == [(1, "amy")]
    assert asked(held, person("amy")) == [(1, "amy")]
