"""The audit finds checks nobody decides, answers that are held and have left, and playbooks nobody published."""

from __future__ import annotations

from typing import Any

import pytest

from app.actions.checks.decide import approve, take
from app.actions.contacts.write import write
from app.queries.audit.audit import audit
from tests.app.checks.test_checks import checked, served
from tests.shift import Shift, person

DAMAGES = {
    "looked_at": "UPDATE second_check SET state = 'withdrawn', decided_at = wall_clock() WHERE state = 'waiting'",
    "look_in_time": "DELETE FROM timer WHERE kind = 'check_late'",
    "held_back": "UPDATE message SET attributes = jsonb_build_object('held', 'x') WHERE direction = 'out'",
    "known_playbook": "UPDATE \"case\" SET playbook = 'dance', playbook_version = 3",
}
MENDED = {
    "looked_at": "UPDATE second_check SET state = 'waiting', decided_at = NULL WHERE state = 'withdrawn'",
    "look_in_time": "INSERT INTO alarm (id, key, kind, raised_at) SELECT gen_random_uuid(), 'check_late:' || id, 'check_late',"
    " wall_clock() FROM second_check",
    "held_back": "UPDATE message SET attributes = '{}' WHERE attributes ->> 'held' = 'x'",
    "known_playbook": 'UPDATE "case" SET playbook = NULL, playbook_version = NULL',
}


@pytest.mark.parametrize("rule", DAMAGES)
async def test_each_broken_promise_about_checks_and_playbooks_is_found_by_name(shift: Shift, rule: str) -> None:
    await checked(shift, {"before": "message"})
    done, _ = await served(shift, channel="email")
    message = await answered(shift, done)
    await shift.do(take, message.attributes["held"], actor=person("chandra"))
    await shift.do(approve, message.attributes["held"], actor=person("chandra"))
    waiting, _ = await served(shift, "esther", channel="email")
    await answered(shift, waiting, "esther")
    assert await broken(shift) == set()
    await shift.execute(DAMAGES[rule])
    assert rule in await broken(shift)
    await shift.execute(MENDED[rule])
    await shift.execute("UPDATE message SET attributes = jsonb_build_object('held', id) WHERE id IN (SELECT message_id FROM second_check WHERE state = 'waiting')")  # fmt: skip
    assert await broken(shift) == set()


async def answered(shift: Shift, interaction: Any, code: str = "ayesha") -> Any:
    return await shift.do(write, interaction, direction="out", subject=None, body="Words", actor=person(code))


async def broken(shift: Shift) -> set[str]:
    async with shift.db.connection() as connection:
        return {each.rule for each in await audit(connection)}
