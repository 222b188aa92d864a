"""Cases whose words are gone: nothing leaves them, nothing comes to them, and no merge of theirs is undone."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

import pytest

from app.actions.cases.merge import merge, unmerge
from app.actions.cases.split import move, split
from app.actions.customers.erase import ask_erasure
from app.actions.rules.versions import draft, publish
from app.errors import Conflict
from app.loops.erasing import Erasing, Retention
from app.tables import Merge
from tests.moving import turns
from tests.ruling import document
from tests.shift import Shift
from tests.solving import call_solved, row, say, served, tend

DAY: Final = 86_400.0


async def rule(shift: Shift, **said: Any) -> None:
    made = await shift.do(draft, document(resolution={"quiet": "never", **said}))
    await shift.do(publish, made.version, recompute=False)
    shift.intake.forget()


async def refused(shift: Shift, action: Any, *args: Any, **more: Any) -> None:
    before = await shift.everything()
    with pytest.raises(Conflict) as caught:
        await shift.do(action, *args, **more)
    assert caught.value.code == "erased"
    assert await shift.everything() == before


async def undo(session: Any, made: UUID, **more: Any) -> Any:
    return await unmerge(session, await session.get_one(Merge, made), **more)


@pytest.fixture
async def old(shift: Shift) -> UUID:
    """A case of two contacts that was closed long ago."""
    await rule(shift, retention_days=1)
    first = await served(shift)
    case: UUID = (await shift.case(first))["id"]
    second = await served(shift, case_id=case)
    assert (await shift.row(second))["case_id"] == case
    return case


async def kept_no_longer(shift: Shift, case: UUID) -> None:
    await call_solved(shift, case)
    await say(shift, case, "yes")
    await tend(shift)
    await shift.pass_time(3 * DAY)
    await turns(Retention(shift.db))
    assert (await row(shift, case))["erased_at"] is not None


async def test_nothing_is_split_off_from_it(shift: Shift, old: UUID) -> None:
    await kept_no_longer(shift, old)
    contacts = await shift.fetch("SELECT id FROM interaction WHERE case_id = $1 ORDER BY id", old)
    await refused(shift, split, old, [contacts[1]["id"]], reason=None)


@pytest.mark.parametrize("goes", ["to it", "from it"])
async def test_no_contact_is_put_elsewhere(shift: Shift, old: UUID, goes: str) -> None:
    await kept_no_longer(shift, old)
    other = await served(shift)
    case = (await shift.case(other))["id"]
    await served(shift, case_id=case)
    theirs = await shift.fetch("SELECT id FROM interaction WHERE case_id = $1 ORDER BY id", old)
    contact, target = (other, old) if goes == "to it" else (theirs[0]["id"], case)
    await refused(shift, move, contact, target, reason=None)


async def test_its_merge_is_not_undone_and_no_clock_runs_for_whom_nobody_knows(shift: Shift) -> None:
    await rule(shift, targets={"resolution_seconds": 36_000})
    contacts = [await served(shift) for _ in range(2)]
    one, two = [(await shift.case(each))["id"] for each in contacts]
    made = await shift.do(merge, one, two, reason=None)
    await tend(shift)
    await shift.do(ask_erasure, (await shift.row(contacts[0]))["customer_id"])
    for _ in range(3):
        await turns(Erasing(shift.db))
    await tend(shift)
    assert (await row(shift, two))["erased_at"] is not None
    await refused(shift, undo, made.id)


async def test_before_their_time_is_over_all_of_it_may_be_done(shift: Shift, old: UUID) -> None:
    contacts = await shift.fetch("SELECT id FROM interaction WHERE case_id = $1 ORDER BY id", old)
    made = await shift.do(split, old, [contacts[1]["id"]], reason=None)
    assert (await shift.row(contacts[1]["id"]))["case_id"] == made.id
