"""Head starts: whose reasons count, and on which day they are counted."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from app.actions.head_starts import Claim, grant
from channels.base import Arrived, Person
from tests.shift import Shift


async def test_a_reason_told_in_the_first_report_counts_when_the_caller_has_chosen(shift: Shift) -> None:
    old, young = Person(phone="+923001234567", needs=("elderly",)), Person(phone="+923001234567")
    await shift.take("phone", Arrived(ref="CA1", contact="CA1", person=old))
    chosen = await shift.take("phone", Arrived(ref="CA1:2", contact="CA1", request_type="inquiry", person=young))
    assert chosen.interaction_id is not None
    row = await shift.row(chosen.interaction_id)
    assert (row["head_start_reasons"], row["head_start_seconds"]) == (["elderly"], 300)


async def test_a_share_is_counted_by_the_days_of_the_queues_own_zone(shift: Shift) -> None:
    claim = Claim(queue="inquiries", zone=ZoneInfo("Asia/Karachi"), reason="elderly", seconds=300, share=0.0, by="test")
    async with shift.db.transaction() as connection:
        for hour in (18, 20):  # five hours behind: before and after midnight in Lahore
            assert await grant(connection, [claim], now=datetime(2026, 11, 22, hour, tzinfo=UTC)) == [True]
    days = await shift.fetch("SELECT day, granted FROM head_start_day ORDER BY day")
    assert [tuple(row) for row in days] == [(date(2026, 11, 22), 1), (date(2026, 11, 23), 1)]
