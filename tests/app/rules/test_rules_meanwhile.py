"""Rules are published while contacts come: nobody is let in by what holds no more, or into a queue that is gone."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from app.actions.rules import versions as rules
from app.db import now
from app.errors import Conflict, Invalid
from app.queries.audit.audit import audit
from app.security import SYSTEM
from channels.base import Arrived, Outcome
from tests.documents import SPARE, document
from tests.racing import blocked
from tests.shift import Shift

LOST: dict[str, Any] = {"queue": "spare", "letter": "L", "labels": {"en": "Lost", "ur": "گم", "te": "పోయింది"}}


def wider() -> dict[str, Any]:
    """With a queue and a request that nobody has ever used."""
    found = document(spare=SPARE)
    found["request_types"]["lost"] = LOST
    return found


async def publish(shift: Shift, wanted: dict[str, Any], *, known: bool = False) -> int:
    """`known`: the door has read it; else it still goes by what was live before."""
    row = await shift.do(rules.draft, wanted)
    await shift.do(rules.publish, row.version)
    if known:
        shift.intake.forget()
        await shift.intake.catalogue()
    version: int = row.version
    return version


async def visit(shift: Shift, request: str, name: str = "v1") -> Outcome:
    return await shift.take("walk_in", Arrived(ref=name, contact=name, request_type=request))


async def test_who_comes_the_moment_after_is_let_in_by_the_new_rules(shift: Shift) -> None:
    await publish(shift, document(), known=True)
    version = await publish(shift, document(claims={"target_seconds": 7}))
    outcome = await visit(shift, "claim")
    assert outcome.interaction_id is not None
    row = await shift.row(outcome.interaction_id)
    assert row["rules_version"] == version
    assert (row["due_at"] - row["queued_at"]).total_seconds() == 7


async def test_who_chooses_the_moment_after_is_let_in_by_the_new_rules(shift: Shift) -> None:
    await publish(shift, document(), known=True)
    await shift.take("phone", Arrived(ref="CA1", contact="CA1"))
    version = await publish(shift, document(claims={"target_seconds": 7}))
    outcome = await shift.take("phone", Arrived(ref="CA1:2", contact="CA1", request_type="claim"))
    assert outcome.interaction_id is not None
    assert (await shift.row(outcome.interaction_id))["rules_version"] == version


async def test_a_request_that_was_just_removed_is_refused_and_those_beside_it_are_not(shift: Shift) -> None:
    await publish(shift, wider(), known=True)
    await publish(shift, document())
    found = await asyncio.gather(
        *(visit(shift, request, request) for request in ("lost", "claim", "order")), return_exceptions=True
    )
    assert isinstance(found[0], Invalid)
    assert found[0].code == "unknown_request_type"
    assert [each.queue for each in found[1:] if isinstance(each, Outcome)] == ["claims", "sales"]
    await shift.sound()


async def test_who_comes_while_a_queue_is_being_removed_waits_for_the_answer(shift: Shift) -> None:
    await publish(shift, wider(), known=True)
    row = await shift.do(rules.draft, document())
    async with shift.db.session() as session:
        await rules.publish(session, row.version, actor=SYSTEM, now=await now(session))
        coming = asyncio.create_task(visit(shift, "lost"))
        await blocked(shift.fetch)
        assert not coming.done()
    with pytest.raises(Invalid) as caught:
        await coming
    assert caught.value.code == "unknown_request_type"
    await shift.sound()


async def test_a_queue_somebody_is_just_entering_is_not_removed(shift: Shift) -> None:
    await publish(shift, wider(), known=True)
    row = await shift.do(rules.draft, document())
    async with shift.db.transaction() as connection:
        await connection.execute(
            "INSERT INTO receipt (source, channel, ref, at) VALUES ('test', 'walk_in', 'open', wall_clock())"
        )
        publishing = asyncio.create_task(shift.do(rules.publish, row.version))
        await blocked(shift.fetch)
        assert not publishing.done()
        await connection.execute("UPDATE organisation SET default_request_type = 'lost'")
    with pytest.raises(Conflict) as caught:
        await publishing
    assert caught.value.code == "still_named"
    async with shift.db.connection() as connection:
        assert await audit(connection) == []
