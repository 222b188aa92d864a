"""A second person's look: who may, who never may, one at a time, and what becomes of it."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest

from app.actions import tending
from app.actions.cases.resolve import resolve
from app.actions.checks.decide import approve, drop, send_back, take
from app.actions.contacts.complete import complete
from app.errors import Conflict, Forbidden, NotFound
from app.loops.tending import Tending
from app.loops.timers import Timers
from app.queries.cases.checks import LEAST, figures
from app.security import Actor
from channels.base import Person, Wrote
from tests.moving import turns
from tests.ruling import document, rule
from tests.shift import Shift, person

SOFTWARE = Actor(role="integration", key_id="7", name="telephony")
ANOTHER_SUPERVISOR = Actor(role="supervisor", key_id="other", name="other")
SANA = Person(name="Sana Iqbal", email="sana@example.test")


async def checked(shift: Shift, *checks: dict[str, Any], **more: Any) -> None:
    """From now on these checks are wanted of claims."""
    said = {"request_types": {"claim": {"checks": list(checks)}}}
    await rule(shift.db, shift.intake, document(resolution=said, **more))


async def served(shift: Shift, code: str = "ayesha", *, channel: str = "console") -> tuple[UUID, UUID]:
    """A claim that `code` serves: the interaction and the case, tended."""
    more = {"person": SANA} if channel == "email" else {}
    interaction = await shift.arrive(channel, "claim", **more)
    await shift.serve(interaction, code)
    await turns(Tending(shift.db))
    return interaction, (await shift.case(interaction))["id"]


async def check_of(shift: Shift, case: UUID) -> Any:
    rows = await shift.fetch("SELECT * FROM second_check WHERE case_id = $1 ORDER BY id DESC LIMIT 1", case)
    return rows[0] if rows else None


async def waiting(shift: Shift, code: str = "ayesha", **rules: Any) -> tuple[UUID, UUID]:
    """A claim whose resolution by `code` waits for a second person: the case and the check."""
    await checked(shift, rules)
    _, case = await served(shift, code)
    await shift.do(resolve, case, outcome="paid", root_cause="storm", actor=person(code))
    return case, (await check_of(shift, case))["id"]


async def row(shift: Shift, case: UUID) -> Any:
    return (await shift.fetch('SELECT * FROM "case" WHERE id = $1', case))[0]


async def test_a_case_is_resolved_when_another_person_has_approved_it(shift: Shift) -> None:
    case, check = await waiting(shift)
    assert (await row(shift, case))["state"] == "checking"
    assert (await row(shift, case))["resolved_at"] is None
    taken = await shift.do(take, check, actor=person("chandra"))
    assert (taken.state, taken.checker) == ("taken", "chandra")
    done = await shift.do(approve, check, comment="Well done", actor=person("chandra"))
    assert (done.state, done.comment) == ("passed", "Well done")
    found = await row(shift, case)
    assert (found["state"], found["outcome"], found["root_cause"], found["resolved_by"]) == (
        "resolved", "paid", "storm", "ayesha",
    )  # fmt: skip
    told = await shift.fetch(
        "SELECT kind, data FROM event WHERE subject_id = $1 AND kind LIKE 'check%' ORDER BY version", str(case)
    )
    assert [each["kind"] for each in told] == ["check_requested", "check_taken", "check_passed"]
    assert told[0]["data"] == {
        "check": str(check), "before": "resolution", "reason": "always", "representative": "ayesha",
    }  # fmt: skip
    assert told[2]["data"]["check"] == str(check)
    assert "Well done" not in str([dict(each) for each in told])
    assert await shift.fetch("SELECT key FROM timer WHERE kind = 'check_late'") == []


async def test_of_two_who_take_it_at_once_one_has_it(shift: Shift) -> None:
    _, check = await waiting(shift)
    people = [person("chandra"), person("farid"), person("esther"), ANOTHER_SUPERVISOR]
    found = await asyncio.gather(*(shift.do(take, check, actor=each) for each in people), return_exceptions=True)
    lost = [each for each in found if isinstance(each, Conflict)]
    assert [each.code for each in lost] == ["taken"] * 3
    assert len(await shift.fetch("SELECT FROM event WHERE kind = 'check_taken'")) == 1


async def test_what_is_said_twice_happened_once(shift: Shift) -> None:
    case, check = await waiting(shift)
    steps: list[tuple[Any, dict[str, Any]]] = [(take, {}), (drop, {}), (take, {}), (approve, {"comment": "Right"})]
    for action, more in steps:
        once = await shift.do(action, check, actor=person("chandra"), **more)
        before = await shift.everything()
        twice = await shift.do(action, check, actor=person("chandra"), **more)
        assert twice.model_dump() == once.model_dump()
        assert await shift.everything() == before
    await shift.do(resolve, case, outcome="other", actor=person("ayesha"))
    assert (await row(shift, case))["outcome"] == "paid"


async def test_resolving_again_while_it_is_checked_asks_nobody_twice(shift: Shift) -> None:
    case, check = await waiting(shift)
    before = await shift.everything()
    assert (await shift.do(resolve, case, outcome="paid", actor=person("ayesha"))).state == "checking"
    assert await shift.everything() == before
    assert (await check_of(shift, case))["id"] == check


async def test_what_is_returned_is_open_again_and_whose_work_it_is_hears_why(shift: Shift) -> None:
    case, check = await waiting(shift)
    await shift.do(take, check, actor=person("chandra"))
    done = await shift.do(send_back, check, comment="The photo is missing", actor=person("chandra"))
    assert (done.state, done.comment) == ("returned", "The photo is missing")
    assert (await row(shift, case))["state"] == "open"
    alarms = await shift.fetch("SELECT kind, representative, data FROM alarm WHERE kind = 'check_returned'")
    assert [tuple(each) for each in alarms] == [("check_returned", "ayesha", {"check": str(check)})]
    with pytest.raises(Conflict) as caught:
        await shift.do(approve, check, actor=person("chandra"))
    assert caught.value.code == "check_over"
    await shift.do(resolve, case, outcome="paid", actor=person("ayesha"))
    again = await check_of(shift, case)
    assert again["id"] != check
    assert again["state"] == "waiting"


async def test_only_who_has_taken_it_decides(shift: Shift) -> None:
    _, check = await waiting(shift)
    with pytest.raises(Conflict) as caught:
        await shift.do(approve, check, actor=person("chandra"))
    assert caught.value.code == "not_taken"
    await shift.do(take, check, actor=person("chandra"))
    for actor in (person("farid"), ANOTHER_SUPERVISOR):
        with pytest.raises(Forbidden) as other:
            await shift.do(send_back, check, comment="No", actor=actor)
        assert other.value.code == "not_yours"
    with pytest.raises(Forbidden):
        await shift.do(drop, check, actor=person("farid"))
    assert (await shift.do(drop, check, actor=ANOTHER_SUPERVISOR)).state == "waiting"
    assert (await shift.do(take, check, actor=person("farid"))).checker == "farid"


async def test_there_is_no_check_of_that_name(shift: Shift) -> None:
    nobody = UUID("00000000-0000-7000-8000-000000000000")
    ways: list[tuple[Any, dict[str, Any]]] = [(take, {}), (drop, {}), (approve, {}), (send_back, {"comment": "No"})]
    for action, more in ways:
        with pytest.raises(NotFound):
            await shift.do(action, nobody, **more)


@pytest.mark.parametrize("taken", [False, True])
async def test_a_customer_who_writes_ends_what_is_being_checked(shift: Shift, taken: bool) -> None:
    await checked(shift, {})
    interaction, case = await served(shift, channel="email")
    await shift.do(resolve, case, outcome="paid", actor=person("ayesha"))
    check = (await check_of(shift, case))["id"]
    if taken:
        await shift.do(take, check, actor=person("chandra"))
    token = (await shift.case(interaction))["token"]
    letter = Wrote(ref="<2>", contact="<2>", content="2", body="Wait", case_token=token, person=SANA)
    assert (await shift.take("email", letter)).case_id == case
    assert (await row(shift, case))["state"] == "open"
    for action in (take, approve):  # before anybody has written down that it is over
        with pytest.raises(Conflict) as caught:
            await shift.do(action, check, actor=person("chandra" if taken and action is approve else "farid"))
        assert caught.value.code in ({"taken", "check_withdrawn"} if taken else {"check_withdrawn"})
    await turns(Tending(shift.db))
    found = await check_of(shift, case)
    assert (found["state"], found["checker"]) == ("withdrawn", "chandra" if taken else None)
    assert await shift.fetch("SELECT key FROM timer WHERE kind = 'check_late'") == []
    assert (await shift.story(case)).count("check_withdrawn") == 1
    await shift.do(resolve, case, outcome="paid", actor=person("ayesha"))
    assert (await check_of(shift, case))["state"] == "waiting"
    await turns(Tending(shift.db))
    assert (await check_of(shift, case))["state"] == "waiting", (
        "what the customer wrote before ends nothing that came after"
    )


async def test_what_is_asked_for_anew_before_the_old_one_was_withdrawn_stands(shift: Shift) -> None:
    await checked(shift, {})
    interaction, case = await served(shift, channel="email")
    await shift.do(resolve, case, outcome="paid", actor=person("ayesha"))
    old = (await check_of(shift, case))["id"]
    token = (await shift.case(interaction))["token"]
    await shift.take("email", Wrote(ref="<2>", contact="<2>", content="2", body="Wait", case_token=token, person=SANA))
    await shift.do(resolve, case, outcome="paid", actor=person("ayesha"))
    await turns(Tending(shift.db))
    rows = await shift.fetch("SELECT id, state FROM second_check WHERE case_id = $1 ORDER BY id", case)
    assert [(each["id"] == old, each["state"]) for each in rows] == [(True, "withdrawn"), (False, "waiting")]


async def test_who_does_not_decide_in_time_is_told_of_once(shift: Shift) -> None:
    case, check = await waiting(shift, within_seconds=3600)
    await turns(Timers(shift.db))
    assert await late(shift) == []
    await shift.pass_time(3601)
    await asyncio.gather(*(turns(Timers(shift.db)) for _ in range(3)))
    assert await late(shift) == [(case, None, {"check": str(check), "before": "resolution"})]
    await shift.do(take, check, actor=person("chandra"))
    await shift.do(approve, check, actor=person("chandra"))
    await shift.pass_time(36_000)
    await turns(Timers(shift.db))
    assert len(await late(shift)) == 1


async def late(shift: Shift) -> list[tuple[Any, ...]]:
    rows = await shift.fetch("SELECT case_id, representative, data FROM alarm WHERE kind = 'check_late'")
    return [tuple(each) for each in rows]


async def test_what_was_decided_in_time_is_never_late(shift: Shift) -> None:
    _, check = await waiting(shift, within_seconds=3600)
    await shift.do(take, check, actor=person("chandra"))
    await shift.do(send_back, check, comment="No", actor=person("chandra"))
    await shift.pass_time(7200)
    await turns(Timers(shift.db))
    assert await late(shift) == []


async def test_a_timer_of_what_is_decided_tells_nobody(shift: Shift) -> None:
    case, check = await waiting(shift, within_seconds=3600)
    await shift.do(take, check, actor=person("chandra"))
    await shift.do(approve, check, actor=person("chandra"))
    await shift.execute(
        "INSERT INTO timer (id, key, kind, case_id, due_at, data)"
        " VALUES (gen_random_uuid(), $1, 'check_late', $2, wall_clock(), $3)",
        f"check:{check}", case, {"check": str(check)},
    )  # fmt: skip
    await turns(Timers(shift.db))
    assert await late(shift) == []
    assert await shift.fetch("SELECT FROM timer WHERE kind = 'check_late'") == []


async def test_what_the_log_calls_for_is_done_once_though_it_is_cut_off_and_done_by_several(
    shift: Shift, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = [{"code": "greet", "do": "say", "words": {"en": "Good morning"}}]
    said = {"request_types": {"claim": {"checks": [{}], "playbook": "claim"}}}
    await rule(shift.db, shift.intake, document(resolution=said, playbooks={"claim": {"steps": steps}}))
    interaction = await shift.arrive("email", "claim", person=SANA)
    await shift.serve(interaction, "ayesha")
    case = (await shift.case(interaction))["id"]
    await shift.do(resolve, case, outcome=None, actor=person("ayesha"))
    token = (await shift.case(interaction))["token"]
    await shift.take("email", Wrote(ref="<2>", contact="<2>", content="2", body="Wait", case_token=token, person=SANA))

    async def cut_off(*_: Any) -> None:
        raise RuntimeError("cut off")

    concerns = tending.CONCERNS
    monkeypatch.setattr(tending, "CONCERNS", (*concerns, cut_off))
    before = await shift.everything() | {"follower": None}
    for _ in range(2):
        with pytest.raises(RuntimeError, match="cut off"):
            await turns(Tending(shift.db))
    assert await shift.everything() | {"follower": None} == before
    monkeypatch.setattr(tending, "CONCERNS", concerns)
    await asyncio.gather(*(turns(Tending(shift.db)) for _ in range(3)))
    story = await shift.story(case)
    assert (story.count("playbook_given"), story.count("check_withdrawn")) == (1, 1)


async def test_an_amount_a_new_colleague_and_a_reopened_case_are_reasons(shift: Shift) -> None:
    await checked(shift, {"amount_over": 1000}, {"new_within_days": 30})
    reasons = []
    for amount, days, reopened in ((1000, 31, 0), (1000.5, 31, 0), (None, 29, 0), (None, 31, 1)):
        interaction, case = await served(shift)
        await shift.do(complete, interaction, outcome=None)
        await shift.execute('UPDATE "case" SET amount = $2, reopened = $3 WHERE id = $1', case, amount, reopened)
        await shift.pass_time(days * 86_400)
        shown = await shift.do(resolve, case, outcome=None, actor=person("ayesha"))
        found = await check_of(shift, case)
        reasons.append((shown.state, found["reason"] if found else None))
        await shift.pass_time(-days * 86_400)
    assert reasons == [
        ("resolved", None), ("checking", "amount"), ("checking", "new_representative"), ("checking", "reopened"),
    ]  # fmt: skip


async def test_without_any_rule_only_what_came_back_is_checked_by_whoever_serves_the_queue(shift: Shift) -> None:
    _, plain = await served(shift)
    assert (await shift.do(resolve, plain, outcome=None, actor=person("ayesha"))).state == "resolved"
    _, case = await served(shift)
    await shift.execute('UPDATE "case" SET reopened = 1 WHERE id = $1', case)
    assert (await shift.do(resolve, case, outcome=None, actor=person("ayesha"))).state == "checking"
    check = await check_of(shift, case)
    assert (check["reason"], check["skill"]) == ("reopened", None)
    with pytest.raises(Forbidden):
        await shift.do(take, check["id"], actor=person("bilal"))


async def test_how_often_work_is_returned_is_told_only_of_enough(shift: Shift) -> None:
    case, _ = await waiting(shift)
    for number in range(LEAST + 1):
        state = "returned" if number < 3 else "passed"
        await shift.execute(
            "INSERT INTO second_check (id, case_id, before, state, representative, requested_at, due_at, reason, decided_at)"
            " VALUES (gen_random_uuid(), $1, 'message', $2, $3, wall_clock() - interval '1 hour', wall_clock(), 'always',"
            " wall_clock() + interval '1 second')",
            case, state, "ayesha" if number < LEAST else "farid",
        )  # fmt: skip
    async with shift.db.reading() as session:
        begin, end = (await shift.fetch("SELECT wall_clock() - interval '1 day', wall_clock() + interval '1 day'"))[0]
        found = await figures(session, by="representative", begin=begin, end=end, limit=10)
    assert [(each["code"], each["decided"], each["returned"], each["return_rate"]) for each in found] == [
        ("ayesha", LEAST, 3, 0.3), ("farid", 1, None, None),
    ]  # fmt: skip
    assert (found[0]["late_rate"], found[1]["late_rate"]) == (1.0, None)
    await shift.execute("DELETE FROM second_check WHERE before = 'message'")
