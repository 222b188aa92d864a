"""The audit finds a resolution nobody ends, and a survey whose answer does not fit its state."""

from __future__ import annotations

from uuid import UUID

import pytest

from app.actions.cases.merge import merge
from app.queries.audit.audit import audit
from tests.shift import Shift
from tests.solving import say, solved, tend


async def broken(shift: Shift) -> set[tuple[str, str]]:
    async with shift.db.connection() as connection:
        return {(each.rule, each.id) for each in await audit(connection)}


@pytest.mark.parametrize(
    ("answer", "rule", "damage", "mended"),
    [
        (None, "asked_until", "DELETE FROM timer WHERE kind = 'survey_closes'", "UPDATE \"case\" SET resolved_at = NULL"),
        ("yes", "said_solved", "UPDATE survey SET solved = NULL", "UPDATE survey SET solved = 'yes'"),
        (None, "said_solved", "UPDATE survey SET solved = 'no'", "UPDATE survey SET solved = NULL"),
    ],
)  # fmt: skip
async def test_each_broken_promise_about_surveys_is_found_by_name(
    shift: Shift, answer: str | None, rule: str, damage: str, mended: str
) -> None:
    case: UUID = await solved(shift)
    if answer is not None:
        await say(shift, case, answer)
    assert await broken(shift) == set()
    await shift.execute(damage)
    assert (rule, str(case)) in await broken(shift)
    await shift.execute(mended)


async def test_cases_that_became_one_are_sound(shift: Shift) -> None:
    one, other = await solved(shift), await solved(shift)
    await shift.do(merge, one, other, reason=None)
    await tend(shift)
    assert await broken(shift) == set()
