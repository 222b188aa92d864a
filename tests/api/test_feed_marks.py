"""What mark a customer gave stands in the feed for those who lead, and for no representative."""

from __future__ import annotations

from datetime import UTC, datetime

from app.api.events import shown
from app.queries.feed import START, Told


def test_no_representative_reads_a_mark_in_the_feed() -> None:
    told = Told(
        place=START,
        subject="case",
        subject_id="1",
        version=7,
        kind="survey_answered",
        at=datetime(2026, 1, 1, tzinfo=UTC),
        actor="customer",
        data={"solved": "yes", "mark": 2},
        audience=frozenset({"esther"}),
    )
    assert shown(told, reader="esther")["data"] == {"solved": "yes"}
    assert shown(told)["data"] == {"solved": "yes", "mark": 2}
