"""What representatives say of themselves, and what they let go of when they leave."""

from __future__ import annotations

import asyncio

import pytest

from app.actions.contacts.complete import complete
from app.actions.representatives.heartbeat import Heartbeats
from app.actions.representatives.presence import set_presence
from app.errors import Conflict, NotFound
from tests.racing import HANG_SECONDS, blocked
from tests.shift import Shift, person


async def say(shift: Shift, code: str, status: str, reason: str | None = None) -> None:
    await shift.do(set_presence, code, status=status, reason=reason)


async def test_who_says_the_same_again_changes_nothing(shift: Shift) -> None:
    await say(shift, "esther", "available")
    before = await shift.everything()
    await say(shift, "esther", "available")
    assert await shift.everything() == before


async def test_presence_is_told_with_its_reason_and_kept_with_its_hour(shift: Shift) -> None:
    await say(shift, "esther", "available")
    await shift.pass_time(60)
    await say(shift, "esther", "away", "lunch")
    row = await shift.staff("esther")
    assert (row["presence"], row["presence_reason"]) == ("away", "lunch")
    told = await shift.last("esther")
    assert (told["kind"], told["data"], told["at"]) == ("away", {"reason": "lunch"}, row["presence_at"])
    await say(shift, "esther", "offline")
    assert (await shift.staff("esther"))["heartbeat_at"] is None
    assert await shift.story("esther") == ["joined", "available", "away", "offline"]


async def test_only_who_sends_signs_of_life_can_be_missed(shift: Shift) -> None:
    await say(shift, "esther", "available")
    assert (await shift.staff("esther"))["heartbeat_at"] is None
    heartbeats = Heartbeats()
    heartbeats.note("esther")
    async with shift.db.transaction() as connection:
        await heartbeats.flush(connection)
    await say(shift, "esther", "away")
    assert (await shift.staff("esther"))["heartbeat_at"] is not None
    await say(shift, "esther", "offline")
    assert (await shift.staff("esther"))["heartbeat_at"] is None


async def test_who_has_retired_does_not_come_back_to_work(shift: Shift) -> None:
    async with shift.db.transaction() as connection:
        await connection.execute("UPDATE representative SET retired = true WHERE code = 'esther'")
    with pytest.raises(Conflict) as refused:
        await say(shift, "esther", "available")
    assert refused.value.code == "retired"


async def test_nobody_unknown_comes_to_work(shift: Shift) -> None:
    with pytest.raises(NotFound):
        await say(shift, "nobody", "available")


async def test_a_word_that_is_no_presence_is_refused(shift: Shift) -> None:
    before = await shift.everything()
    with pytest.raises(Conflict):
        await say(shift, "esther", "busy")
    assert await shift.everything() == before


@pytest.mark.parametrize("status", ["away", "offline"])
async def test_who_leaves_lets_go_of_offers_at_once_and_keeps_what_they_serve(shift: Shift, status: str) -> None:
    offered = [await shift.bring("offered", channel="email") for _ in range(2)]
    writing = await shift.bring("active", channel="email")
    talking = await shift.bring("active", channel="walk_in")  # last: no letter comes into a visit
    due = [(await shift.row(each))["due_at"] for each in offered]
    await say(shift, "esther", status)
    for each, was_due in zip(offered, due, strict=True):
        row = await shift.row(each)
        assert (row["state"], row["due_at"]) == ("queued", was_due)
        assert (await shift.holder(each))["outcome"] == "withdrawn"
        assert (await shift.last(each))["data"]["reason"] == status
    assert {(await shift.row(each))["state"] for each in (talking, writing)} == {"active"}
    row = await shift.staff("esther")
    assert (row["live"], row["units"]) == (1, 2)


async def test_who_never_worked_keeps_their_turn(shift: Shift) -> None:
    await shift.come_to_work("esther")
    idle_since = (await shift.staff("esther"))["idle_since"]
    await shift.bring("offered", channel="email")
    await say(shift, "esther", "away")
    assert (await shift.staff("esther"))["idle_since"] == idle_since


async def test_leaving_and_answering_another_offer_never_wait_in_a_circle(shift: Shift) -> None:
    """Somebody works on the second offer while the first is withdrawn, and then needs the representative's row."""
    first = await shift.bring("offered", channel="email")
    second = await shift.bring("offered", channel="email")
    assert first < second
    async with shift.db.transaction() as other:
        await other.execute("SELECT FROM interaction WHERE id = $1 FOR NO KEY UPDATE", second)
        leaving = asyncio.create_task(say(shift, "esther", "away"))
        await blocked(shift.fetch)
        assert not leaving.done(), "it must wait for who works on the second"
        await other.execute("UPDATE representative SET idle_since = idle_since WHERE code = 'esther'")
    await leaving
    assert (await shift.staff("esther"))["units"] == 0


async def test_a_sign_of_life_is_written_for_who_is_on_shift_and_told_to_nobody(shift: Shift) -> None:
    await say(shift, "esther", "available")
    stories = [await shift.story("esther"), await shift.story("farid")]
    await shift.pass_time(30)
    heartbeats = Heartbeats()
    for code in ("esther", "farid", "nobody", "esther"):
        heartbeats.note(code)
    async with shift.db.transaction() as connection:
        assert await heartbeats.flush(connection) == 3
        assert await heartbeats.flush(connection) == 0
    esther, farid = await shift.staff("esther"), await shift.staff("farid")
    assert (esther["heartbeat_at"] - esther["presence_at"]).total_seconds() >= 30
    assert farid["heartbeat_at"] is None
    assert [await shift.story("esther"), await shift.story("farid")] == stories


async def test_who_is_busy_changing_does_not_hold_up_the_heartbeats_of_others(shift: Shift) -> None:
    await shift.come_to_work("esther", "farid")
    heartbeats = Heartbeats()
    heartbeats.note("esther")
    heartbeats.note("farid")
    async with shift.db.transaction() as other, shift.db.transaction() as connection:
        await other.execute("SELECT FROM representative WHERE code = 'esther' FOR UPDATE")
        await asyncio.wait_for(heartbeats.flush(connection), HANG_SECONDS)
    assert (await shift.staff("farid"))["heartbeat_at"] is not None


async def test_a_lowered_capacity_drains_and_never_fails(shift: Shift) -> None:
    held = [await shift.bring("active", channel="email") for _ in range(4)]
    await shift.execute("UPDATE representative SET capacity = 2 WHERE code = 'esther'")
    ceilings = []
    for each in held:
        await shift.do(complete, each, outcome=None, actor=person("esther"))
        row = await shift.staff("esther")
        ceilings.append((row["units"], row["ceiling"]))
    assert ceilings == [(3, 3), (2, 2), (1, 2), (0, 2)]
