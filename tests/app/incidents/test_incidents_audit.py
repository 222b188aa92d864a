"""What the audit asks of incidents: each rule is broken once, and only that rule finds it."""

from __future__ import annotations

from typing import Final

import pytest

from app.actions.alarms import raise_alarm
from app.actions.incidents import declare as incidents
from app.actions.incidents.declare import Told, Touched, propose
from app.db import now
from app.loops.spreading import Spreading
from app.queries.audit.audit import audit
from tests.moving import turns
from tests.shift import Shift
from tests.solving import tend

BROKEN: Final = {
    "attached_on_record": """INSERT INTO incident_case (incident_id, case_id, attached_at, attached_by)
        SELECT i.id, c.case_id, now(), 'system' FROM incident i, incident_case c WHERE i.state = 'proposed'""",
    "incident_told": "DELETE FROM incident_update",
    "proposal_heard": "DELETE FROM alarm WHERE kind = 'surge'",
}


@pytest.mark.parametrize("rule", BROKEN)
async def test_what_is_broken_is_found(shift: Shift, rule: str) -> None:
    await shift.arrive("email")
    told = Told(words={"en": "It is out."})
    await shift.do(incidents.declare, told, Touched(request_types=["inquiry"]), since=None)
    async with shift.db.session() as session:
        at = await now(session)
        row = await propose(session, Touched(request_types=["claim"]), since=at, now=at)
        await raise_alarm(session, "surge", key=f"surge:{row.id}", case=None, representative=None, now=at)
    await tend(shift)
    await turns(Spreading(shift.db))
    async with shift.db.connection() as connection:
        assert await audit(connection) == []
        transaction = connection.transaction(isolation="repeatable_read")  # as the audit's own
        await transaction.start()
        await connection.execute(BROKEN[rule])
        assert {finding.rule for finding in await audit(connection)} == {rule}
        await transaction.rollback()
