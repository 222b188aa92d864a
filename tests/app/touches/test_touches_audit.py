"""What the audit asks of touches and clocks: each rule is broken once, and only that rule finds it."""

from __future__ import annotations

from typing import Final

import pytest

from app.queries.audit.audit import audit
from tests.shift import Shift
from tests.ticking import begin, say_rules, tend

BROKEN: Final = {
    "touches_numbered": ('UPDATE "case" SET touches = 2', "UPDATE touch SET number = 2", "DELETE FROM touch"),
    "clock_will_ring": ("DELETE FROM timer WHERE kind = 'clock_breach'",),
    "clock_over": (
        "UPDATE clock SET ended_at = now()",
        "UPDATE clock SET state = 'met', due_at = NULL",
        "UPDATE clock SET late_at = now()",
    ),
}


@pytest.mark.parametrize(("rule", "statement"), [(rule, each) for rule, said in BROKEN.items() for each in said])
async def test_what_is_broken_is_found(shift: Shift, rule: str, statement: str) -> None:
    await say_rules(shift)
    _, case = await begin(shift)
    await shift.arrive("email", case_id=case)
    await tend(shift)
    async with shift.db.connection() as connection:
        assert await audit(connection) == []
        transaction = connection.transaction(isolation="repeatable_read")  # as the audit's own
        await transaction.start()
        await connection.execute(statement)
        assert {finding.rule for finding in await audit(connection)} == {rule}
        await transaction.rollback()
