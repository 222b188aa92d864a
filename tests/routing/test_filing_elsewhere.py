"""What goes with a customer into a queue their request does not lead to, and what is that queue's own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from routing.entry import Contact, file
from routing.rules import Rules, read
from tests.routing.documents import DOCUMENT, changed

RULES = read(DOCUMENT)
ARRIVED = 1_000_000.0
CALLER = Contact(
    id=UUID(int=7), request="claim", channel="phone", live=True, units=1, language="ur", arrived=ARRIVED,
)  # fmt: skip


def rules(*changes: tuple[str, Any]) -> Rules:
    return read(changed(*changes))


def test_in_a_part_of_a_split_queue_each_request_asks_for_its_own_and_not_for_what_all_share() -> None:
    large = {"labels": {"en": "Large order"}, "queue": "orders", "letter": "L", "skills": {"sales": 3, "senior": 1}}
    two = rules(("request_types.large_order", large))
    own = file(two, replace(CALLER, request="large_order"), queue="orders_b").needs
    assert own.skills == (("sales", 3), ("senior", 1))
    assert file(two, replace(CALLER, request=None), queue="orders_b").needs.skills == (("sales", 1),)


def test_a_group_in_which_nothing_is_firm_stays_behind() -> None:
    assert file(RULES, replace(CALLER, request="claim_new"), queue="claims").needs.any_of
    assert file(RULES, replace(CALLER, request="claim_new"), queue="desk").needs.any_of == ()


def test_neither_what_is_firm_in_the_queue_nor_what_is_firm_in_the_request_ever_relaxes() -> None:
    both = rules(
        ("request_types.question.skills", {"senior": 2, "sales": 2}),
        ("request_types.question.firm", ["senior"]),
        ("queues.desk.on_exhausted", {"after_seconds": 30, "then": "any"}),
    )
    found = file(both, CALLER, queue="desk")
    assert found.needs.skills == (("licence", 1), ("sales", 2), ("senior", 2))
    assert found.steps[-1].needs.skills == (("licence", 1), ("senior", 2))


def test_who_comes_without_a_request_is_relaxed_in_everything_that_is_firm_in_no_request() -> None:
    found = file(RULES, replace(CALLER, request=None), queue="claims")
    assert found.needs.skills == (("claims", 3), ("licence", 1), ("senior", 2))
    assert found.steps[-1].needs.skills == (("licence", 1),)


def test_the_language_is_asked_for_only_where_request_and_queue_both_ask_for_it() -> None:
    assert file(RULES, CALLER, queue="orders_a").needs.language == "ur"
    assert file(RULES, CALLER, queue="desk").needs.language is None, "the desk answers without words"
    assert file(RULES, replace(CALLER, request="question"), queue="orders_a").needs.language is None


def test_what_is_firm_in_one_request_of_a_queue_stays_for_the_stranger_to_them_all() -> None:
    lax = {"labels": {"en": "Old claim"}, "queue": "claims", "letter": "X", "skills": {"claims": 2, "licence": 1}}
    found = file(rules(("request_types.old_claim", lax)), replace(CALLER, request=None), queue="claims")
    assert found.needs.skills == (("claims", 2), ("licence", 1))
    assert found.steps[-1].needs.skills == (("licence", 1),)


def test_one_request_that_needs_no_words_is_enough_for_the_stranger_to_be_served_without() -> None:
    spoken = {"labels": {"en": "Advice"}, "queue": "desk", "letter": "A"}
    both = rules(("request_types.advice", spoken))
    assert file(both, replace(CALLER, request="advice"), queue="desk").needs.language == "ur"
    assert file(both, replace(CALLER, request=None), queue="desk").needs.language is None


def test_in_a_queue_no_request_leads_to_only_the_language_is_asked_for() -> None:
    spare = rules(("queues.spare", {"name": "Spare", "target_seconds": 60, "offer_timeout_seconds": 15}))
    found = file(spare, replace(CALLER, request=None), queue="spare").needs
    assert (found.skills, found.any_of, found.language) == ((), (), "ur")
