"""A document of rules: what is right is read, and what is wrong is named with its path and the reason."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.rules import (
    STANDING_REASONS,
    CallbackRule,
    ChannelRule,
    EntryRule,
    ExhaustedRule,
    HoursRule,
    OverflowRule,
    QueueRule,
    ReasonRule,
    StepRule,
    WrongRules,
    faults,
    read,
)
from tests.routing.documents import DOCUMENT, GONE, changed


def told(*changes: tuple[str, Any]) -> list[str]:
    return [str(fault) for fault in faults(changed(*changes))]


def test_every_rule_of_a_queue_is_read_as_the_value_it_means() -> None:
    queue = read(DOCUMENT, version=7).queues["claims"]
    assert queue == QueueRule(
        name="Claims",
        target_seconds=120,
        offer_timeout_seconds=20,
        head_start_cap_seconds=600,
        mean_handle_seconds=300,
        order="longest_idle",
        preferred_seconds=60,
        back_off_seconds={"busy": 5, "no_answer": 20.5},
        hours=HoursRule(
            timezone="Asia/Karachi",
            weekly={"mon": (("09:00", "12:00"), ("13:00", "17:00")), "fri": (("22:00", "06:00"),)},
            exceptions={"2027-01-01": ()},
            holidays="PK",
        ),
        on_entry=(
            EntryRule(when="closed", then="turn_away", message="We are closed."),
            EntryRule(when="length", over=50, then="overflow", queue="desk"),
            EntryRule(when="wait", over=900, then="callback"),
            EntryRule(when="nobody", then="tell", message="It will take long."),
        ),
        steps=(
            StepRule(after_seconds=30, lower_levels_by=1),
            StepRule(after_seconds=60, drop_skills=frozenset({"senior"}), add_groups=frozenset({"helpers"})),
            StepRule(after_seconds=90, drop_language=True, add_queues=frozenset({"desk"})),
        ),
        on_exhausted=ExhaustedRule(after_seconds=300, then="any"),
        overflow=OverflowRule(after_seconds=600, queue="desk"),
        callback=CallbackRule(attempts=2, gap_seconds=60),
    )


def test_the_version_is_the_readers_and_not_the_documents() -> None:
    assert read(DOCUMENT, version=7).version == 7
    assert told(("version", 7)) == ["version: there is no such setting"]


def test_what_is_not_said_of_a_queue_has_its_default() -> None:
    assert read(DOCUMENT).queues["desk"] == QueueRule(name="Desk", target_seconds=60, offer_timeout_seconds=15)


def test_a_child_has_from_above_what_it_does_not_say_itself() -> None:
    requests = read(DOCUMENT).requests
    child, parent = requests["claim_new"], requests["claim"]
    assert (child.queue, child.letter, child.skills, child.firm) == ("claims", "C", parent.skills, parent.firm)
    assert child.any_of == ({"law": 2, "sales": 1},)
    assert (child.labels, child.parent, parent.any_of) == ({"en": "New claim"}, "claim", ())
    assert (
        read(changed(("request_types.claim_new.skills", {}), ("request_types.claim_new.firm", [])))
        .requests["claim_new"]
        .skills
        == {}
    ), "an empty list of skills is a word too"


def test_request_types_have_their_place_by_order_or_as_they_say() -> None:
    assert [rule.place for rule in read(DOCUMENT).requests.values()] == [0, 1, 2, 3]
    assert read(changed(("request_types.claim.place", 9))).requests["claim"].place == 9


def test_the_standing_reasons_hold_where_the_document_is_silent() -> None:
    reasons = read(DOCUMENT).reasons
    assert reasons["elderly"] == ReasonRule(seconds=400, share=0.1)
    assert reasons["veteran"] == ReasonRule(seconds=100)
    assert reasons["reopened"] == STANDING_REASONS["reopened"]


def test_a_channel_that_is_not_named_is_plain() -> None:
    rules = read(DOCUMENT)
    assert rules.channel("email") == ChannelRule(units=2, beside_live=True)
    assert rules.channel("walk_in") == ChannelRule()


def test_midnight_at_the_end_of_a_day_may_be_called_24_00() -> None:
    hours = read(changed(("queues.claims.hours.mon", ["18:00-24:00"]))).queues["claims"].hours
    assert hours is not None
    assert hours.weekly["mon"] == (("18:00", "00:00"),)


def test_a_document_that_went_through_json_means_the_same() -> None:
    assert read(json.loads(json.dumps(DOCUMENT))) == read(DOCUMENT)


@pytest.mark.parametrize(
    ("path", "value", "mistake"),
    [
        ("rules", {}, "rules: there is no such setting"),
        ("queue", {}, "queue: there is no such setting; did you mean 'queues'?"),
        ("queues", GONE, "queues: is missing"),
        ("queues", {}, "queues: must not be empty"),
        ("queues", [], "queues: must be a table"),
        ("queues.Desk", {}, "queues.Desk: a code has lower-case letters, digits, _ and - only, and starts with a"),
        ("queues." + "x" * 61, {}, f"queues.{'x' * 61}: must not have more than 60 characters"),
        ("queues.desk", 3, "queues.desk: must be a table"),
        ("queues.desk.name", GONE, "queues.desk.name: is missing"),
        ("queues.desk.name", "", "queues.desk.name: must not be empty, nor begin or end with a blank"),
        ("queues.desk.name", "x" * 201, "queues.desk.name: must not have more than 200 characters"),
        ("queues.desk.name", "a\x00", "queues.desk.name: holds characters that cannot be shown"),
        ("queues.desk.name", 5, "queues.desk.name: must be a text in quotes"),
        ("queues.desk.target_seconds", GONE, "queues.desk.target_seconds: is missing"),
        ("queues.desk.target_seconds", "3", "queues.desk.target_seconds: must be a whole number"),
        ("queues.desk.target_seconds", True, "queues.desk.target_seconds: must be a whole number"),
        ("queues.desk.target_seconds", 1.5, "queues.desk.target_seconds: must be a whole number"),
        ("queues.desk.target_seconds", -1, "queues.desk.target_seconds: must be between 0 and 7,776,000"),
        ("queues.desk.target_seconds", 10**400, "queues.desk.target_seconds: must be between 0 and 7,776,000"),
        ("queues.desk.target_secs", 3, "queues.desk.target_secs: there is no such setting; did you mean 'target_sec"),
        ("queues.desk.offer_timeout_seconds", 0, "queues.desk.offer_timeout_seconds: must be between 1 and 86,400"),
        ("queues.desk.mean_handle_seconds", 0, "queues.desk.mean_handle_seconds: must be between 1 and 86,400"),
        ("queues.desk.order", "oldest", "queues.desk.order: must be one of "),
        ("queues.desk.order", "longest_idel", "did you mean 'longest_idle'?"),
        ("queues.desk.preferred_seconds", float("nan"), "queues.desk.preferred_seconds: must be between 0 and 86,400"),
        ("queues.desk.preferred_seconds", "60", "queues.desk.preferred_seconds: must be a number"),
        ("queues.desk.offers_at_most", 0, "queues.desk.offers_at_most: must be between 1 and 1,000"),
        ("queues.desk.back_off_seconds.bussy", 1, "queues.desk.back_off_seconds.bussy: there is no such setting; did"),
        ("queues.desk.back_off_seconds.busy", -1, "queues.desk.back_off_seconds.busy: must be between 0 and 86,400"),
        ("queues.claims.steps.0.after_seconds", -1, "queues.claims.steps.0.after_seconds: must be between 0 and"),
        ("queues.claims.steps.0.after_seconds", GONE, "queues.claims.steps.0.after_seconds: is missing"),
        ("queues.claims.steps.0.lower_levels_by", 5, "queues.claims.steps.0.lower_levels_by: must be between 0 and 4"),
        ("queues.claims.steps.1.drop_skills", "senior", "queues.claims.steps.1.drop_skills: must be a list"),
        ("queues.claims.steps.1.drop_skills", ["law", "law"], "queues.claims.steps.1.drop_skills: names something twi"),
        ("queues.claims.steps.1.drop_skills", ["Law"], "queues.claims.steps.1.drop_skills.0: a code has lower-case"),
        ("queues.claims.steps.2.drop_language", 1, "queues.claims.steps.2.drop_language: must be true or false"),
        ("queues.claims.steps", {}, "queues.claims.steps: must be a list"),
        ("queues.claims.steps", [1], "queues.claims.steps.0: must be a table"),
        ("queues.claims.steps", [{"after_seconds": 1}] * 17, "queues.claims.steps: must not have more than 16 entries"),
        ("queues.claims.on_entry.0.when", "open", "queues.claims.on_entry.0.when: must be one of closed, closing, le"),
        ("queues.claims.on_entry.0.when", GONE, "queues.claims.on_entry.0.when: is missing"),
        ("queues.claims.on_entry.0.then", "say", "queues.claims.on_entry.0.then: must be one of callback, overflow,"),
        ("queues.claims.on_entry.0.message", "x" * 501, "queues.claims.on_entry.0.message: must not have more than 50"),
        ("queues.claims.on_entry.1.over", "50", "queues.claims.on_entry.1.over: must be a number"),
        ("queues.claims.on_entry.1.over", -1, "queues.claims.on_entry.1.over: must be between 0 and"),
        ("queues.claims.on_exhausted", {"then": "any"}, "queues.claims.on_exhausted.after_seconds: is missing"),
        ("queues.claims.on_exhausted.then", GONE, "queues.claims.on_exhausted.then: is missing"),
        ("queues.claims.overflow", {"after_seconds": 1}, "queues.claims.overflow.queue: is missing"),
        ("queues.orders.split.orders_a", 0, "queues.orders.split.orders_a: must be between 1 and 100"),
        ("queues.orders.split", {}, "queues.orders.split: names no queue"),
        ("queues.claims.callback.attempts", 0, "queues.claims.callback.attempts: must be between 1 and 20"),
        ("queues.claims.callback.gap_seconds", 0, "queues.claims.callback.gap_seconds: must be between 1 and 86,400"),
        ("reasons.elderly.share", 1.1, "reasons.elderly.share: must be between 0 and 1"),
        ("reasons.elderly.seconds", -1, "reasons.elderly.seconds: must be between 0 and 7,776,000"),
        ("reasons.elderly.seconds", GONE, "reasons.elderly.seconds: is missing"),
        ("channels.phone.units", 101, "channels.phone.units: must be between 0 and 100"),
        ("channels.phone.interrupt", True, "channels.phone.interrupt: there is no such setting; did you mean 'interr"),
        ("skills", "claims", "skills: must be a list"),
        ("skills", ["claims", 5], "skills.1: must be a text in quotes"),
        ("groups", ["helpers", "helpers"], "groups: names something twice"),
        ("request_types.order.labels", GONE, "request_types.order.labels: is missing"),
        ("request_types.order.labels", {"English": "x"}, 'request_types.order.labels.English: must be a language like'),
        ("request_types.order.queue", GONE, "request_types.order.queue: is missing, and there is no parent to have it"),
        ("request_types.order.letter", GONE, "request_types.order.letter: is missing, and there is no parent to have"),
        ("request_types.order.letter", "ö", "request_types.order.letter: must be one of the letters A to Z"),
        ("request_types.order.skills.sales", 6, "request_types.order.skills.sales: must be between 1 and 5"),
        ("request_types.order.skills.sales", 0, "request_types.order.skills.sales: must be between 1 and 5"),
        ("request_types.order.any_of", [{}], "request_types.order.any_of.0: names no skill, so nobody could ever"),
        ("request_types.order.any_of", [["law"]], "request_types.order.any_of.0: must be a table"),
        ("request_types.order.firm", ["lisence"], "request_types.order.firm: does not ask for 'lisence', which is firm"),
        ("request_types.claim_new.skills", {"claims": 1}, "request_types.claim_new.skills: does not ask for 'licence'"),
        ("request_types.order.speak", "no", "request_types.order.speak: must be true or false"),
        ("request_types.order.parent", "clam", "request_types.order.parent: there is no request type 'clam'; did you"),
        ("request_types.claim.parent", "claim_new", "request_types.claim.parent: goes in a circle, or is more than 4"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_itself_is_named_with_its_path(path: str, value: object, mistake: str) -> None:
    assert any(mistake in each for each in told((path, value))), told((path, value))
    with pytest.raises(WrongRules):
        read(changed((path, value)))


@pytest.mark.parametrize(
    ("day", "spans", "mistake"),
    [
        ("mon", ["9:00-18:00"], 'mon.0: must be like "09:00-17:30"'),
        ("mon", ["09:00-25:00"], 'mon.0: must be like "09:00-17:30"'),
        ("mon", ["24:00-02:00"], 'mon.0: must be like "09:00-17:30"'),
        ("mon", [["09:00", "17:00"]], 'mon.0: must be like "09:00-17:30"'),
        ("mon", "09:00-17:00", "mon: must be a list"),
        ("mon", ["09:00-12:00", "11:59-17:00"], "mon: overlaps with another span of the same day"),
        ("mon", ["13:00-17:00", "09:00-13:30"], "mon: overlaps with another span of the same day"),
        ("mon", ["09:00-12:00", "09:00-12:00"], "mon: overlaps with another span of the same day"),
        ("sat", ["05:00-12:00"], "sat: overlaps with the night of fri"),
        ("sun", ["20:00-09:01"], "mon: overlaps with the night of sun"),
        ("monday", ["09:00-17:00"], "monday: there is no such setting; did you mean 'mon'?"),
        ("exceptions.2027-02-30", [], 'exceptions.2027-02-30: must be a date like "2027-03-20"'),
        ("exceptions.20270220", [], 'exceptions.20270220: must be a date like "2027-03-20"'),
        ("exceptions.0001-01-01", [], 'exceptions.0001-01-01: must be a date like "2027-03-20"'),
        ("exceptions.2027-03-20", ["10:00-14:00", "13:00-15:00"], "exceptions.2027-03-20: overlaps with another span"),
        ("exceptions.2027-03-20", ["05:00-08:00"], "exceptions.2027-03-20: overlaps with the night before"),
        ("exceptions.2027-03-21", ["20:00-10:00"], "exceptions.2027-03-21: overlaps with the next day"),
        ("holidays", "Pakistan", "holidays: must not have more than 7 characters"),
        ("holidays", "pk", 'holidays: must be a country like "PK", or a part of one like "IN-TG"'),
    ],
)
def test_hours_that_cannot_be_are_refused(day: str, spans: object, mistake: str) -> None:
    found = told((f"queues.claims.hours.{day}", spans))
    assert [each for each in found if each.startswith(f"queues.claims.hours.{mistake}")], found


def test_spans_that_only_touch_do_not_overlap() -> None:
    assert told(("queues.claims.hours.sat", ["06:00-12:00", "12:00-18:00"])) == []
    assert told(("queues.claims.hours.sun", ["18:00-09:00"])) == []
    everyday = {day: ["00:00-24:00"] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
    assert told(("queues.claims.hours", everyday)) == []


def test_hours_that_never_come_are_refused() -> None:
    never = "queues.claims.hours: is never open; leave hours out for a queue that is always open"
    assert told(("queues.claims.hours", {"mon": [], "exceptions": {"2027-01-01": []}})) == [never]


def test_a_tree_of_four_levels_stands_and_a_fifth_does_not() -> None:
    deep: list[tuple[str, Any]] = [
        (f"request_types.level_{number}", {"labels": {}, "parent": f"level_{number - 1}" if number > 2 else "claim"})
        for number in range(2, 6)
    ]
    assert told(*deep[:3]) == []
    assert told(*deep) == ["request_types.level_5.parent: goes in a circle, or is more than 4 levels deep"]


def test_every_mistake_is_told_at_once_in_the_order_of_the_paths() -> None:
    steps = [{"after_seconds": number, "drop_language": 1} for number in range(12)]
    found = told(("queues.claims.steps", steps), ("reasons.elderly.share", 2), ("queues.claims.name", 1))
    assert found == [
        "queues.claims.name: must be a text in quotes",
        *(f"queues.claims.steps.{number}.drop_language: must be true or false" for number in range(12)),
        "reasons.elderly.share: must be between 0 and 1",
    ]


values: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(st.text(max_size=5), st.sampled_from(["after_seconds", "queue", "claims"])), inner, max_size=3),
    ),
    max_leaves=6,
)  # fmt: skip


def paths(document: Any, path: tuple[str, ...] = ()) -> list[str]:
    """Every place of a document."""
    inner = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    return [place for key, value in inner for place in (".".join((*path, str(key))), *paths(value, (*path, str(key))))]


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(paths(DOCUMENT)), values)
def test_whatever_stands_anywhere_is_read_or_refused_and_never_breaks_the_reader(path: str, value: object) -> None:
    document = changed((path, value))
    found = faults(document)
    if not found:
        read(document)
    assert all(fault.reason and all(isinstance(part, str) for part in fault.path) for fault in found)


def test_a_child_that_names_no_groups_has_those_of_its_parent() -> None:
    found = read(changed(("request_types.claim.any_of", [{"law": 1}]), ("request_types.claim_new.any_of", GONE)))
    assert found.requests["claim_new"].any_of == found.requests["claim"].any_of == ({"law": 1},)


def test_how_long_a_place_is_kept_for_who_left_is_the_queues_to_say() -> None:
    assert read(changed(("queues.desk.grace_seconds", 7))).queues["desk"].grace_seconds == 7
    assert read(DOCUMENT).queues["desk"].grace_seconds == 300


def test_an_end_may_come_at_once() -> None:
    assert faults(changed(("queues.orders_b.on_exhausted.after_seconds", 0))) == ()


def test_labels_in_more_languages_than_there_are_rules_for_are_refused() -> None:
    labels = {f"{first}{second}": "Claim" for first in "abcdefgh" for second in "abcdefghijklmnopqrstuvwxyz"}
    (fault,) = faults(changed(("request_types.order.labels", labels)))
    assert str(fault).startswith("request_types.order.labels: must not have more than ")


@pytest.mark.parametrize(
    "earlier", [{"before": "message"}, {"share": 0.5}, {"amount_over": 10}, {"new_within_days": 30}]
)
def test_a_check_after_one_that_does_not_hold_for_everything_still_counts(earlier: dict[str, Any]) -> None:
    assert faults(changed(("resolution", {"checks": [earlier, {"before": "resolution"}]}))) == ()
