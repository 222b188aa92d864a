"""Rules that lost what open cases go by: a playbook, a request type an incident names. Nothing hangs, and everything comes to its end."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from app.actions.cases.playbooks import tick
from app.actions.cases.resolve import resolve
from app.actions.checks.decide import approve, take
from app.actions.incidents import declare as incidents
from app.actions.incidents.declare import Change, Told, Touched
from app.actions.promises.given import give_promise
from app.actions.rules import versions as rules
from app.errors import Conflict, Invalid
from app.loops.recomputing import Recomputing
from app.loops.spreading import Spreading
from tests.moving import turns
from tests.ruling import document
from tests.shift import Shift, person
from tests.solving import alarms, fire, row, say, served, tend
from tests.ticking import HOUR, TARGETS, clocks

STEPS = [{"code": "look", "do": "check", "words": {"en": "Look"}, "required": True}]
RESOLUTION: dict[str, Any] = {"quiet": "never", "targets": TARGETS, "checks": [{"before": "resolution"}]}


async def publish(shift: Shift, wanted: dict[str, Any]) -> None:
    await shift.do(rules.publish, (await shift.do(rules.draft, wanted)).version, recompute=False)
    shift.intake.forget()


def with_visas(**more: Any) -> dict[str, Any]:
    """The house's rules, and a request of which no contact ever came: somebody may find that a case is about it."""
    found = document(**more)
    words = {"en": "Visa", "ur": "Visa", "te": "Visa"}
    found["request_types"]["visa"] = {"queue": "inquiries", "skills": {}, "letter": "V", "labels": words}
    return found


@pytest.fixture
async def case(shift: Shift) -> UUID:
    """Open, with all that a case can have; then the rules do not know its playbook any more."""
    books = {"visa": {"steps": STEPS}}
    await publish(shift, document(resolution={**RESOLUTION, "playbook": "visa"}, playbooks=books))
    contact = await served(shift)
    await tend(shift)
    found: UUID = (await shift.case(contact))["id"]
    at = (await shift.fetch("SELECT wall_clock() + interval '3 hours' AS at"))[0]["at"]
    await shift.do(
        give_promise, found, kind="solution", due_at=at, words=None, representative=None, actor=person("esther")
    )
    await publish(shift, document(resolution=RESOLUTION))
    await turns(Recomputing(shift.db))
    assert (await row(shift, found))["playbook"] == "visa"
    return found


async def test_clocks_promises_steps_and_checks_go_on_to_their_end(shift: Shift, case: UUID) -> None:
    with pytest.raises(Conflict, match="Required steps"):
        await shift.do(resolve, case, outcome=None, actor=person("esther"))
    for _ in range(14):
        await shift.pass_time(HOUR)
        await tend(shift)
        await fire(shift)
    assert (await clocks(shift, case))["resolution"] == "breached"
    assert [alarm["data"]["of"] for alarm in await alarms(shift, "promise_broken")] == ["solution"]
    await shift.do(tick, case, "look", actor=person("esther"))
    await shift.do(resolve, case, outcome=None, actor=person("esther"))
    (check,) = await shift.fetch("SELECT id FROM second_check")
    await shift.do(take, check["id"])
    await shift.do(approve, check["id"])
    await tend(shift)
    await say(shift, case, "yes")
    assert (await row(shift, case))["state"] == "closed"


async def test_who_writes_again_about_it_is_heard(shift: Shift, case: UUID) -> None:
    again = await shift.arrive("email", None, case_id=case)
    await tend(shift)
    assert (await shift.row(again))["case_id"] == case
    assert "touched" in await shift.story(case)
    await shift.pass_time(60 * HOUR)
    await fire(shift)
    standing = await shift.fetch(
        "SELECT FROM promise WHERE case_id = $1 AND kind = 'news' AND state = 'standing'", case
    )
    assert len(standing) == 1


async def test_an_incident_about_what_the_rules_lost_is_told_changed_and_closed(shift: Shift, case: UUID) -> None:
    """A request type goes only when no contact and no case names it: an incident may."""
    await publish(shift, with_visas(resolution={"quiet": "never"}))
    told = Told(words={"en": "It is out."})
    made = await shift.do(incidents.declare, told, Touched(request_types=["visa", "inquiry"]), since=None)
    await publish(shift, document(resolution={"quiet": "never"}))
    await turns(Spreading(shift.db))
    await shift.do(incidents.change, made.id, Change(words={"en": "It is still out."}))
    await shift.do(incidents.change, made.id, Change(touched={"request_types": ["inquiry", "visa", "claim"]}))
    with pytest.raises(Invalid, match="nonsense"):
        await shift.do(incidents.change, made.id, Change(touched={"request_types": ["visa", "nonsense"]}))
    await shift.do(incidents.close, made.id, {"en": "It works."})
    await turns(Spreading(shift.db))
    assert (await row(shift, case))["state"] == "resolved"
