"""A supervisor reads why: why it waits, who got it and why not the others, and what a change would do, before it is made."""

from __future__ import annotations

from typing import Any

from tests.journeys.conftest import Journey

LETTER = {"channel": "console", "request_type": "claim", "language": "te"}


async def arrive(journey: Journey, ref: str, **more: Any) -> str:
    told = await journey.house.arrive(ref, **more)
    return str(told["id"])


async def trace(journey: Journey, interaction: str, query: str = "") -> dict[str, Any]:
    return await journey.call("supervisor", "GET", f"/v1/interactions/{interaction}/trace{query}")


async def tried(journey: Journey, **more: Any) -> dict[str, Any]:
    return await journey.call("supervisor", "POST", "/v1/routing/dry-run", {"contact": LETTER, **more})


async def test_a_supervisor_sees_why_a_customer_still_waits_and_what_would_help(journey: Journey) -> None:
    await journey.presence("ayesha")  # knows claims, but no Telugu
    await journey.presence("bilal")  # knows neither
    interaction = await arrive(journey, "letter-1", language="te")
    found = (await trace(journey, interaction))["waiting"]
    assert {each["reason"]: each["representatives"] for each in found["ruled_out"]} == {
        "queue": ["bilal"],
        "language": ["ayesha"],
    }
    assert found["position"] == 1
    assert found["changes"] == ["sign_on", "rules"]
    await journey.presence("chandra")  # what would help: somebody who has both
    await journey.accept("chandra", interaction)
    told = await trace(journey, interaction)
    assert told["waiting"] is None
    [offer] = told["offers"]
    assert offer["trace"]["chosen"]["representative"] == "chandra"
    assert offer["trace"]["ruled_out"] == {"queue": 1, "language": 1}
    assert offer["answered_at"] is not None
    assert [step["state"] for step in told["steps"]] == ["matched"]


async def test_an_offer_of_an_hour_ago_is_explained_with_everybody_who_was_there_then(journey: Journey) -> None:
    for code in ("ayesha", "chandra", "esther", "bilal"):
        await journey.presence(code)
    interaction = await arrive(journey, "letter-1")
    await journey.until(lambda: _offers(journey, interaction))
    [offer] = (await trace(journey, interaction))["offers"]
    chosen = offer["representative"]
    await journey.accept(chosen, interaction)
    await journey.complete(chosen, interaction)
    await journey.pass_time(3600)
    for code in ("ayesha", "chandra", "esther", "bilal"):
        await journey.presence(code, "offline")
    replay = (await trace(journey, interaction, f"?at={offer['assignment']}"))["replay"]
    assert replay["agrees"]
    reasons = {each["representative"]: each["reason"] for each in replay["representatives"]}
    assert reasons == {"ayesha": None, "chandra": None, "esther": None, "bilal": "queue"}
    assert replay["representatives"][0]["representative"] == chosen


async def test_a_draft_is_tried_against_an_hour_ago_and_nobody_notices(journey: Journey) -> None:
    await journey.presence("chandra")
    before = await journey.fetch("SELECT wall_clock() AS now")
    await journey.presence("chandra", "offline")
    await journey.pass_time(3600)
    at = before[0]["now"].isoformat()
    assert (await tried(journey))["offer"] is None
    then = await tried(journey, at=at)
    assert then["offer"]["chosen"]["representative"] == "chandra"
    document = {
        "queues": {"claims": {"name": "Claims", "target_seconds": 60, "offer_timeout_seconds": 20}},
        "request_types": {
            "claim": {
                "queue": "claims", "letter": "A", "skills": {"claims": 5},
                "labels": {"en": "Claim", "ur": "دعویٰ", "te": "క్లెయిమ్"},
            }
        },
    }  # fmt: skip
    draft = await journey.call("supervisor", "POST", "/v1/rules", {"document": document})
    events = "SELECT count(*) FROM event"
    count = await journey.fetch(events)
    under = await tried(journey, at=at, rules=draft["version"])
    assert under["rules"] == draft["version"]
    assert under["offer"] is None
    assert under["waiting"]["ruled_out"] == [{"reason": "skills", "count": 1, "representatives": ["chandra"]}]
    assert await journey.fetch(events) == count


async def _offers(journey: Journey, interaction: str) -> bool | None:
    return bool((await trace(journey, interaction))["offers"]) or None
