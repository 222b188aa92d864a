"""Whether the parts of the rules fit: names that are not there, circles, ends that are none, rules that can never hold."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from routing.rules import faults
from tests.pace import costing
from tests.routing.documents import DOCUMENT, GONE, changed

A_MOMENT = 800
"""In units of `costing`; measured: under 150."""


def told(*changes: tuple[str, Any]) -> list[str]:
    return [str(fault) for fault in faults(changed(*changes))]


def overflow(queue: str, after: int = 60) -> dict[str, Any]:
    return {"after_seconds": after, "queue": queue}


def test_the_document_of_these_tests_is_right() -> None:
    assert faults(DOCUMENT) == ()


@pytest.mark.parametrize(
    ("path", "value", "mistakes"),
    [
        # names that are not there
        ("request_types.order.queue", "order", ["request_types.order.queue: there is no queue 'order'; did you mean 'orders'?"]),
        ("request_types.order.skills.sails", 1, ["request_types.order.skills.sails: there is no skill 'sails'; did you mean 'sales'?"]),
        ("request_types.order.any_of", [{"lore": 1}], ["request_types.order.any_of.0.lore: there is no skill 'lore'"]),
        ("queues.claims.overflow.queue", "desc", ["queues.claims.overflow.queue: there is no queue 'desc'; did you mean 'desk'?"]),
        ("queues.claims.on_entry.1.queue", "nowhere", ["queues.claims.on_entry.1.queue: there is no queue 'nowhere'"]),
        ("queues.orders_b.on_exhausted.queue", "nowhere", ["queues.orders_b.on_exhausted.queue: there is no queue 'nowhere'"]),
        ("queues.claims.steps.2.add_queues", ["dusk"], ["queues.claims.steps.2.add_queues: there is no queue 'dusk'; did you mean 'desk'?"]),
        ("queues.claims.steps.1.add_groups", ["helper"], ["queues.claims.steps.1.add_groups: there is no group 'helper'; did you mean 'helpers'?"]),
        # answers on entry that say nothing, or never come
        ("queues.claims.on_entry.3.message", GONE, ["queues.claims.on_entry.3.message: is missing: tell them what?"]),
        ("queues.claims.on_entry.1.over", 100_000, ["queues.claims.on_entry.1.over: can never be: nobody counts further than 100,000"]),
        # circles
        ("queues.desk.overflow", overflow("desk"), ["queues.desk.overflow.queue: leads to itself"]),
        ("queues.desk.overflow", overflow("claims"), ["queues.desk.overflow.queue: goes in a circle: claims -> desk -> claims"]),
        ("queues.orders_a.overflow", overflow("orders_b"), ["queues.orders_b.on_exhausted.queue: goes in a circle: orders_a -> orders_b -> orders_a"]),
        # steps
        ("queues.claims.steps.1.after_seconds", 30, ["queues.claims.steps.1.after_seconds: must be later than the step before"]),
        ("queues.claims.steps.2.after_seconds", 300, ["queues.claims.steps.2.after_seconds: is never reached: on_exhausted comes at 300 seconds"]),
        ("queues.claims.steps.0", {"after_seconds": 30}, ["queues.claims.steps.0: changes nothing"]),
        ("queues.claims.steps.1.drop_skills", ["licence"], ["queues.claims.steps.1.drop_skills: 'licence' is firm and never relaxes"]),
        ("queues.claims.steps.1.drop_skills", ["senior", "senor"], ["queues.claims.steps.1.drop_skills: no request of this queue asks for 'senor' at this step", "queues.claims.steps.1.drop_skills: there is no skill 'senor'; did you mean 'senior'?"]),
        ("queues.claims.steps.2.drop_skills", ["senior"], ["queues.claims.steps.2.drop_skills: no request of this queue asks for 'senior' at this step"]),
        ("queues.claims.steps.2.add_queues", ["claims"], ["queues.claims.steps.2.add_queues: changes nothing: 'claims' is the queue itself"]),
        ("queues.claims.steps.2.add_queues", ["orders"], ["queues.claims.steps.2.add_queues: nobody ever waits in 'orders', which is split: name one of its parts"]),
        ("queues.claims.steps.2.add_groups", ["helpers"], ["queues.claims.steps.2.add_groups: changes nothing: 'helpers' was added before"]),
        # answers on entry
        ("queues.claims.on_entry.1.over", GONE, ["queues.claims.on_entry.1.over: is missing: length is over what?"]),
        ("queues.claims.on_entry.2.over", GONE, ["queues.claims.on_entry.2.over: is missing: wait is over what?"]),
        ("queues.claims.on_entry.0.over", 5, ["queues.claims.on_entry.0.over: is for length and wait only; closed has no number"]),
        ("queues.claims.on_entry.1.queue", GONE, ["queues.claims.on_entry.1.queue: is missing: overflow to which queue?"]),
        ("queues.claims.on_entry.0.queue", "desk", ["queues.claims.on_entry.0.queue: is for overflow only; 'turn_away' leads to no queue"]),
        ("queues.claims.on_entry.1.queue", "claims", ["queues.claims.on_entry.1.queue: leads to itself"]),
        ("queues.claims.on_entry.1.queue", "orders", ["queues.claims.on_entry.1.queue: nobody ever waits in 'orders', which is split: name one of its parts"]),
        ("queues.claims.on_entry.3.when", "closed", ["queues.claims.on_entry.3: can never hold: an earlier rule answers whenever it is 'closed'"]),
        ("queues.claims.on_entry.2", {"when": "length", "over": 50}, ["queues.claims.on_entry.2: can never hold: an earlier rule answers whenever it is 'length'"]),
        ("queues.desk.on_entry", [{"when": "closing"}], ["queues.desk.on_entry.0.when: can never be: the queue has no hours, so it never closes"]),
        # ends
        ("queues.claims.on_exhausted.then", "supervisor", ["queues.claims.on_exhausted.then: 'supervisor' is an end, and overflow is another: say one of them"]),
        ("queues.claims.on_exhausted.after_seconds", 600, ["queues.claims.on_exhausted.after_seconds: is never reached: overflow comes first"]),
        ("queues.orders_b.on_exhausted.queue", GONE, ["queues.orders_b.on_exhausted.queue: is missing: overflow to which queue?"]),
        ("queues.orders_b.on_exhausted.then", "callback", ["queues.orders_b.on_exhausted.queue: is for overflow only; 'callback' leads to no queue"]),
        ("queues.desk.on_exhausted", {"after_seconds": 9, "then": "any"}, ["queues.desk.on_exhausted.then: changes nothing: nothing is left that 'any' could drop"]),
        # splits
        ("queues.orders.split", {"orders_a": 70, "orders_b": 20}, ["queues.orders.split: must be 100 together, and is 90"]),
        ("queues.orders.split", {"orders_a": 70, "orders": 30}, ["queues.orders.split.orders: leads to itself"]),
        ("queues.orders.split", {"orders_a": 70, "order_b": 30}, ["queues.orders.split.order_b: there is no queue 'order_b'; did you mean 'orders_b'?"]),
        ("queues.orders_a.split", {"desk": 100}, ["queues.orders.split.orders_a: is split itself: name its parts instead", "queues.orders_b.on_exhausted.queue: nobody ever waits in 'orders_a', which is split: name one of its parts"]),
        ("queues.orders.overflow", overflow("desk"), ["queues.orders.overflow: is never used: the queue is split, nobody waits in it"]),
        # channels
        ("channels.phone.units", 1, ["channels.phone.units: is never asked for: what interrupts needs no free units"]),
        ("channels.phone.beside_live", True, ["channels.phone.beside_live: is for written work, and interrupts for live work: say one"]),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named_with_its_path_and_the_reason(path: str, value: object, mistakes: list[str]) -> None:
    assert told((path, value)) == mistakes


def test_a_circle_over_all_kinds_of_overflow_is_one() -> None:
    found = told(
        ("queues.desk.on_entry", [{"when": "nobody", "then": "overflow", "queue": "orders_a"}]),
        ("queues.orders_a.overflow", overflow("claims")),
    )
    assert found == ["queues.orders_a.overflow.queue: goes in a circle: claims -> desk -> orders_a -> claims"]


def test_steps_without_an_end_are_refused_and_both_ends_are_ends() -> None:
    no_end = "queues.claims.steps: have no end: say on_exhausted or overflow"
    assert told(("queues.claims.on_exhausted", GONE), ("queues.claims.overflow", GONE)) == [no_end]
    assert told(("queues.claims.on_exhausted", GONE)) == []
    assert told(("queues.claims.overflow", GONE)) == []
    both_gone = ("queues.claims.overflow", GONE)
    for then in ("callback", "supervisor"):
        assert told(("queues.claims.on_exhausted.then", then), both_gone) == []


def test_a_step_past_the_overflow_is_never_reached() -> None:
    found = told(("queues.claims.on_exhausted", GONE), ("queues.claims.overflow.after_seconds", 90))
    assert found == ["queues.claims.steps.2.after_seconds: is never reached: overflow comes at 90 seconds"]


def test_a_step_that_helps_one_request_of_the_queue_is_right() -> None:
    """`law` is asked for by `claim_new` alone, as one of a group."""
    assert told(("queues.claims.steps.1.drop_skills", ["law"])) == []


def test_what_changes_something_for_one_request_of_the_queue_is_no_mistake_though_it_changes_nothing_for_another() -> (
    None
):
    plain = {"labels": {"en": "Lookup"}, "queue": "claims", "letter": "L", "speak": False}
    assert told(("request_types.lookup", plain)) == [], "it has no language and no skill to drop"
    lax = {**plain, "skills": {"licence": 1}}
    assert told(("request_types.lookup", lax), ("queues.claims.steps.1.drop_skills", ["licence"])) == []


def test_an_end_that_calls_back_need_not_drop_anything() -> None:
    assert told(("queues.desk.on_exhausted", {"after_seconds": 9, "then": "callback"})) == []


def test_a_queue_that_was_added_before_cannot_be_added_again() -> None:
    added = ("queues.claims.steps.1.add_queues", ["desk"])
    assert told(added) == ["queues.claims.steps.2.add_queues: changes nothing: 'desk' was added before"]


@pytest.mark.parametrize("seconds", [0, 1])
def test_the_first_step_may_come_at_once(seconds: int) -> None:
    assert told(("queues.claims.steps.0.after_seconds", seconds)) == []


def test_a_level_that_is_lowest_already_cannot_be_lowered() -> None:
    found = told(
        ("request_types.claim.skills", {"licence": 5}),
        ("request_types.claim_new.any_of", GONE),
        ("queues.claims.steps.1.drop_skills", []),
        ("queues.claims.on_exhausted", GONE),
    )
    wrong = "queues.claims.steps.0.lower_levels_by: changes nothing: no level is left that it could lower"
    assert found == [wrong], "a firm level counts as none"


@pytest.mark.parametrize(
    ("skills", "dropped"), [({"licence": 1, "claims": 1}, []), ({"licence": 1, "claims": 1, "senior": 2}, ["senior"])]
)
def test_nothing_is_lowered_that_is_lowest_or_dropped_by_the_same_step(
    skills: dict[str, int], dropped: list[str]
) -> None:
    found = told(
        ("request_types.claim.skills", skills),
        ("request_types.claim_new.any_of", GONE),
        ("queues.claims.steps", [{"after_seconds": 30, "lower_levels_by": 1, "drop_skills": dropped}]),
    )
    assert found == ["queues.claims.steps.0.lower_levels_by: changes nothing: no level is left that it could lower"]


@pytest.mark.parametrize(
    ("length", "circle"),
    [(7, "q0 -> q1 -> q2 -> q3 -> q4 -> q5 -> q6 -> q0"), (8, "q0 -> q1 -> q2 -> q3 -> … -> q6 -> q7 -> q0")],
)
def test_a_circle_is_told_whole_up_to_eight_names_and_a_longer_one_by_its_ends(length: int, circle: str) -> None:
    plain = {"name": "Queue", "target_seconds": 60, "offer_timeout_seconds": 15}
    ring = [(f"queues.q{each}", {**plain, "overflow": overflow(f"q{(each + 1) % length}")}) for each in range(length)]
    assert told(*ring) == [f"queues.q{length - 1}.overflow.queue: goes in a circle: {circle}"]


def test_a_long_wait_may_be_asked_for_and_only_a_length_beyond_counting_may_not() -> None:
    assert told(("queues.claims.on_entry.2.over", 100_000)) == []


def test_a_language_nobody_is_asked_for_cannot_be_dropped() -> None:
    found = told(
        ("queues.desk.steps", [{"after_seconds": 5, "drop_language": True}]),
        ("queues.desk.overflow", overflow("orders_a")),
    )
    wrong = "queues.desk.steps.0.drop_language: changes nothing: no language is asked for at this step"
    assert found == [wrong]


def test_the_parts_of_a_split_are_asked_what_its_requests_ask() -> None:
    steps = [{"after_seconds": 5, "drop_skills": ["sales"]}]
    assert told(("queues.orders_b.steps", steps)) == []
    assert told(("queues.desk.steps", steps), ("queues.desk.overflow", overflow("orders_a"))) == [
        "queues.desk.steps.0.drop_skills: no request of this queue asks for 'sales' at this step"
    ]


def test_without_a_list_of_skills_any_skill_may_be_asked_for() -> None:
    assert told(("skills", GONE), ("request_types.order.skills.sails", 1)) == []


def test_an_answer_after_a_milder_one_of_the_same_kind_still_holds() -> None:
    rules = [{"when": "length", "over": 50}, {"when": "length", "over": 20, "then": "callback"}]
    assert told(("queues.claims.on_entry", rules)) == []


def test_beside_an_earlier_rule_one_that_names_no_number_is_a_mistake_like_any_other() -> None:
    rules = [{"when": "length", "over": 50}, {"when": "length"}]
    assert "queues.claims.on_entry.1.over: is missing: length is over what?" in told(("queues.claims.on_entry", rules))


def test_what_follows_from_a_mistake_is_no_second_one() -> None:
    """A queue that is wrong in itself is still there for those that name it."""
    assert told(("queues.desk.target_seconds", "60")) == ["queues.desk.target_seconds: must be a whole number"]


def test_ten_thousand_queues_in_one_chain_are_checked_in_a_moment() -> None:
    plain = {"name": "Q", "target_seconds": 1, "offer_timeout_seconds": 1}
    chain = {f"q{number}": {**plain, "overflow": overflow(f"q{number + 1}")} for number in range(9_999)}
    requests = {"ask": {"labels": {}, "queue": "q0", "letter": "Q"}}
    with costing() as cost:
        open_ended = faults({"queues": {**chain, "q9999": plain}, "request_types": requests})
        closed = faults(
            {"queues": {**chain, "q9999": {**plain, "overflow": overflow("q0")}}, "request_types": requests}
        )
    assert cost.units < A_MOMENT
    assert open_ended == ()
    assert [str(fault)[:67] for fault in closed] == [
        "queues.q9999.overflow.queue: goes in a circle: q0 -> q1 -> q2 -> q3"
    ]
    assert len(closed[0].reason) < 200


def test_a_document_of_nothing_but_mistakes_is_answered_in_a_moment() -> None:
    plain = {"name": "Q", "target_seconds": 1, "offer_timeout_seconds": 1}
    queues = {f"q{number}": {**plain, "overflow": overflow(f"nowhere{number}")} for number in range(5_000)}
    with costing() as cost:
        found = faults({"queues": queues})
    assert cost.units < A_MOMENT
    assert 0 < len(found) <= 1_000


def test_of_unknown_names_by_the_ten_thousand_only_the_first_are_guessed_at() -> None:
    """Guessing costs: a document of nothing but mistakes would keep everybody waiting."""
    many = {f"target_second{number}": 0 for number in range(80_000)}
    wrong = [{"when": "clozed", "then": "tel", "over": 1}] * 16
    queue = {**DOCUMENT["queues"]["desk"], "order": "longest_idel", "on_entry": wrong}
    for queues in ({"desk": {**queue, **many}}, {f"q{number}": queue for number in range(1_000)}):
        with costing() as cost:
            found = faults({**DOCUMENT, "queues": queues})
        assert cost.units < A_MOMENT
        assert 0 < sum("did you mean" in each.reason for each in found) <= 100


def test_a_name_of_five_thousand_digits_is_a_mistake_like_any_other() -> None:
    digits = "9" * 5_000
    assert len(told((f"queues.{digits}", {}))) == 1


def hours(**said: object) -> list[str]:
    """What is told of these hours of a queue."""
    return told(("queues.desk.hours", said))


def test_one_opening_in_a_week_overlaps_with_nothing() -> None:
    assert hours(mon=["09:00-17:00"]) == []
    assert hours(mon=["09:00-09:00"]) == [], "a whole day and night"


def test_hours_that_are_wrong_in_themselves_are_not_said_to_be_never_open_too() -> None:
    assert hours(mon=["9-5"]) == ['queues.desk.hours.mon.0: must be like "09:00-17:30"']


def test_the_night_of_a_date_that_runs_into_the_next_morning_is_told_at_the_date() -> None:
    night = {"2027-03-20": ["22:00-06:00"]}  # a Saturday
    found = ["queues.desk.hours.exceptions.2027-03-20: overlaps with the next day"]
    assert hours(sun=["05:00-12:00"], exceptions=night) == found
    assert hours(sun=["06:00-12:00"], exceptions=night) == []


def test_more_dates_than_anybody_could_mean_are_refused() -> None:
    dates: dict[str, list[str]] = {str(date(2027, 1, 1) + timedelta(days=number)): [] for number in range(1_001)}
    assert hours(mon=["09:00-17:00"], exceptions=dict(list(dates.items())[:1_000])) == []
    assert hours(mon=["09:00-17:00"], exceptions=dates) == [
        "queues.desk.hours.exceptions: must not have more than 1,000 entries"
    ]
