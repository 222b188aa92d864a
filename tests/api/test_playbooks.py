"""Playbooks over the API: read and ticked where the work is, and what goes with their steps."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from app.loops.tending import Tending
from tests.api.conftest import House
from tests.documents import document
from tests.moving import turns

NUMBERS = count(1)
STEPS = [
    {"code": "greet", "do": "say", "words": {"en": "Good morning", "ur": "سلام"}},
    {"code": "photos", "do": "ask", "words": {"en": "Ask for photos"}, "required": True, "link": "/photos"},
]


async def published(house: House, **more: Any) -> None:
    wanted = {**document(), **more}
    headers = {"idempotency-key": f"playbooks-{next(NUMBERS)}"}
    made = await house.call("supervisor", "POST", "/v1/rules", {"document": wanted}, headers=headers)
    assert made.status_code == 201, made.text
    version = made.json()["version"]
    assert (await house.call("supervisor", "PUT", f"/v1/rules/{version}/publication")).status_code == 200


async def served(house: House) -> str:
    """A claim of Ayesha's, under a playbook; its case."""
    claim = {"playbook": "claim"}
    await published(house, playbooks={"claim": {"steps": STEPS}}, resolution={"request_types": {"claim": claim}})
    told = await house.arrive(f"case-{next(NUMBERS)}")
    assignment = await house.offer(told["id"], "ayesha")
    assert (await house.call("ayesha", "PUT", f"/v1/assignments/{assignment}/acceptance")).status_code == 200
    await turns(Tending(house.app.state.service.database))
    found: str = told["case_id"]
    return found


async def test_a_step_is_read_ticked_and_taken_back_and_gates_the_resolution(house: House) -> None:
    case = await served(house)
    shown = (await house.call("ayesha", "GET", f"/v1/cases/{case}/playbook")).json()
    assert (shown["playbook"], shown["version"], shown["missing"]) == ("claim", 1, ["photos"])
    assert shown["steps"][1] == {
        "code": "photos", "do": "ask", "words": {"en": "Ask for photos"}, "required": True, "link": "/photos",
        "ticked_at": None, "ticked_by": None,
    }  # fmt: skip
    refused = await house.call("ayesha", "PUT", f"/v1/cases/{case}/resolution", {})
    assert (refused.status_code, refused.json()["code"]) == (409, "steps_missing")
    assert [each["where"] for each in refused.json()["errors"]] == ["photos"]
    for method, missing in (("PUT", []), ("DELETE", ["photos"]), ("PUT", []), ("PUT", [])):
        answer = await house.call("ayesha", method, f"/v1/cases/{case}/playbook/photos")
        assert (answer.status_code, answer.json()["missing"]) == (200, missing)
        by = answer.json()["steps"][1]["ticked_by"]
        assert by == (None if missing else "representative:ayesha")
    done = await house.call("ayesha", "PUT", f"/v1/cases/{case}/resolution", {})
    assert (done.status_code, done.json()["state"]) == (200, "resolved")
    late = await house.call("ayesha", "DELETE", f"/v1/cases/{case}/playbook/photos")
    assert (late.status_code, late.json()["code"]) == (409, "not_open")


async def test_who_does_not_work_on_a_case_neither_reads_nor_ticks(house: House) -> None:
    case = await served(house)
    assert (await house.call("chandra", "GET", f"/v1/cases/{case}/playbook")).status_code == 404
    refused = await house.call("chandra", "PUT", f"/v1/cases/{case}/playbook/greet")
    assert (refused.status_code, refused.json()["code"]) == (403, "not_yours")
    unknown = await house.call("ayesha", "PUT", f"/v1/cases/{case}/playbook/dance")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_step")
    assert (await house.call("integration", "PUT", f"/v1/cases/{case}/playbook/greet")).status_code == 200


async def test_what_goes_with_the_steps_of_a_version_is_told_to_those_who_decide(house: House) -> None:
    await served(house)
    found = (await house.call("supervisor", "GET", "/v1/reports/playbooks/claim")).json()
    assert (found["playbook"], found["least"], len(found["versions"])) == ("claim", 20, 1)
    (version,) = found["versions"]
    assert (version["version"], version["cases"], [step["verdict"] for step in version["steps"]]) == (
        1,
        0,
        ["too_few"] * 2,
    )
    assert (await house.call("ayesha", "GET", "/v1/reports/playbooks/claim")).status_code == 403
    missing = await house.call("supervisor", "GET", "/v1/reports/playbooks/dance")
    assert (missing.status_code, missing.json()["code"]) == (404, "unknown_playbook")


@pytest.mark.parametrize(
    "period",
    ["begin=2026-01-02T00:00:00Z&end=2026-01-01T00:00:00Z", "begin=2020-01-01T00:00:00Z&end=2026-01-01T00:00:00Z"],
)
async def test_a_period_has_a_length_and_a_limit(house: House, period: str) -> None:
    for path in ("/v1/reports/playbooks/claim", "/v1/reports/checks"):
        answer = await house.call("supervisor", "GET", f"{path}?{period}")
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_period")
