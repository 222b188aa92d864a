"""What is kept long enough goes, a slice at a time, and what is still to be done stays however old it is."""

from __future__ import annotations

from typing import Final
from uuid import UUID

import pytest

from app.actions.outward.webhooks import resend
from app.db import now
from app.loops import janitor
from app.loops.janitor import SENT_DAYS, Janitor
from tests.moving import turns
from tests.shift import Shift

DAY: Final = 86_400.0
_RECEIVER: Final = """
INSERT INTO webhook_endpoint (id, url, secret, kinds, state, made_at, made_by)
VALUES (gen_random_uuid(), 'https://example.org', '\\x00', '{}', 'on', wall_clock(), 'test') RETURNING id
"""
_DELIVERY: Final = """
INSERT INTO webhook_delivery (id, endpoint_id, event_seq, kind, payload, state, attempts, next_at, made_at, done_at)
SELECT gen_random_uuid(), $1, n, 'case.opened', '{}', $2, 1, wall_clock(), wall_clock(),
    CASE WHEN $2 IN ('sent', 'failed') THEN wall_clock() END
FROM generate_series($3::int, $4::int) AS n
"""


async def laid_out(shift: Shift, state: str, numbers: range) -> None:
    """Deliveries to one receiver, by the numbers of their events; those that are over are over now."""
    known = await shift.fetch("SELECT id FROM webhook_endpoint") or await shift.fetch(_RECEIVER)
    await shift.execute(_DELIVERY, known[0]["id"], state, numbers.start, numbers.stop - 1)


async def kept(shift: Shift) -> list[int]:
    rows = await shift.fetch("SELECT event_seq FROM webhook_delivery ORDER BY event_seq")
    return [row["event_seq"] for row in rows]


async def test_what_was_sent_or_given_up_a_month_ago_goes_and_what_is_to_be_tried_stays(shift: Shift) -> None:
    for number, state in enumerate(("sent", "failed", "pending", "sending")):
        await laid_out(shift, state, range(number, number + 1))
    await shift.pass_time((SENT_DAYS - 1) * DAY)
    await laid_out(shift, "sent", range(4, 5))
    await turns(Janitor(shift.db))
    assert await kept(shift) == [0, 1, 2, 3, 4], "a day is left"
    await shift.pass_time(DAY)
    await turns(Janitor(shift.db))
    assert await kept(shift) == [2, 3, 4]


async def test_what_is_sent_again_is_kept_until_it_was_tried(shift: Shift) -> None:
    await laid_out(shift, "sent", range(1))
    await shift.pass_time((SENT_DAYS + 1) * DAY)
    (row,) = await shift.fetch("SELECT id FROM webhook_delivery")
    async with shift.db.session() as session:
        await resend(session, UUID(str(row["id"])), now=await now(session))
    await turns(Janitor(shift.db))
    assert await kept(shift) == [0]


async def test_much_of_it_goes_slice_by_slice(shift: Shift, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(janitor, "SLICE", 10)
    await laid_out(shift, "sent", range(25))
    await shift.pass_time((SENT_DAYS + 1) * DAY)
    left = []
    while await Janitor(shift.db).turn():
        left.append(len(await kept(shift)))
    assert (left, await kept(shift)) == ([15, 5], [])
