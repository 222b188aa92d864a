"""Who takes a transaction id first need not get the lock first: the feed's order is then not the story's, and versions are."""

from __future__ import annotations

from sqlalchemy import text

from app.actions.contacts.cancel import cancel
from app.actions.line.requeue import transfer
from app.db import now
from routing.events import Event, fold
from routing.lifecycle import INTERACTION
from tests.shift import SUPERVISOR, Shift


async def test_a_story_told_in_another_order_than_it_was_locked_folds_right_by_version(shift: Shift) -> None:
    interaction = await shift.arrive()
    async with shift.db.session() as first:
        await first.exec(text("SELECT pg_current_xact_id()"))  # type: ignore[call-overload]
        async with shift.db.session() as second:
            moment = await now(second)
            await transfer(
                second, interaction, queue="claims", representative=None, reason=None, actor=SUPERVISOR, now=moment
            )
        await cancel(first, interaction, reason="changed_mind", actor=SUPERVISOR, now=await now(first))

    by_feed = await shift.fetch(
        "SELECT version, kind FROM event WHERE subject_id = $1 ORDER BY epoch, xid, seq", str(interaction)
    )
    by_version = await shift.fetch(
        "SELECT version, kind FROM event WHERE subject_id = $1 ORDER BY version", str(interaction)
    )
    assert [row["kind"] for row in by_feed] == ["queued", "cancelled", "transferred"]
    events = [Event(version=row["version"], kind=row["kind"], data={}) for row in by_version]
    assert fold("interaction", events) == (await shift.row(interaction))["state"] == "cancelled"
    assert not INTERACTION.allows("cancelled", "transferred"), "in the feed's order the story would make no sense"
