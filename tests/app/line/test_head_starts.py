"""Head starts by reason: granted within a day's share, refused on record past it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.actions.line.head_starts import Claim, give, grant
from app.errors import Forbidden, Invalid
from app.intake import Contact, Intake
from channels.base import Arrived, Outcome, Person
from tests.racing import blocked
from tests.ruling import document, rule
from tests.shift import Shift, person

CALLER = Person(phone="+923001234567")
NOON = datetime(2027, 1, 4, 7, tzinfo=UTC)
"""In Lahore: any day will do, but all of a day's share must be asked for on the same."""


async def govern(shift: Shift, queues: dict[str, dict[str, Any]] | None = None, **more: Any) -> int:
    return await rule(shift.db, shift.intake, document(queues, **more))


async def call(shift: Shift, name: str, request: str = "inquiry", **more: Any) -> Outcome:
    """A caller through the menu."""
    plain = {"person": CALLER, "reply_to": CALLER.phone, "language": "en", **more}
    await shift.take("phone", Arrived(ref=name, contact=name, **plain))
    return await shift.take("phone", Arrived(ref=f"{name}:request", contact=name, request_type=request, **plain))


async def visit(shift: Shift, name: str, request: str = "inquiry", **more: Any) -> Outcome:
    return await shift.take("walk_in", Arrived(ref=name, contact=name, request_type=request, language="en", **more))


async def test_a_share_of_the_day_is_never_exceeded_however_many_claim_it_at_once(shift: Shift) -> None:
    await govern(shift, reasons={"elderly": {"seconds": 240, "share": 0.1}})
    old = Person(needs=("elderly",))
    async with Intake(shift.db) as other:
        names = [f"v{number}" for number in range(60)]
        await asyncio.gather(
            *(
                (shift.intake if n % 2 else other).submit(
                    Contact(
                        source="test", channel="walk_in", actor="kiosk:1",
                        signals=[Arrived(ref=name, contact=name, request_type="inquiry", person=old)],
                    )
                )
                for n, name in enumerate(names)
            )
        )  # fmt: skip
    rows = await shift.fetch("SELECT head_start_seconds, head_start_reasons FROM interaction")
    granted = [row for row in rows if row["head_start_reasons"] == ["elderly"]]
    assert len(granted) == 5  # nobody was counted yet: the least there is
    assert {row["head_start_seconds"] for row in rows} == {0, 240}
    (day,) = await shift.fetch("SELECT granted, refused FROM head_start_day")
    assert tuple(day) == (5, 55)
    told = await shift.fetch("SELECT data -> 'head_starts' -> 0 AS told FROM event WHERE kind = 'queued'")
    assert sum(row["told"]["granted"] for row in told) == 5
    assert {row["told"]["by"] for row in told} == {"kiosk:1"}


async def test_two_who_take_of_one_share_at_the_same_moment_do_so_one_after_the_other(shift: Shift) -> None:
    zone = ZoneInfo("Asia/Karachi")
    claim = Claim(queue="inquiries", zone=zone, reason="elderly", seconds=300, share=0.0, by="test")
    async with shift.db.transaction() as connection:
        assert await grant(connection, [claim], now=NOON) == [True]

    async def take(amount: int) -> list[bool]:
        async with shift.db.transaction() as connection:
            return await grant(connection, [claim] * amount, now=NOON)

    async with shift.db.transaction() as connection:
        assert await grant(connection, [claim] * 3, now=NOON) == [True] * 3
        others = asyncio.gather(take(2), take(2))
        await blocked(shift.fetch, 2)
    assert sum(map(sum, await others)) == 1


async def test_the_share_grows_with_the_arrivals_of_the_day(shift: Shift) -> None:
    await govern(shift, reasons={"elderly": {"seconds": 240, "share": 0.5}})
    await shift.execute(
        "INSERT INTO queue_day VALUES ('inquiries', (wall_clock() AT TIME ZONE 'Asia/Karachi')::date, 13)"
    )
    for number in range(8):
        await visit(shift, f"v{number}", person=Person(needs=("elderly",)))
    (day,) = await shift.fetch("SELECT granted, refused FROM head_start_day")
    assert tuple(day) == (6, 2)


async def test_arrivals_are_counted_by_queue_and_local_day(shift: Shift) -> None:
    for number in range(3):
        await visit(shift, f"v{number}")
    await call(shift, "CA1")
    async with shift.db.connection() as connection:
        await shift.intake.count(connection)
    (row,) = await shift.fetch("SELECT queue, arrivals FROM queue_day")
    assert tuple(row) == ("inquiries", 4)


async def test_a_later_head_start_moves_due_within_the_queues_limit_and_counts_once(shift: Shift) -> None:
    await govern(shift, {"inquiries": {"head_start_cap_seconds": 400}})
    waiting = await shift.arrive(person=Person(needs=("elderly",)))
    before = await shift.row(waiting)
    row, granted = await shift.do(give, waiting, reason="discretion", actor=person("bilal"))
    assert (granted, row.head_start_seconds) == (True, 400)
    assert (await shift.row(waiting))["due_at"] == before["due_at"] - timedelta(seconds=100)
    assert (await shift.last(waiting))["data"]["by"] == "representative:bilal"
    _, again = await shift.do(give, waiting, reason="discretion")
    assert again
    assert (await shift.story(waiting))[1:] == ["head_start_granted"]
    with pytest.raises(Forbidden):
        await shift.do(give, waiting, reason="disability", actor=person("devi"))
    with pytest.raises(Invalid):
        await shift.do(give, waiting, reason="sympathy")


async def test_a_later_head_start_past_the_days_share_is_on_record_as_refused(shift: Shift) -> None:
    waiting = [await shift.arrive() for _ in range(6)]
    before = await shift.row(waiting[-1])
    granted = [(await shift.do(give, each, reason="discretion"))[1] for each in waiting]
    assert granted == [True] * 5 + [False]
    assert (await shift.row(waiting[-1]))["due_at"] == before["due_at"]
    assert (await shift.story(waiting[-1]))[-1] == "head_start_refused"
