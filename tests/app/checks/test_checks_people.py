"""Whose work it is and who looks at it: one person under every name, also when what was held leaves by another's hand."""

from __future__ import annotations

import pytest

from app.actions.cases.resolve import resolve
from app.actions.checks.decide import approve, take
from app.actions.contacts.write import write
from app.errors import Forbidden
from app.security import Actor
from tests.app.checks.test_checks import check_of, checked, served
from tests.shift import Shift, person
from tests.solving import tend


async def test_who_renews_their_key_is_no_second_person(shift: Shift) -> None:
    before, after = [Actor(role="supervisor", key_id=key, name="shift-lead") for key in ("1", "2")]
    await checked(shift, {})
    _, case = await served(shift)
    await shift.do(resolve, case, outcome="paid", actor=before)
    check = (await check_of(shift, case))["id"]
    with pytest.raises(Forbidden) as caught:
        await shift.do(take, check, actor=after)
    assert caught.value.code == "same_person"
    other = Actor(role="supervisor", key_id="3", name="house-lead")
    await shift.do(take, check, actor=other)
    renewed = Actor(role="supervisor", key_id="4", name="house-lead")
    assert (await shift.do(approve, check, actor=renewed)).state == "passed", (
        "whoever took it decides with a new key too"
    )


async def test_what_is_asked_of_a_customer_is_asked_by_who_wrote_it_not_by_who_let_it_go(shift: Shift) -> None:
    await checked(shift, {"before": "message"})
    contact, case = await served(shift, channel="email")
    asking = {"direction": "out", "subject": None, "body": "A photo?", "asks": "missing_document"}
    await shift.do(write, contact, **asking, actor=person("ayesha"))
    check = (await check_of(shift, case))["id"]
    await shift.do(take, check, actor=person("chandra"))
    await shift.do(approve, check, actor=person("chandra"))
    await tend(shift)
    touches = await shift.fetch("SELECT kind, cause, representative FROM touch WHERE case_id = $1", case)
    assert [tuple(row) for row in touches] == [("asked", "missing_document", "ayesha")]
