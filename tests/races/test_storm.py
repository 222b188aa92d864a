"""Everything at once on a few cases, with all chores of cases in two services: nothing breaks, and the audit finds nothing."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from typing import Final

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError

from app.actions import tending
from app.actions.promises import given as promises
from app.db import Database
from app.intake import Intake
from app.loops.busy import is_busy
from app.loops.chore import Chore
from app.loops.erasing import Erasing, Retention
from app.loops.expiry import Expiry
from app.loops.recomputing import Recomputing
from app.loops.spreading import Spreading
from app.loops.surges import Surges
from app.loops.tending import Tending
from app.loops.timers import Timers
from app.loops.waking import Waking
from app.loops.webhooks import Announcing
from app.queries.audit.audit import audit
from tests.moving import turns
from tests.races.storm import ACTS, Somebody
from tests.racing import PATIENT
from tests.ruling import document, rule
from tests.shift import Shift

pytestmark = [pytest.mark.races, pytest.mark.timeout(600)]

PEOPLE: Final = 8
BREATH_SECONDS: Final = 0.1
CHORES: Final[Sequence[type[Chore]]] = (
    Tending, Timers, Spreading, Erasing, Retention, Recomputing, Surges, Announcing, Waking, Expiry,
)  # fmt: skip
TARGETS: Final = {
    "first_response_seconds": 3_600, "next_response_seconds": 3_600, "resolution_seconds": 36_000, "warn": ["bilal"],
    "escalate": [{"after_seconds": 60, "tell": ["devi"]}],
}  # fmt: skip
HALF_CHECKED: Final = [{"before": "resolution", "share": 0.5}, {"before": "message", "share": 0.5}]


async def storm(db: Database, database: str, count: int, *, seed: int) -> list[Somebody]:
    """So many people in two services do all that can be done, while both services do their chores. Then one
    more comes, and what is left is done.
    """
    async with Database(database, settings=PATIENT) as second, Intake(db) as one, Intake(second) as other:
        shifts = [Shift(db, one), Shift(second, other)]
        await rule(db, one, document(resolution={"targets": TARGETS, "checks": HALF_CHECKED}))
        await shifts[0].come_to_work("esther", "chandra", "ayesha")
        people = [Somebody(shifts[number % 2], number, seed=seed) for number in range(count)]
        over = asyncio.Event()
        async with asyncio.TaskGroup() as everything:
            for base in (db, second):
                for kind in CHORES:
                    everything.create_task(_again_and_again(kind(base), over))
            await asyncio.gather(*(each.act() for each in people))
            over.set()
        await shifts[0].arrive("email")
        await _finish(shifts[0])
    return people


async def _again_and_again(chore: Chore, over: asyncio.Event) -> None:
    while not over.is_set():
        try:
            await chore.turn()
        except (DBAPIError, asyncpg.PostgresError) as error:
            if not is_busy(error):  # else it begins again
                raise
        await asyncio.sleep(BREATH_SECONDS)


async def _finish(shift: Shift) -> None:
    """Turn after turn, until nothing more happens by itself."""
    before = None
    while (newest := (await shift.fetch("SELECT max(seq) FROM event"))[0][0]) != before:
        before = newest
        for kind in CHORES:
            await turns(kind(shift.db))


async def broken(db: Database) -> Counter[str]:
    async with db.connection() as connection:
        return Counter(f"{each.rule}: {each.detail}" for each in await audit(connection))


async def test_whatever_happens_at_once_nothing_breaks_and_all_of_it_adds_up(
    db: Database, database: str, seed: int, caplog: pytest.LogCaptureFixture
) -> None:
    people = await storm(db, database, PEOPLE, seed=seed)
    assert all(each.did == ACTS for each in people), "everybody did everything"
    told = [
        each.getMessage() for each in caplog.records if each.levelno >= logging.ERROR or "fails" in each.getMessage()
    ]
    assert told == [], "no chore put anything off"
    assert await broken(db) == {}


async def test_a_concern_of_the_log_that_is_lost_in_a_storm_is_missed(
    db: Database, database: str, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever comes last is promised nothing then, whatever befell the others."""
    monkeypatch.setattr(tending, "CONCERNS", tuple(each for each in tending.CONCERNS if each is not promises.heed))
    await storm(db, database, 2, seed=seed)
    assert any("news" in each for each in await broken(db))
