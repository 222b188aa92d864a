"""How a queue stands for one who comes: by its hours and by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from app.db import Database
from app.queries.line.entrances import read_queues
from app.queries.line.opening import Calendar
from routing.entry import admit
from routing.rules import EntryRule, HoursRule, QueueRule, Rules

OFFICE = HoursRule(timezone="UTC", weekly=dict.fromkeys(("mon", "tue"), (("09:00", "17:00"),)))
RULES = Rules(
    version=1,
    queues={
        "claims": QueueRule(
            name="Claims", target_seconds=60, offer_timeout_seconds=20, hours=OFFICE,
            on_entry=(EntryRule(when="closed"), EntryRule(when="closing")),
        )
    },
    requests={},
)  # fmt: skip


async def opens(db: Database, at: datetime) -> tuple[str | None, datetime | None]:
    """The reason to turn one away, and when they are told to come again."""
    async with db.connection() as connection:
        _, found = await read_queues(connection, RULES, Calendar(RULES, ZoneInfo("UTC")), at=at)
    answer = admit(RULES, "claims", found.__getitem__)
    return answer.reason, datetime.fromtimestamp(answer.opens_at, tz=UTC) if answer.opens_at is not None else None


async def test_who_comes_too_late_to_be_served_is_told_when_it_opens_next(db: Database) -> None:
    tuesday = datetime(2026, 11, 24, 9, tzinfo=UTC)
    assert await opens(db, datetime(2026, 11, 23, 16, 58, tzinfo=UTC)) == ("closing", tuesday)
    assert await opens(db, datetime(2026, 11, 23, 17, 0, tzinfo=UTC)) == ("closed", tuesday)
    assert await opens(db, datetime(2026, 11, 23, 16, 30, tzinfo=UTC)) == (None, None)
