"""As many as an hour or a day allows, by the local clock; then a rest, whoever offers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from app.actions.contacts.complete import complete
from app.actions.offers.accept import accept
from app.actions.offers.assign import assign
from app.actions.offers.reject import reject
from app.db import first_id, now, uuid7
from app.errors import Conflict
from tests.shift import Shift, person


async def cap(shift: Shift, code: str = "esther", *, per_hour: int | None = None, per_day: int | None = None) -> None:
    await shift.execute(
        "UPDATE representative SET per_hour = $2, per_day = $3 WHERE code = $1", code, per_hour, per_day
    )


async def local_now(shift: Shift, zone: str) -> datetime:
    async with shift.db.session() as session:
        return (await now(session)).astimezone(ZoneInfo(zone))


async def into_the_hour(shift: Shift, minute: int, *, zone: str = "Asia/Kolkata", hour: int | None = None) -> datetime:
    """The clock at this minute of a local hour to come; returns it."""
    local = await local_now(shift, zone)
    wanted = (local + timedelta(hours=1)).replace(minute=minute, second=0, microsecond=0)
    while hour is not None and wanted.hour != hour:
        wanted += timedelta(hours=1)
    await shift.pass_time((wanted - local).total_seconds())
    return wanted


async def take_one(shift: Shift, code: str = "esther") -> UUID:
    letter = await shift.arrive("email")
    await shift.serve(letter, code)
    await shift.do(complete, letter, outcome=None)
    return letter


async def test_the_last_that_the_hour_allows_brings_a_rest_until_its_end(shift: Shift) -> None:
    await cap(shift, per_hour=2)
    start = await into_the_hour(shift, 10)  # of Hyderabad: its hours begin at half past those of Greenwich
    await take_one(shift)
    assert (await shift.staff("esther"))["resting_until"] is None
    await take_one(shift)
    row = await shift.staff("esther")
    assert row["resting_until"] == start.replace(minute=0) + timedelta(hours=1)
    assert (await shift.last("esther"))["data"] == {"resting_until": row["resting_until"].isoformat()}
    letter = await shift.arrive("email")
    with pytest.raises(AssertionError, match="does not hold"):
        await shift.offer(letter)
    await shift.pass_time(51 * 60)
    await shift.serve(letter)
    assert (await shift.staff("esther"))["resting_until"] == row["resting_until"], "a new hour, counted anew"


async def test_the_day_ends_at_midnight_of_their_office(shift: Shift) -> None:
    await cap(shift, "ayesha", per_day=1, per_hour=5)
    await into_the_hour(shift, 30, zone="Asia/Karachi", hour=22)
    await take_one(shift, "ayesha")
    rests = (await shift.staff("ayesha"))["resting_until"].astimezone(ZoneInfo("Asia/Karachi"))
    assert (rests.hour, rests.minute) == (0, 0)
    await shift.pass_time(91 * 60)
    await take_one(shift, "ayesha")


async def test_what_was_declined_or_missed_does_not_count(shift: Shift) -> None:
    await cap(shift, per_hour=1)
    letter = await shift.arrive("email")
    await shift.do(reject, await shift.offer(letter), reason="busy")
    assert (await shift.staff("esther"))["resting_until"] is None


async def test_whoever_rests_lets_go_of_what_else_they_are_offered(shift: Shift) -> None:
    await cap(shift, per_hour=1)
    first, second = [await shift.arrive("email") for _ in range(2)]
    offers = [await shift.offer(each) for each in (first, second)]
    await shift.do(accept, offers[0], actor=person("esther"))
    assert [(await shift.row(each))["state"] for each in (first, second)] == ["active", "queued"]
    assert (await shift.last(second))["data"]["reason"] == "resting"
    assert (await shift.staff("esther"))["units"] == 1


async def test_by_hand_one_more_needs_a_reason(shift: Shift) -> None:
    await cap(shift, per_hour=1)
    await take_one(shift)
    letter = await shift.arrive("email")
    with pytest.raises(Conflict) as caught:
        await shift.do(assign, letter, representative="esther", override=None)
    assert caught.value.code == "resting"
    made = await shift.do(assign, letter, representative="esther", override="last_one_today")
    await shift.do(accept, made.id, actor=person("esther"))


def test_the_first_id_of_a_moment_comes_before_every_id_made_then() -> None:
    before = datetime.now(UTC)
    made = [uuid7() for _ in range(100)]
    after = datetime.now(UTC) + timedelta(milliseconds=1)
    assert first_id(before) <= min(made)
    assert max(made) < first_id(after)
    assert first_id(before).version == 7


async def test_what_was_taken_is_counted_whatever_the_clock_of_the_process_says(shift: Shift) -> None:
    await shift.pass_time(3 * 86_400)
    await shift.come_to_work("ayesha")
    await shift.execute("UPDATE representative SET per_day = 1 WHERE code = 'ayesha'")
    await shift.serve(await shift.arrive("phone", "claim"), "ayesha")
    assert (await shift.staff("ayesha"))["resting_until"] is not None
