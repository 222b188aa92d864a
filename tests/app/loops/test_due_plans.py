"""What is not due yet is not looked at, however much of it there is: the chores ask twice a second."""

from __future__ import annotations

import pytest

from app.actions import firing
from app.actions.line import rouse, step
from app.actions.outward import webhook_deliveries
from app.loops import janitor
from tests.shift import Shift

ASKED = {
    "steps": (step._DUE, 500),
    "ends of all steps": (step._EXHAUSTED, 500),
    "sleepers": (rouse._DUE, 500, "parked"),
    "answers": (janitor._SWEEP, 48, 1_000),
    "told waits": (janitor._FORGET, 30, 1_000),
    "notices": (janitor._UNCOUNT, 40, 1_000),
    "surges": (janitor._UNSURGE, 30, 1_000),
    "deliveries": (janitor._UNSEND, 30, 1_000),
}
"""What the chores ask for, again and again."""

_TIMERS = """
INSERT INTO timer (id, key, kind, due_at)
SELECT gen_random_uuid(), 'later:' || n, 'promise_due', wall_clock() + n * interval '1 hour' FROM generate_series(1, 3000) n
"""
_RECEIVER = """
INSERT INTO webhook_endpoint (id, url, secret, kinds, state, made_at, made_by)
VALUES (gen_random_uuid(), 'https://dead.example', '\\x00', '{}', 'on', wall_clock(), 'test') RETURNING id
"""
_DELIVERIES = """
INSERT INTO webhook_delivery (id, endpoint_id, event_seq, kind, payload, state, attempts, next_at, made_at)
SELECT gen_random_uuid(), $1, n, 'case.opened', '{}', 'pending', 1, wall_clock() + n * interval '1 hour', wall_clock()
FROM generate_series(1, 3000) n
"""


async def _plan(shift: Shift, statement: str, *args: object) -> str:
    async with shift.db.connection() as connection:
        await connection.execute("ANALYZE")
        rows = await connection.fetch("EXPLAIN (ANALYZE, TIMING OFF, SUMMARY OFF) " + statement, *args)
    return "\n".join(row[0] for row in rows)


async def test_timers_that_are_not_due_are_not_looked_at(shift: Shift) -> None:
    await shift.execute(_TIMERS)
    plan = await _plan(shift, firing._DUE, 500)
    assert "Rows Removed by Filter" not in plan
    assert "Seq Scan on timer" not in plan
    await shift.execute("DELETE FROM timer")


async def test_what_waits_for_a_dead_receiver_is_not_looked_at(shift: Shift) -> None:
    (receiver,) = await shift.fetch(_RECEIVER)
    await shift.execute(_DELIVERIES, receiver["id"])
    plan = await _plan(shift, webhook_deliveries._CLAIM, [receiver["id"]], [4], 60)
    assert "Rows Removed by Filter" not in plan
    assert "Seq Scan on webhook_delivery" not in plan


@pytest.mark.parametrize("what", ASKED)
async def test_the_clock_is_asked_once_and_not_for_each_row(shift: Shift, what: str) -> None:
    statement, *args = ASKED[what]
    plan = await _plan(shift, str(statement), *args)
    assert "clock" not in plan, "a volatile call is no condition of an index: it is held against every row"
