"""Surges: contacts are counted once as they come, and one that chance does not explain is proposed once, to the supervisors."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from app.actions.cases.describe import describe_case
from app.actions.incidents import declare as incidents
from app.actions.incidents import surges
from app.actions.incidents.declare import Change, Told, Touched
from app.actions.incidents.surges import earlier, window
from app.actions.rules import versions as rules
from app.loops.janitor import Janitor
from app.loops.surges import Surges
from app.loops.tending import Tending
from tests.moving import turns
from tests.racing import HANG_SECONDS, LOOK_SECONDS
from tests.ruling import document
from tests.shift import Shift
from tests.solving import alarms

QUARTER = timedelta(minutes=15)
WAITING = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


@pytest.fixture(autouse=True)
async def house(shift: Shift) -> None:
    """Six are a surge where there was next to nothing; and a window has just begun."""
    surge = {"window_seconds": 900, "at_least": 6, "chance": 0.0001}
    draft = await shift.do(rules.draft, document(resolution={"quiet": "never", "surge": surge}))
    await shift.do(rules.publish, draft.version, recompute=False)
    shift.intake.forget()
    at = await clock(shift)
    await shift.pass_time((window(at, 900) + QUARTER - at).total_seconds() + 1)


async def clock(shift: Shift) -> datetime:
    found: datetime = (await shift.fetch("SELECT wall_clock() AS at"))[0]["at"]
    return found


async def history(shift: Shift, request: str = "inquiry", contacts: int = 1) -> None:
    """A day of quarters of an hour in which next to nothing came."""
    await shift.execute(
        """INSERT INTO surge_count SELECT $1, '', $2::timestamptz - number * interval '15 minutes', $3::int
        FROM generate_series(1, 100) AS number""",
        request,
        window(await clock(shift), 900),
        contacts,
    )


async def come(shift: Shift, count: int, **more: Any) -> list[UUID]:
    made = [await shift.arrive("email", reply_to=f"a{number}@example.test", **more) for number in range(count)]
    await turns(Tending(shift.db))
    return made


async def look(shift: Shift) -> list[asyncpg.Record]:
    await Surges(shift.db).turn()
    return await shift.fetch("SELECT * FROM incident ORDER BY made_at, id")


async def counted(shift: Shift) -> dict[tuple[str, str], int]:
    at = window(await clock(shift), 900)
    rows = await shift.fetch("SELECT * FROM surge_count WHERE starts_at = $1", at)
    return {(row["request_type"], row["area"]): row["contacts"] for row in rows}


async def test_every_contact_is_counted_once_whoever_follows(shift: Shift) -> None:
    made = await come(shift, 3)
    await come(shift, 2, request_type="claim")
    await shift.serve(made[0])
    await asyncio.gather(*(turns(Tending(shift.db)) for _ in range(2)))
    assert await counted(shift) == {("inquiry", ""): 3, ("claim", ""): 2}


async def test_who_chooses_later_is_counted_when_they_have(shift: Shift) -> None:
    await shift.arrive("phone", None)
    await turns(Tending(shift.db))
    assert await counted(shift) == {}


async def test_a_known_area_is_counted_by_itself_too(shift: Shift) -> None:
    (contact,) = await come(shift, 1)
    case = (await shift.row(contact))["case_id"]
    await shift.do(describe_case, case, {"area": "north"})
    await come(shift, 1, case_id=case)
    assert await counted(shift) == {("inquiry", ""): 2, ("inquiry", "north"): 1}


async def test_a_surge_is_proposed_once_and_only_the_supervisors_hear_of_it(shift: Shift) -> None:
    await history(shift)
    await come(shift, 5)
    assert await look(shift) == [], "five are too few by the rules"
    await come(shift, 7)
    (proposed,) = await look(shift)
    assert (proposed["state"], proposed["request_types"], proposed["areas"]) == ("proposed", ["inquiry"], [])
    assert (await shift.intake.catalogue()).house.notices == (), "nobody else is told"
    await come(shift, 10)
    assert len(await look(shift)) == 1
    (alarm,) = await alarms(shift, "surge")
    assert (alarm["representative"], alarm["data"]["incident"]) == (None, str(proposed["id"]))
    assert alarm["data"]["contacts"] == 12
    assert await shift.fetch("SELECT FROM incident_case") == []


async def test_two_who_look_at_once_propose_it_once(shift: Shift) -> None:
    await history(shift)
    await come(shift, 12)
    await asyncio.gather(*(Surges(shift.db).turn() for _ in range(4)))
    assert len(await look(shift)) == 1


async def test_what_is_usual_here_is_no_surge(shift: Shift) -> None:
    await history(shift, contacts=12)
    await come(shift, 14)
    assert await look(shift) == []


async def test_where_nothing_was_counted_yet_nothing_is_proposed(shift: Shift) -> None:
    await come(shift, 12)
    assert await look(shift) == []


async def test_what_is_declared_or_was_dismissed_is_not_proposed_again(shift: Shift) -> None:
    await history(shift)
    await come(shift, 12)
    (proposed,) = await look(shift)
    await shift.do(incidents.dismiss, proposed["id"])
    assert len(await look(shift)) == 1
    await shift.execute("UPDATE incident SET ended_at = ended_at - interval '7 hours'")
    *_, again = await look(shift)
    told, change = Told(words={"en": "It is out."}), Change(touched={"areas": ["north"]})
    declared = await shift.do(incidents.declare_proposed, again["id"], told, change)
    assert (declared.state, declared.areas, declared.request_types) == ("declared", ["north"], ["inquiry"])
    assert len(await look(shift)) == 2


async def test_what_is_known_for_all_that_stands_above_explains_what_is_below(shift: Shift) -> None:
    await history(shift)
    await shift.do(incidents.declare, Told(words={"en": "It is out."}), Touched(request_types=["inquiry"]), since=None)
    await come(shift, 12)
    assert len(await look(shift)) == 1


def test_windows_before_the_first_that_was_counted_are_not_known() -> None:
    at = datetime.fromisoformat("2026-03-02T10:00:00Z")
    same, recent = earlier(at, 900, first=at - timedelta(weeks=9), zone=UTC)
    assert (len(same), len(recent)) == (12, 4)
    assert max(recent) == at - 2 * QUARTER, "the surge may have begun in the last"
    same, recent = earlier(at, 900, first=at - timedelta(days=2), zone=UTC)
    assert (len(same), len(recent)) == (5, 4), "days, where there are no weeks"
    assert earlier(at, 900, first=at, zone=UTC) == ([], [])


async def test_counts_that_nothing_is_held_against_any_more_go(shift: Shift) -> None:
    await history(shift)
    await shift.pass_time(30 * 86_400)
    await turns(Janitor(shift.db))
    left = await shift.fetch("SELECT min(starts_at) AS at, count(*) AS rows FROM surge_count")
    assert left[0]["rows"] < 100
    assert left[0]["at"] is None or left[0]["at"] >= (await clock(shift)) - timedelta(days=30)


async def test_who_looks_while_another_proposes_waits_for_it_and_proposes_nothing(
    shift: Shift, monkeypatch: pytest.MonkeyPatch
) -> None:
    began: list[asyncio.Task[bool]] = []
    proposing = 0
    true = incidents.propose

    async def meanwhile(*args: Any, **more: Any) -> Any:
        """While the first proposes, another looks: it waits for the first, or else proposes too."""
        nonlocal proposing
        proposing += 1
        if not began:
            began.append(asyncio.create_task(Surges(shift.db).turn()))
            async with asyncio.timeout(HANG_SECONDS):
                while proposing < 2 and not await shift.fetch(WAITING):
                    await asyncio.sleep(LOOK_SECONDS)
        return await true(*args, **more)

    await history(shift)
    await come(shift, 12)
    monkeypatch.setattr(surges, "propose", meanwhile)
    await Surges(shift.db).turn()
    await asyncio.gather(*began)
    assert len(await look(shift)) == proposing == len(began) == 1
