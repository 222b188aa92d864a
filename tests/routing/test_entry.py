"""What the rules mean for one who comes: each promise as a sentence."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from typing import Any, Literal
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing import entry
from routing.entry import MOST_OVERFLOWS, Admission, Contact, Filing, QueueNow, admit, split
from routing.model import Needs
from routing.rules import EntryRule, QueueRule, Rules, read
from tests.routing.documents import DOCUMENT, changed

RULES = read(DOCUMENT)
ARRIVED = 1_000_000.0
CALLER = Contact(
    id=UUID(int=7), request="claim", channel="phone", live=True, units=1, language="ur", arrived=ARRIVED,
)  # fmt: skip
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


# --- split -------------------------------------------------------------------------------------------------------------


def test_a_queue_that_is_not_split_keeps_whoever_asks_for_it() -> None:
    assert split(RULES, "claims", UUID(int=1)) == "claims"


def test_one_percent_is_one_in_a_hundred() -> None:
    shared = rules(("queues.orders.split", {"orders_a": 1, "orders_b": 99}))
    found = Counter(split(shared, "orders", UUID(int=number)) for number in range(20_000))
    assert 150 < found["orders_a"] < 250


@given(st.uuids())
def test_the_same_contact_always_lands_in_the_same_part_however_the_document_orders_them(contact: UUID) -> None:
    turned = rules(("queues.orders.split", {"orders_b": 30, "orders_a": 70}))
    assert split(RULES, "orders", contact) == split(turned, "orders", contact) in {"orders_a", "orders_b"}


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 98), st.data(), st.integers(0, 2**64))
def test_parts_get_their_share_of_ids_that_follow_each_other(first: int, data: st.DataObject, start: int) -> None:
    second = data.draw(st.integers(1, 99 - first))
    parts = {"orders_a": first, "orders_b": second, "desk": 100 - first - second}
    shared = rules(("queues.orders.split", parts))
    found = Counter(split(shared, "orders", UUID(int=start + number)) for number in range(2_000))
    for part, percent in parts.items():
        spread = (2_000 * percent * (100 - percent)) ** 0.5 / 100
        assert abs(found[part] - 20 * percent) < 6 * spread


def test_where_somebody_lands_stays_the_same_from_release_to_release() -> None:
    landed = "".join(split(RULES, "orders", UUID(int=number))[-1] for number in range(1, 41))
    assert landed == "aaaaaaaaaababbaaaaababaaaaaaaaaaababbbaa"


# --- admit -------------------------------------------------------------------------------------------------------------


def test_who_no_rule_speaks_of_simply_joins() -> None:
    assert answer(RULES, "claims") == Admission(then="join", queue="claims")


def test_who_comes_when_it_is_closed_is_told_so_with_the_message_and_when_it_opens() -> None:
    closed = QueueNow(open=False, opens_at=5_000.0)
    assert answer(RULES, "claims", claims=closed) == Admission(
        then="turn_away", queue="claims", reason="closed", message="We are closed.", opens_at=5_000.0
    )


def test_the_words_of_whoever_closed_it_come_before_the_rules_own() -> None:
    shut = QueueNow(open=False, message="Water in the office.")
    assert answer(RULES, "claims", claims=shut).message == "Water in the office."
    open_again = QueueNow(on_shift=0, message="Water in the office.")
    assert answer(RULES, "claims", claims=open_again).message == "It will take long."


@pytest.mark.parametrize("now", [QueueNow(open=False, opens_at=5_000.0), QueueNow(wait_high_seconds=901)])
def test_what_was_written_always_joins(now: QueueNow) -> None:
    asked = admit(RULES, "claims", lambda _: now)
    assert asked.then != "join"
    found = entry.answer(RULES, "claims", lambda _: now, live=False, closed=("claims",))
    assert found == replace(asked, then="join"), "and it is told why nobody looks at it yet"
    assert entry.answer(RULES, "claims", lambda _: now, live=True, closed=()) == asked


def test_what_is_closed_by_hand_is_closed_where_no_rule_says_what_that_means() -> None:
    now = QueueNow(open=False, opens_at=5_000.0, message="Flood.")
    shut = entry.answer(RULES, "desk", lambda _: now, live=True, closed={"desk"})
    assert shut == Admission(then="turn_away", queue="desk", reason="closed", message="Flood.", opens_at=5_000.0)
    assert entry.answer(RULES, "desk", lambda _: now, live=True, closed={"claims"}).then == "join"
    moved = entry.answer(
        RULES, "claims", lambda name: now if name == "desk" else QueueNow(waiting=51), live=True, closed={"desk"}
    )
    assert (moved.then, moved.queue) == ("turn_away", "desk"), "where it would have waited in the end"


def test_a_rule_for_something_else_leaves_a_closing_by_hand_as_it_is() -> None:
    busy = rules(("queues.desk.on_entry", [{"when": "length", "over": 3, "message": "Full."}]))

    def told(waiting: int) -> Admission:
        now = QueueNow(open=False, waiting=waiting)
        return entry.answer(busy, "desk", lambda _: now, live=True, closed={"desk"})

    few, many = told(3), told(4)
    assert (few.then, few.reason) == ("turn_away", "closed")
    assert (many.then, many.reason, many.message) == ("turn_away", "length", "Full."), "the rule has said why"


def test_a_rule_for_being_closed_holds_for_a_closing_by_hand_too() -> None:
    sent_on = replace(RULES.queues["claims"], on_entry=(EntryRule(when="closed", then="overflow", queue="desk"),))
    ruled = replace(RULES, queues={**RULES.queues, "claims": sent_on})
    looks = {"claims": QueueNow(open=False)}
    found = entry.answer(ruled, "claims", lambda name: looks.get(name, OPEN), live=True, closed={"claims"})
    assert (found.then, found.queue) == ("join", "desk")


def test_who_finds_too_many_in_line_waits_elsewhere_and_is_told_why() -> None:
    assert answer(RULES, "claims", claims=QueueNow(waiting=50)) == Admission(then="join", queue="claims")
    assert answer(RULES, "claims", claims=QueueNow(waiting=51)) == Admission(
        then="join", queue="desk", reason="length", overflowed_from="claims"
    )


def test_who_would_wait_too_long_is_offered_a_call_back() -> None:
    found = answer(RULES, "claims", claims=QueueNow(wait_high_seconds=901))
    assert (found.then, found.queue, found.reason) == ("callback", "claims", "wait")
    assert answer(RULES, "claims", claims=QueueNow(wait_high_seconds=900)).reason is None
    assert answer(RULES, "claims", claims=QueueNow(wait_high_seconds=None)).reason is None


def test_who_is_told_a_message_waits_all_the_same() -> None:
    found = answer(RULES, "claims", claims=QueueNow(on_shift=0))
    assert found == Admission(then="join", queue="claims", reason="nobody", message="It will take long.")


def test_the_four_causes_have_four_answers_and_the_first_rule_that_holds_counts() -> None:
    everything = QueueNow(open=False, waiting=99, wait_high_seconds=9_999, on_shift=0)
    assert answer(RULES, "claims", claims=everything).reason == "closed"
    assert answer(RULES, "claims", claims=replace(everything, open=True)).reason == "length"
    assert answer(RULES, "claims", claims=replace(everything, open=True, waiting=0)).reason == "wait"
    last = replace(everything, open=True, waiting=0, wait_high_seconds=None)
    assert answer(RULES, "claims", claims=last).reason == "nobody"


def test_the_queue_it_overflows_to_is_asked_too() -> None:
    full = [{"when": "length", "over": 3, "message": "Both lines are full."}]
    both = rules(("queues.desk.on_entry", full))
    found = answer(both, "claims", claims=QueueNow(waiting=51), desk=QueueNow(waiting=4))
    assert found == Admission(
        then="turn_away", queue="desk", reason="length", message="Both lines are full.", overflowed_from="claims"
    )


def test_the_message_of_the_first_queue_is_told_in_the_second() -> None:
    both = rules(("queues.claims.on_entry.1.message", "The desk helps you."))
    assert answer(both, "claims", claims=QueueNow(waiting=51)).message == "The desk helps you."


def test_the_message_of_the_first_queue_is_told_in_the_third_where_the_second_says_nothing() -> None:
    chain = rules(
        ("queues.claims.on_entry.1.message", "We help you elsewhere."),
        ("queues.desk.on_entry", [{"when": "length", "over": 3, "then": "overflow", "queue": "orders_a"}]),
    )
    found = answer(chain, "claims", claims=QueueNow(waiting=51), desk=QueueNow(waiting=4))
    assert (found.queue, found.overflowed_from, found.message) == ("orders_a", "claims", "We help you elsewhere.")


def test_the_message_of_the_first_queue_is_told_where_the_second_turns_away_without_a_word() -> None:
    full = rules(
        ("queues.claims.on_entry.1.message", "We help you elsewhere."),
        ("queues.desk.on_entry", [{"when": "length", "over": 3}]),
    )
    found = answer(full, "claims", claims=QueueNow(waiting=51), desk=QueueNow(waiting=4, opens_at=9.0))
    assert (found.then, found.message) == ("turn_away", "We help you elsewhere.")
    assert found.opens_at is None, "it is open"


@pytest.mark.parametrize("when", ["length", "wait"])
def test_a_rule_that_names_no_limit_holds_for_nobody(when: Literal["length", "wait"]) -> None:
    """Checked rules have one; unchecked ones break nothing."""
    queue = replace(RULES.queues["desk"], on_entry=(EntryRule(when=when, then="turn_away"),))
    unchecked = replace(RULES, queues={"desk": queue})
    assert answer(unchecked, "desk", desk=QueueNow(waiting=99, wait_high_seconds=99)).then == "join"


def sent_on(*names: str) -> Rules:
    """Rules that nobody has checked: each of these queues sends whoever comes to the next."""
    plain = QueueRule(name="x", target_seconds=1, offer_timeout_seconds=1)
    queues = {
        name: replace(plain, on_entry=(EntryRule(when="nobody", then="overflow", queue=further),))
        for name, further in pairwise(names)
    }
    return Rules(version=1, queues=queues, requests={})


def test_of_a_long_chain_eight_queues_are_asked_and_in_the_last_of_them_one_waits() -> None:
    found = admit(sent_on(*(f"q{number}" for number in range(12))), "q0", lambda _: QueueNow(on_shift=0))
    assert (found.then, found.queue, found.overflowed_from) == ("join", "q7", "q0")


def test_who_is_sent_to_a_queue_that_is_not_there_stays_where_they_are() -> None:
    found = admit(sent_on("q0", "gone"), "q0", lambda _: QueueNow(on_shift=0))
    assert found == Admission(then="join", queue="q0")


def test_nobody_is_let_in_who_could_not_be_served_before_it_closes() -> None:
    closing = rules(("queues.claims.on_entry", [{"when": "closing"}]))  # one takes 300 seconds
    enough = QueueNow(closes_in_seconds=700, wait_high_seconds=400, opens_at=9.0)
    assert answer(closing, "claims", claims=enough).then == "join"
    found = answer(closing, "claims", claims=replace(enough, closes_in_seconds=699))
    assert (found.then, found.reason, found.opens_at) == ("turn_away", "closing", 9.0)
    assert answer(closing, "claims", claims=replace(enough, closes_in_seconds=None)).then == "join"


def test_where_the_wait_cannot_be_said_one_service_must_fit_before_it_closes() -> None:
    closing = rules(("queues.claims.on_entry", [{"when": "closing"}]))
    assert answer(closing, "claims", claims=QueueNow(closes_in_seconds=300)).then == "join"
    assert answer(closing, "claims", claims=QueueNow(closes_in_seconds=299)).reason == "closing"


def test_what_is_closed_is_not_closing() -> None:
    closing = rules(("queues.claims.on_entry", [{"when": "closing"}]))
    assert answer(closing, "claims", claims=QueueNow(open=False, closes_in_seconds=1)).reason is None


@given(st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=30))
def test_overflow_always_comes_to_an_end_and_asks_no_queue_twice(sent: list[tuple[int, int]]) -> None:
    """Also by rules that nobody has checked: these may go in circles."""
    plain = QueueRule(name="x", target_seconds=1, offer_timeout_seconds=1)
    queues = {f"q{number}": plain for number in range(12)}
    for here, there in sent:
        on_entry = (EntryRule(when="nobody", then="overflow", queue=f"q{there}"),)
        queues[f"q{here}"] = replace(plain, on_entry=on_entry)
    asked: list[str] = []

    def look(queue: str) -> QueueNow:
        asked.append(queue)
        return QueueNow(on_shift=0)

    found = admit(Rules(version=1, queues=queues, requests={}), "q0", look)
    assert found.then == "join"
    assert len(asked) == len(set(asked)) <= MOST_OVERFLOWS
    assert found.queue == asked[-1]


# --- kinds -------------------------------------------------------------------------------------------------------------


def test_the_kinds_of_work_are_what_each_request_asks_for_but_for_language_and_office() -> None:
    senior = (("claims", 3), ("licence", 1), ("senior", 2))
    assert entry.kinds(RULES) == {
        Needs(queue="claims", skills=senior),
        Needs(queue="claims", skills=senior, any_of=((("law", 2), ("sales", 1)),)),
        Needs(queue="desk"),
        Needs(queue="orders", skills=(("sales", 1),)),
    }
