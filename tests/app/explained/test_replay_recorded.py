"""What came and who worked, read back from the log for a simulation."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from app.actions.contacts.complete import complete
from app.actions.contacts.depart import depart
from app.actions.representatives.presence import set_presence
from app.errors import Invalid
from app.queries.explained import replay
from app.queries.explained.replay import Recorded, recorded
from tests.shift import Shift


async def moment(shift: Shift) -> datetime:
    found: datetime = (await shift.fetch("SELECT wall_clock() AS now"))[0]["now"]
    return found


async def read(shift: Shift, since: datetime, until: datetime) -> Recorded:
    async with shift.db.connection() as connection:
        return await recorded(connection, since, until)


async def test_each_contact_is_told_once_with_when_it_came_what_for_and_what_became_of_it(shift: Shift) -> None:
    await shift.bring("completed")
    await shift.stand_still(1)
    since = await moment(shift)
    served = await shift.arrive("walk_in", "claim", language="ur")
    await shift.serve(served, "ayesha")
    await shift.stand_still(120)
    await shift.do(complete, served, outcome="answered")
    given_up = await shift.arrive("phone", "order", language="en")
    await shift.stand_still(30)
    await shift.do(depart, given_up, reason="left")
    await shift.arrive("phone", None)  # never said what for: never stood in a line
    waits = await shift.arrive("email", "technical_service")
    await shift.stand_still(1)
    until = await moment(shift)
    await shift.arrive("email", "claim")
    found = await read(shift, since, until)
    assert [each.request for each in found.contacts] == ["claim", "order", "technical_service"]
    visit, call, letter = found.contacts
    assert (visit.queue, visit.channel, visit.language, visit.office, visit.live) == ("claims", "walk_in", "ur", "lahore", True)  # fmt: skip
    assert visit.handle_seconds == pytest.approx(120)
    assert visit.gave_up_after_seconds is None
    assert call.handle_seconds is None
    assert call.gave_up_after_seconds == pytest.approx(30)
    assert (letter.handle_seconds, letter.gave_up_after_seconds, letter.live) == (None, None, False)
    assert visit.waited_seconds == 0
    assert call.waited_seconds >= 30
    assert visit.head_start_reasons == ()
    row = await shift.row(waits)
    assert letter.arrived == pytest.approx(row["queued_at"].timestamp(), abs=0.01)
    assert found.since <= visit.arrived < call.arrived < letter.arrived < found.until


async def test_a_contact_that_moved_on_is_told_where_it_stood_at_first(shift: Shift) -> None:
    since = await moment(shift)
    interaction = await shift.arrive("phone", "claim")
    await shift.execute("UPDATE interaction SET queue = 'sales' WHERE id = $1", interaction)
    [contact] = (await read(shift, since, await moment(shift))).contacts
    assert contact.queue == "claims"
    await shift.execute("UPDATE interaction SET queue = 'claims' WHERE id = $1", interaction)


async def test_shifts_are_the_stretches_somebody_was_available_cut_to_the_time_asked_for(shift: Shift) -> None:
    await shift.come_to_work("ayesha", "bilal")
    await shift.stand_still(600)
    since = await moment(shift)
    await shift.stand_still(100)
    await shift.do(set_presence, "ayesha", status="away", reason="break")
    await shift.stand_still(60)
    await shift.do(set_presence, "ayesha", status="available", reason=None)
    await shift.stand_still(200)
    await shift.do(set_presence, "bilal", status="offline", reason=None)
    until = await moment(shift)
    await shift.come_to_work("farid")
    shifts = (await read(shift, since, until)).shifts
    told = [(each.representative, round(each.start - since.timestamp(), 3), round(each.end - since.timestamp(), 3)) for each in shifts]  # fmt: skip
    assert told == [("ayesha", 0, 100), ("ayesha", 160, 360), ("bilal", 0, 360)]
    assert shifts[0].skills == (("claims", 4), ("sales", 2))
    assert shifts[2].queues == {"technical", "inquiries"}
    assert shifts[2].end <= until.timestamp()


async def test_a_time_of_too_many_contacts_is_refused_and_so_is_one_that_ends_before_it_begins(
    shift: Shift, monkeypatch: pytest.MonkeyPatch
) -> None:
    since = await moment(shift)
    for _ in range(3):
        await shift.arrive("email", "claim")
    until = await moment(shift)
    monkeypatch.setattr(replay, "MOST_CONTACTS", 2)
    with pytest.raises(Invalid) as refused:
        await read(shift, since, until)
    assert refused.value.code == "too_much_recorded"
    with pytest.raises(Invalid) as refused:
        await read(shift, until, since)
    assert refused.value.code == "wrong_span"


async def test_a_time_of_which_nothing_is_on_record_is_empty(shift: Shift) -> None:
    begun = await moment(shift)
    long_ago = await read(shift, begun - timedelta(days=400), begun - timedelta(days=399))
    assert (long_ago.contacts, long_ago.shifts) == ((), ())
