"""What the floor promises, one sentence each."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from routing.floor import Floor
from routing.model import Instant, Needs, Offer, Plan, Staff, Step, Waiting
from routing.plan import back_off
from routing.rank import due
from routing.rules import STANDING_REASONS

NOW = 1_760_000_000.0
CALL = Needs(queue="calls", live=True)
EMAIL = Needs(queue="emails")
VISIT = Needs(queue="visits", live=True, office="north")


def waiting(number: int, needs: Needs = CALL, *, due: Instant = NOW, **more: Any) -> Waiting:
    return replace(Waiting(id=UUID(int=number), needs=needs, due=due), **more)


def person(name: str, **more: Any) -> Staff:
    return replace(Staff(id=name, capacity=1, queues=frozenset({"calls", "emails", "visits"})), **more)


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


def test_an_empty_floor_plans_nothing_and_never_wakes() -> None:
    assert Floor().plan(NOW) == Plan(offers=(), wake_at=None)


def test_one_who_waits_is_offered_to_one_who_is_free() -> None:
    plan = floor_of(waiting(1), person("amy")).plan(NOW)
    assert plan.offers == (Offer(interaction=UUID(int=1), representative="amy"),)


def test_a_caller_goes_before_an_older_email() -> None:
    email = waiting(1, EMAIL, due=due(NOW - 600, 86_400, 0))
    call = waiting(2, CALL, due=due(NOW, 20, 0))
    assert given(floor_of(email, call, person("amy")).plan(NOW)) == [(2, "amy")]


def test_an_email_that_waited_its_time_goes_before_a_new_caller() -> None:
    email = waiting(1, EMAIL, due=due(NOW - 86_400, 86_400, 0))
    call = waiting(2, CALL, due=due(NOW, 20, 0))
    assert given(floor_of(email, call, person("amy")).plan(NOW)) == [(1, "amy")]


def test_nobody_starves_however_many_urgent_ones_keep_coming() -> None:
    """An email is passed only by calls that arrive within its target: 100 a minute apart, and then it is its turn."""
    floor = floor_of(waiting(1, EMAIL, due=due(NOW, 6_000, 0)))
    served_at = None
    for minute in range(200):
        now = NOW + 60 * minute
        floor.place(waiting(minute + 2, due=due(now, 0, 0)))
        floor.staff(person("amy"))
        if (1, "amy") in given(floor.plan(now)):
            served_at = minute
            break
    assert served_at == 100


def test_the_elderly_go_before_those_who_came_up_to_five_minutes_earlier() -> None:
    start = STANDING_REASONS["elderly"].seconds
    earlier, later = waiting(1, due=due(NOW - 301, 60, 0)), waiting(2, due=due(NOW - 299, 60, 0))
    elderly = waiting(3, due=due(NOW, 60, start))
    people = [person(name) for name in ("amy", "bob", "cyd")]
    assert [number for number, _ in given(floor_of(earlier, later, elderly, *people).plan(NOW))] == [1, 3, 2]


def test_equal_due_times_go_by_id_whatever_came_first() -> None:
    for rows in ([waiting(1), waiting(2)], [waiting(2), waiting(1)]):
        assert given(floor_of(*rows, person("amy")).plan(NOW)) == [(1, "amy")]


def test_a_busy_representative_is_offered_nothing() -> None:
    assert not floor_of(waiting(1), person("amy", units=1, live=1)).plan(NOW).offers


def test_a_representative_who_is_away_is_offered_nothing() -> None:
    assert not floor_of(waiting(1), person("amy", available=False)).plan(NOW).offers


def test_coming_back_drains_the_backlog_in_due_order() -> None:
    floor = floor_of(*(waiting(number, EMAIL, due=NOW - number) for number in range(1, 6)))
    floor.staff(person("amy", capacity=3, available=False))
    assert not floor.plan(NOW).offers
    floor.staff(person("amy", capacity=3))
    assert given(floor.plan(NOW)) == [(5, "amy"), (4, "amy"), (3, "amy")]


def test_one_call_at_a_time_but_emails_beside_it() -> None:
    floor = floor_of(waiting(1), waiting(2), waiting(3, EMAIL, due=NOW + 1), person("amy", capacity=3))
    assert given(floor.plan(NOW)) == [(1, "amy"), (3, "amy")]


def test_live_work_without_units_interrupts_a_full_representative() -> None:
    interrupting = replace(CALL, units=0)
    floor = floor_of(waiting(1, interrupting), waiting(2, interrupting), person("amy", units=1))
    assert given(floor.plan(NOW)) == [(1, "amy")]


def test_a_lowered_capacity_drains_and_fails_nothing() -> None:
    floor = floor_of(waiting(1, EMAIL), person("amy", capacity=1, units=3))
    assert not floor.plan(NOW).offers
    floor.staff(person("amy", capacity=1, units=1))
    assert not floor.plan(NOW).offers
    floor.staff(person("amy", capacity=1, units=0))
    assert given(floor.plan(NOW)) == [(1, "amy")]


@pytest.mark.parametrize(
    ("needs", "able"),
    [
        (Needs(queue="calls", skills=(("fiber", 3),)), person("amy", skills=frozenset({("fiber", 3)}))),
        (Needs(queue="calls", language="ur"), person("amy", languages=frozenset({"ur"}))),
        (VISIT, person("amy", office="north")),
    ],
)
def test_only_who_meets_the_needs_is_asked(needs: Needs, able: Staff) -> None:
    unable = person("all", skills=frozenset({("fiber", 2)}), languages=frozenset({"en"}), office="south")
    floor = floor_of(waiting(1, needs), unable)
    assert not floor.plan(NOW).offers
    floor.staff(able)
    assert given(floor.plan(NOW)) == [(1, "amy")]


def test_a_declined_item_returns_to_its_old_place_and_goes_to_another() -> None:
    first, second = waiting(1, due=NOW - 60), waiting(2, due=NOW - 30)
    floor = floor_of(first, second, person("amy"))
    assert given(floor.plan(NOW)) == [(1, "amy")]
    floor.place(replace(first, excluded=frozenset({"amy"}), not_before=NOW + back_off("declined", 1)))
    floor.staff(person("amy"))
    assert given(floor.plan(NOW)) == [(2, "amy")]
    floor.staff(person("bob"))
    plan = floor.plan(NOW)
    assert not plan.offers
    assert plan.wake_at == NOW + 1
    floor.place(waiting(3, due=NOW - 45))
    assert given(floor.plan(NOW + 1)) == [(1, "bob")]


def test_back_off_holds_nobody_else_up() -> None:
    floor = floor_of(waiting(1, due=NOW - 60, not_before=NOW + 5), waiting(2), person("amy"))
    plan = floor.plan(NOW)
    assert given(plan) == [(2, "amy")]
    assert plan.wake_at == NOW + 5


def test_exclusions_are_skipped_and_never_lost() -> None:
    rows = [waiting(number, due=NOW - number, excluded=frozenset({"amy"})) for number in range(1, 20)]
    floor = floor_of(*rows, waiting(99), person("amy", capacity=2))
    assert given(floor.plan(NOW)) == [(99, "amy")]
    floor.staff(person("bob", live=0, capacity=1))
    assert given(floor.plan(NOW)) == [(19, "bob")]
    assert len(floor) == 18


def test_who_declined_is_asked_again_after_a_while_where_nobody_else_can() -> None:
    declined = waiting(1, due=NOW - 60, excluded=frozenset({"amy"}), excluded_until=NOW + 120)
    floor = floor_of(declined, person("amy"))
    plan = floor.plan(NOW)
    assert not plan.offers
    assert plan.wake_at == NOW + 120
    assert given(floor.plan(NOW + 120)) == [(1, "amy")]


def test_the_preferred_representative_has_the_first_word_for_a_time() -> None:
    held = waiting(1, due=NOW - 60, preferred="bob", preferred_until=NOW + 30)
    floor = floor_of(held, person("amy"), person("bob", units=1))
    plan = floor.plan(NOW)
    assert not plan.offers
    assert plan.wake_at == NOW + 30
    assert given(floor.plan(NOW + 30)) == [(1, "amy")]


def test_the_preferred_representative_takes_their_own_as_soon_as_they_are_free() -> None:
    held = waiting(1, due=NOW - 60, preferred="bob", preferred_until=NOW + 30)
    floor = floor_of(held, waiting(2, due=NOW - 30), person("bob", units=1))
    assert not floor.plan(NOW).offers
    floor.staff(person("bob"))
    assert given(floor.plan(NOW + 1)) == [(1, "bob")]


@pytest.mark.parametrize("left", ["away", "dismissed"])
def test_a_hold_ends_when_the_preferred_representative_leaves(left: str) -> None:
    held = waiting(1, preferred="bob", preferred_until=NOW + 30)
    floor = floor_of(held, person("amy"), person("bob", units=1))
    assert not floor.plan(NOW).offers
    if left == "away":
        floor.staff(person("bob", units=1, available=False))
    else:
        floor.dismiss("bob")
    assert given(floor.plan(NOW + 1)) == [(1, "amy")]


def test_a_hold_stands_again_when_the_preferred_representative_comes_back_in_time() -> None:
    held = waiting(1, preferred="bob", preferred_until=NOW + 30)
    floor = floor_of(held, person("bob", available=False))
    assert not floor.plan(NOW).offers
    floor.staff(person("bob", units=1))
    floor.staff(person("amy"))
    assert floor.plan(NOW + 1) == Plan(offers=(), wake_at=NOW + 30)


def test_nobody_is_held_for_someone_who_could_never_serve_them() -> None:
    held = waiting(1, VISIT, preferred="bob", preferred_until=NOW + 30)
    floor = floor_of(held, person("amy", office="north"), person("bob", office="south"))
    assert given(floor.plan(NOW)) == [(1, "amy")]


def test_after_the_hold_the_preferred_representative_is_still_asked_first_if_free() -> None:
    late = waiting(1, preferred="bob", preferred_until=NOW - 1)
    floor = floor_of(late, person("amy", idle_since=NOW - 900), person("bob", idle_since=NOW - 1))
    assert given(floor.plan(NOW)) == [(1, "bob")]


def test_needs_relax_at_their_deadline_and_the_place_in_line_stays() -> None:
    urdu = replace(CALL, language="ur")
    relaxing = waiting(1, urdu, due=NOW - 60, steps=(Step(deadline=NOW + 20, needs=CALL),))
    floor = floor_of(relaxing, person("amy", languages=frozenset({"en"})))
    plan = floor.plan(NOW)
    assert not plan.offers
    assert plan.wake_at == NOW + 20
    floor.place(waiting(2, due=NOW - 30))
    assert given(floor.plan(NOW + 20)) == [(1, "amy")]


def test_the_rare_skill_is_kept_free_for_who_needs_it() -> None:
    notary = person("amy", skills=frozenset({("notary", 1)}), idle_since=NOW - 900)
    floor = floor_of(waiting(1), notary, person("bob", idle_since=NOW - 1))
    assert floor.scarcity("amy") > floor.scarcity("bob")
    assert given(floor.plan(NOW)) == [(1, "bob")]


def test_the_less_loaded_then_the_longest_idle_then_the_lower_id_is_asked() -> None:
    people = [
        person("dan", capacity=4, units=1),
        person("cyd", capacity=4, idle_since=NOW - 10),
        person("bob", capacity=4, idle_since=NOW - 20),
        person("amy", capacity=4, idle_since=NOW - 10),
    ]
    emails = [waiting(number, EMAIL) for number in range(1, 4)]
    assert [name for _, name in given(floor_of(*people, *emails).plan(NOW))] == ["bob", "amy", "cyd"]


def test_one_who_is_offered_something_waits_no_more() -> None:
    floor = floor_of(waiting(1), person("amy"))
    assert UUID(int=1) in floor
    floor.plan(NOW)
    assert UUID(int=1) not in floor
    assert len(floor) == 0


def test_an_offer_that_was_not_written_is_put_right_by_the_rows() -> None:
    floor = floor_of(waiting(1), person("amy"))
    floor.plan(NOW)
    floor.place(waiting(1))
    floor.staff(person("amy"))
    assert given(floor.plan(NOW)) == [(1, "amy")]


def test_a_representative_who_changed_meanwhile_is_put_right_by_the_row() -> None:
    floor = floor_of(waiting(1), waiting(2), person("amy", capacity=2))
    floor.staff(person("amy", capacity=2, live=1, units=1))
    assert not floor.plan(NOW).offers


def test_removing_somebody_unknown_changes_nothing() -> None:
    floor = floor_of(waiting(1), person("amy"))
    before = floor.snapshot()
    floor.remove(UUID(int=9))
    floor.dismiss("zed")
    assert floor.snapshot() == before


def test_who_left_is_offered_to_nobody() -> None:
    floor = floor_of(waiting(1), waiting(2, due=NOW + 1), person("amy"))
    floor.remove(UUID(int=1))
    assert given(floor.plan(NOW)) == [(2, "amy")]


def test_a_limit_cuts_the_plan_and_asks_to_be_called_again_at_once() -> None:
    floor = floor_of(*(waiting(number) for number in range(1, 4)), *(person(name) for name in ("amy", "bob", "cyd")))
    plan = floor.plan(NOW, limit=2)
    assert [number for number, _ in given(plan)] == [1, 2]
    assert plan.wake_at == NOW
    assert [number for number, _ in given(floor.plan(NOW, limit=2))] == [3]


def test_a_clock_that_steps_back_undoes_nothing() -> None:
    floor = floor_of(waiting(1, not_before=NOW + 5))
    floor.plan(NOW + 5)
    floor.staff(person("amy"))
    assert given(floor.plan(NOW)) == [(1, "amy")]


def test_counts_name_every_queue_in_which_somebody_waits() -> None:
    held = waiting(4, EMAIL, preferred="amy", preferred_until=NOW + 60)
    floor = floor_of(waiting(1), waiting(2), waiting(3, EMAIL, not_before=NOW + 60), held, person("amy", units=1))
    assert floor.waiting() == {"calls": 2, "emails": 2}
    floor.remove(UUID(int=1))
    floor.remove(UUID(int=2))
    assert floor.waiting() == {"emails": 2}


def test_what_left_is_forgotten_and_leaves_no_memory_behind() -> None:
    floor = floor_of(person("amy", units=1))
    for number in range(1, 5_000):
        row = waiting(number, due=NOW + number, steps=(Step(deadline=NOW + 9_999, needs=EMAIL),))
        floor.place(waiting(number + 10_000, replace(CALL, language=f"x{number}")))
        floor.place(row)
        floor.remove(row.id)
        floor.remove(UUID(int=number + 10_000))
    pools = floor._all_pools()
    assert len(pools) <= 1_001
    assert sum(pool.keys() for pool in pools) < 200
    assert len(floor._timers) < 200
