"""Back to the line, or to another one: the customer's clock, who is asked next, and what is given back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from app.actions.contacts.cancel import cancel
from app.actions.contacts.complete import complete
from app.actions.contacts.depart import depart, no_show
from app.actions.line.requeue import come_back, hand_back, park, transfer, wake
from app.actions.offers.accept import accept
from app.actions.offers.reject import EXCLUDED_AT_MOST, reject
from app.queries.line.colleagues import others_could
from channels.base import Person
from routing.plan import back_off
from tests.shift import Shift, person

ENDS: dict[str, tuple[Any, dict[str, Any], str, str]] = {
    "complete": (complete, {"outcome": "answered"}, "active", "completed"),
    "complete_after_wrap_up": (complete, {"outcome": None}, "wrapping", "completed"),
    "cancel": (cancel, {"reason": "asked"}, "offered", "withdrawn"),
    "leave": (depart, {"reason": "hung_up"}, "offered", "customer_left"),
    "no_show": (no_show, {}, "active", "customer_left"),
    "park": (park, {"until": None, "reason": None}, "active", "parked"),
    "transfer": (transfer, {"queue": "sales", "representative": None, "reason": None}, "active", "transferred"),
    "transfer_an_offer": (transfer, {"queue": "sales", "representative": None, "reason": None}, "offered", "transferred"),
    "hand_back": (hand_back, {"reason": "absent"}, "active", "handed_back"),
    "withdraw": (hand_back, {"reason": "absent", "event": "withdrawn"}, "offered", "withdrawn"),
}  # fmt: skip


@pytest.mark.parametrize("name", ENDS)
async def test_what_was_taken_of_a_representative_is_given_back_once(shift: Shift, name: str) -> None:
    action, more, state, outcome = ENDS[name]
    other = await shift.bring("active", channel="email")
    interaction = await shift.bring(state)
    held = await shift.staff("esther")
    assert (held["live"], held["units"]) == (1, 2)
    await shift.do(action, interaction, **more)
    assignment = await shift.holder(interaction)
    assert (assignment["state"], assignment["outcome"]) == ("ended", outcome)
    row = await shift.staff("esther")
    assert (row["live"], row["units"]) == (0, 1)
    worked = assignment["answered_at"] is not None
    assert (row["idle_since"] > held["idle_since"]) is worked, "only real work makes somebody less idle"
    told = await shift.last(interaction)
    assert (told["data"]["assignment"], told["data"]["representative"]) == (str(assignment["id"]), "esther")
    assert (await shift.holder(other))["state"] == "accepted"


async def test_the_end_of_the_talk_frees_nobody_before_the_end_of_the_wrap_up(shift: Shift) -> None:
    interaction = await shift.arrive("walk_in", "technical_service")
    await shift.serve(interaction)
    await shift.do(depart, interaction, reason="left")
    row = await shift.row(interaction)
    assert (row["state"], (row["wake_at"] - row["state_at"]).total_seconds()) == ("wrapping", 60)
    assert ((await shift.staff("esther"))["live"], (await shift.holder(interaction))["state"]) == (1, "wrapping")
    await shift.do(complete, interaction, outcome=None)
    assert ((await shift.staff("esther"))["live"], (await shift.row(interaction))["wake_at"]) == (0, None)


async def test_a_declined_offer_keeps_its_place_and_asks_others_first(shift: Shift) -> None:
    await shift.come_to_work("ayesha")
    interaction = await shift.bring("offered", code="farid")
    due = (await shift.row(interaction))["due_at"]
    await shift.pass_time(5)
    declined = await shift.do(reject, (await shift.holder(interaction))["id"], reason="busy", actor=person("farid"))
    row = await shift.row(interaction)
    assert (row["state"], row["due_at"], row["excluded"], row["misses"]) == ("queued", due, ["farid"], 1)
    assert (row["not_before"] - declined.ended_at).total_seconds() == back_off("declined", 1)
    told = await shift.last(interaction)
    assert (told["kind"], told["data"]["reason"], declined.reason) == ("declined", "busy", "busy")


async def test_many_refusals_rest_longer_are_remembered_within_bounds_and_end_with_the_acceptance(
    shift: Shift,
) -> None:
    await shift.come_to_work("ayesha")
    interaction = await shift.arrive()
    await shift.execute(
        "UPDATE interaction SET excluded = array(SELECT 'gone-' || n FROM generate_series(1, $2::int) n) WHERE id = $1",
        interaction, EXCLUDED_AT_MOST,
    )  # fmt: skip
    for misses, code in enumerate(("farid", "bilal", "farid"), start=1):
        refused = await shift.do(reject, await shift.offer(interaction, code), reason="busy")
        row = await shift.row(interaction)
        assert (row["misses"], len(row["excluded"]), row["excluded"][-1]) == (misses, EXCLUDED_AT_MOST, code)
        assert (row["not_before"] - refused.ended_at).total_seconds() == back_off("declined", misses)
    assert (await shift.row(interaction))["excluded"].count("farid") == 1
    await shift.do(accept, await shift.offer(interaction))
    assert (await shift.row(interaction))["misses"] == 0


async def test_where_nobody_else_could_take_it_a_refusal_is_only_a_rest(shift: Shift) -> None:
    """Devi lacks the language, Bilal the skill, Chandra the office, and Esther, who has all of it, is not on shift."""
    await shift.come_to_work("devi", "bilal", "chandra")
    interaction = await shift.arrive("walk_in", "claim", language="en")
    refused = await shift.do(reject, await shift.offer(interaction, "farid"), reason="busy")
    row = await shift.row(interaction)
    assert (row["excluded"], row["not_before"]) == ([], refused.ended_at + timedelta(seconds=back_off("declined", 1)))
    await shift.do(reject, await shift.offer(interaction, "farid"), reason="busy")
    assert (await shift.row(interaction))["misses"] == 2, "the rest grows with each"


@pytest.mark.parametrize(
    ("change", "could"),
    [
        ("presence = 'away'", True),
        ("live = 1", True),
        ("retired = true", False),
        ("queues = '{sales}'", False),
        ("skills = '{\"claims\": 1}'", False),
        ("skills = '{}'", False),
        ("languages = '{te}'", False),
        ("office = 'hyderabad'", False),
        ("capacity = 0", False),
    ],
)
async def test_who_else_could_take_it_is_told_by_what_they_have_and_not_by_what_they_do(
    shift: Shift, change: str, could: bool
) -> None:
    await shift.come_to_work("ayesha")
    interaction = await shift.arrive("walk_in", "claim", language="en")
    await shift.execute(f"UPDATE representative SET {change} WHERE code = 'ayesha'")
    async with shift.db.reading() as session:
        assert await others_could(session, interaction, besides=["farid"]) is could
        assert not await others_could(session, interaction, besides=["farid", "ayesha"])
    await shift.execute(
        "UPDATE representative SET presence = 'available', live = 0, retired = false WHERE code = 'ayesha'"
    )


async def test_a_transfer_keeps_the_clock(shift: Shift) -> None:
    interaction = await shift.bring("active")
    before = await shift.row(interaction)
    await shift.pass_time(100)
    await shift.do(transfer, interaction, queue="technical", representative=None, reason="wrong_queue")
    row = await shift.row(interaction)
    assert row["queued_at"] == before["queued_at"]
    assert row["due_at"] == before["queued_at"] + timedelta(seconds=300), "arrival + the new queue's target"
    assert (await shift.last(interaction))["data"] | {"assignment": ""} == {
        "assignment": "", "representative": "esther", "queue": "technical", "reason": "wrong_queue",
    }  # fmt: skip


async def test_what_was_asked_for_at_first_is_not_needed_in_another_line(shift: Shift) -> None:
    interaction = await shift.arrive("walk_in", "claim")
    assert (await shift.row(interaction))["skills"] == {"claims": 2}
    await shift.do(transfer, interaction, queue="claims", representative=None, reason=None)
    assert (await shift.row(interaction))["skills"] == {"claims": 2}
    await shift.do(transfer, interaction, queue="technical", representative=None, reason=None)
    assert (await shift.row(interaction))["skills"] == {"technical": 3}
    await shift.do(transfer, interaction, queue="inquiries", representative=None, reason=None)
    assert (await shift.row(interaction))["skills"] == {}


async def test_a_line_nobody_asks_for_needs_nothing(shift: Shift) -> None:
    await shift.execute("DELETE FROM request_type WHERE queue = 'feedback'")
    interaction = await shift.arrive("walk_in", "claim")
    await shift.do(transfer, interaction, queue="feedback", representative=None, reason=None)
    assert (await shift.row(interaction))["skills"] == {}


async def test_a_transfer_to_somebody_waits_for_them_a_while(shift: Shift) -> None:
    await shift.come_to_work("farid")
    interaction = await shift.bring("active")
    await shift.do(transfer, interaction, queue=None, representative="farid", reason=None)
    row = await shift.row(interaction)
    assert (row["queue"], row["preferred"], row["excluded"]) == ("inquiries", "farid", ["esther"])
    assert (row["preferred_until"] - row["state_at"]).total_seconds() == 120


async def test_who_hands_it_on_is_not_asked_again_at_once(shift: Shift) -> None:
    interaction = await shift.bring("active")
    await shift.execute("UPDATE interaction SET excluded = '{farid}' WHERE id = $1", interaction)
    await shift.do(transfer, interaction, queue="sales", representative=None, reason=None)
    row = await shift.row(interaction)
    assert (row["excluded"], row["not_before"]) == (["esther"], row["state_at"])


async def test_a_transfer_out_of_the_line_excludes_nobody(shift: Shift) -> None:
    interaction = await shift.arrive()
    await shift.do(transfer, interaction, queue="sales", representative=None, reason=None)
    row = await shift.row(interaction)
    assert (row["excluded"], row["not_before"], row["queue"]) == ([], None, "sales")


async def test_a_head_start_never_exceeds_the_new_queues_limit(shift: Shift) -> None:
    await shift.execute("UPDATE queue SET head_start_cap_seconds = 100 WHERE code = 'sales'")
    interaction = await shift.arrive(person=Person(needs=("elderly",)))
    await shift.do(transfer, interaction, queue="sales", representative=None, reason=None)
    row = await shift.row(interaction)
    assert row["due_at"] == row["queued_at"] + timedelta(seconds=60 - 100)


async def test_who_was_parked_stands_in_line_from_the_waking_and_before_the_same_representative(shift: Shift) -> None:
    interaction = await shift.bring("active", channel="email")
    until = (await shift.row(interaction))["state_at"] + timedelta(days=2)
    await shift.do(park, interaction, until=until, reason="papers")
    row = await shift.row(interaction)
    assert (row["wake_at"], row["preferred"], row["state"]) == (until, "esther", "parked")
    await shift.pass_time(86_400)
    await shift.do(wake, interaction)
    row = await shift.row(interaction)
    woken = (await shift.last(interaction))["at"]
    assert (row["state"], row["wake_at"], row["due_at"]) == ("queued", None, woken + timedelta(seconds=180))
    assert (row["preferred"], row["preferred_until"]) == ("esther", woken + timedelta(seconds=120))


async def test_the_time_asleep_never_counts_as_waiting_even_after_a_transfer(shift: Shift) -> None:
    interaction = await shift.bring("parked", channel="email")
    await shift.pass_time(86_400)
    await shift.do(wake, interaction)
    woken = (await shift.row(interaction))["state_at"]
    await shift.do(transfer, interaction, queue="sales", representative=None, reason=None)
    assert (await shift.row(interaction))["due_at"] == woken + timedelta(seconds=60)


@pytest.mark.parametrize(("away_seconds", "in_time"), [(290, True), (310, False)])
async def test_who_returns_in_time_stands_where_they_stood_and_later_at_the_end(
    shift: Shift, away_seconds: float, in_time: bool
) -> None:
    interaction = await shift.arrive()
    first = await shift.row(interaction)
    await shift.pass_time(30)
    await shift.do(depart, interaction, reason="left")
    await shift.pass_time(away_seconds)
    await shift.do(come_back, interaction)
    row = await shift.row(interaction)
    assert (await shift.last(interaction))["data"] == {"in_time": in_time}
    start = first["queued_at"] if in_time else row["state_at"]
    assert (row["queued_at"], row["due_at"]) == (start, start + timedelta(seconds=180))


async def test_a_called_visitor_who_does_not_come_keeps_the_place_for_a_while(shift: Shift) -> None:
    interaction = await shift.bring("active")
    due = (await shift.row(interaction))["due_at"]
    await shift.do(no_show, interaction, actor=person("esther"))
    assert ((await shift.row(interaction))["state"], (await shift.staff("esther"))["live"]) == ("abandoned", 0)
    await shift.do(come_back, interaction)
    assert (await shift.row(interaction))["due_at"] == due
    await shift.serve(interaction)


async def test_who_never_chose_cannot_return_to_a_line(shift: Shift) -> None:
    interaction = await shift.bring("arriving", channel="phone")
    await shift.do(depart, interaction, reason="hung_up")
    before = await shift.everything()
    await shift.do(come_back, interaction)
    assert await shift.everything() == before


async def test_a_story_never_goes_back_in_time_for_who_waited_for_the_lock(shift: Shift) -> None:
    interaction = await shift.bring("active")
    moments = await shift.fetch("SELECT wall_clock() - interval '5 s' AS early")
    async with shift.db.session() as session:
        await complete(session, interaction, outcome=None, actor=person("esther"), now=moments[0]["early"])
    row, assignment = await shift.row(interaction), await shift.holder(interaction)
    assert assignment["answered_at"] <= assignment["ended_at"]
    times = await shift.fetch("SELECT at FROM event WHERE subject_id = $1 ORDER BY version", str(interaction))
    assert [each["at"] for each in times] == sorted(each["at"] for each in times)
    assert row["state_at"] == times[-1]["at"]


async def waited(shift: Shift, interaction: UUID) -> int:
    found: int = (await shift.case(interaction))["waited_seconds"]
    return found


async def test_every_wait_in_line_is_counted_once_for_the_case(shift: Shift) -> None:
    interaction = await shift.arrive()
    await shift.pass_time(100)
    await shift.do(reject, await shift.offer(interaction, "farid"), reason="busy")
    await shift.pass_time(50)
    await shift.serve(interaction)
    assert await waited(shift, interaction) in range(150, 155)
    await shift.pass_time(1000)
    await shift.do(transfer, interaction, queue="sales", representative=None, reason=None)
    await shift.pass_time(20)
    await shift.do(transfer, interaction, queue="inquiries", representative=None, reason=None)
    await shift.pass_time(20)
    await shift.serve(interaction)
    assert await waited(shift, interaction) in range(190, 200)


async def test_who_gave_up_has_waited_too(shift: Shift) -> None:
    interaction = await shift.arrive()
    await shift.pass_time(100)
    await shift.do(depart, interaction, reason="left")
    await shift.pass_time(200)
    await shift.do(come_back, interaction)
    await shift.pass_time(10)
    await shift.serve(interaction)
    assert await waited(shift, interaction) in range(110, 116)


async def test_who_left_the_menu_has_waited_for_nobody(shift: Shift) -> None:
    interaction = await shift.bring("arriving", channel="phone")
    await shift.pass_time(100)
    await shift.do(depart, interaction, reason="hung_up")
    assert await waited(shift, interaction) == 0
