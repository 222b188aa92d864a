"""What was recorded becomes a day to be played again: patience beyond the recorded wait, head starts at their new worth."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.cli.scenarios import replayed, with_holidays
from app.queries.explained.replay import Recorded, RecordedContact, RecordedShift
from routing.rules.model import HoursRule, QueueRule, ReasonRule, RequestRule, Rules
from routing.simulation.running import run, under

KARACHI = ZoneInfo("Asia/Karachi")
NINE = datetime(2026, 3, 2, 9, tzinfo=KARACHI).timestamp()


def rules(*, elderly: float = 300.0, **queue: Any) -> Rules:
    return Rules(
        version=1,
        queues={"calls": QueueRule(name="Calls", target_seconds=60, offer_timeout_seconds=20, **queue)},
        requests={"call": RequestRule(queue="calls", labels={}, letter="A")},
        reasons={"elderly": ReasonRule(seconds=elderly, share=1.0)},
    )


def contact(number: int, **more: Any) -> RecordedContact:
    fields: dict[str, Any] = {
        "arrived": NINE + 30.0 * number,
        "request": "call",
        "queue": "calls",
        "channel": "phone",
        "language": None,
        "office": None,
        "live": True,
        "units": 1,
        "head_start_seconds": 0.0,
        "head_start_reasons": (),
        "handle_seconds": 100.0,
        "gave_up_after_seconds": None,
        "waited_seconds": 20.0,
    }
    return RecordedContact(**fields | more)


def day(*contacts: RecordedContact, people: int = 1) -> Recorded:
    shifts = tuple(
        RecordedShift(
            representative=f"r{number}",
            start=NINE,
            end=NINE + 3600,
            capacity=1,
            skills=(),
            languages=frozenset(),
            queues=frozenset({"calls"}),
            groups=frozenset(),
            office=None,
        )
        for number in range(people)
    )
    return Recorded(since=NINE, until=NINE + 3600, contacts=contacts, shifts=shifts)


def impatient(gave_up: int) -> list[RecordedContact]:
    """A hundred calls, of which so many gave up, after 30, 60 and 90 seconds by turns."""
    left = [contact(each, gave_up_after_seconds=30.0 * (1 + each % 3), handle_seconds=None) for each in range(gave_up)]
    return [*left, *(contact(each) for each in range(gave_up, 100))]


def test_whoever_was_served_then_may_give_up_when_it_goes_slower() -> None:
    enough, few = (replayed(day(*impatient(number)), rules(), KARACHI) for number in (20, 19))
    assert set(enough.patience) == {"phone"}
    assert few.patience == {}
    gone = [run(each).daily[0].lines["all", ""]["abandoned"] for each in (enough, few)]
    assert gone[0] is not None
    assert gone[1] is not None
    assert gone[0][0] > 25
    assert gone[1][0] <= 19


def test_nobody_gives_up_earlier_than_they_did() -> None:
    scenario = replayed(day(*impatient(20)), rules(), KARACHI)
    curve = scenario.patience["phone"]
    assert all((curve.beyond(each.waited_seconds, 0.0) or 1e9) > 20.0 for each in scenario.arrivals)


def test_a_draft_s_seconds_per_reason_are_tried_and_what_was_beside_them_stays() -> None:
    recorded = day(contact(0, head_start_reasons=("elderly",), head_start_seconds=420.0))
    live, draft = rules(), rules(elderly=600.0)
    [then], [tried] = (replayed(recorded, each, KARACHI, live=live).arrivals for each in (live, draft))
    assert (then.reasons, then.head_start_seconds) == (tried.reasons, tried.head_start_seconds) == (("elderly",), 120.0)
    assert ("reason", "elderly") in run(replayed(recorded, draft, KARACHI, live=live)).lines
    [without] = replayed(recorded, under_no_reason(), KARACHI, live=live).arrivals
    assert (without.reasons, without.head_start_seconds) == ((), 120.0)


def under_no_reason() -> Rules:
    plain = rules()
    return Rules(version=2, queues=plain.queues, requests=plain.requests, reasons={})


def test_a_reason_the_live_rules_do_not_know_keeps_the_seconds_it_gave() -> None:
    recorded = day(contact(0, head_start_reasons=("long_gone",), head_start_seconds=90.0))
    [found] = replayed(recorded, rules(), KARACHI).arrivals
    assert (found.reasons, found.head_start_seconds) == ((), 90.0)


@pytest.mark.parametrize(("country", "closed"), [("PK", True), (None, False)])
def test_public_holidays_of_the_queue_s_country_are_kept(country: str | None, closed: bool) -> None:
    hours = HoursRule(weekly={"mon": (("09:00", "17:00"),)}, holidays=country)
    found = replayed(day(contact(0)), rules(hours=hours), KARACHI).calendar.holidays
    assert [day.isoformat() for day in found.get("PK", ()) if (day.month, day.day) == (8, 14)] == [
        "2026-08-14"
    ] * closed
    assert (
        with_holidays(under(replayed(day(contact(0)), rules(), KARACHI), rules(hours=hours))).calendar.holidays == found
    )
