"""The elderly visitor: she comes without a name, is called first, and when she phones later it is still one matter."""

from __future__ import annotations

from tests.journeys.conftest import Story

HER_NUMBER = "+923001234567"


async def test_the_elderly_visitor_who_later_phones_has_one_case(story: Story) -> None:
    await story.begins("10:00")

    # Monday morning: a young man is there before her. She says nothing of herself but that she cannot stand for long.
    young = await story.kiosk("visits", ref="k-1", request_type="claim", language="en")
    visit = await story.kiosk("visits", ref="k-2", request_type="claim", language="ur", needs=["elderly"])
    assert (visit["number"], visit["position"]) == ("A002", 1)
    assert visit["message"].startswith("آپ کا نمبر A002 ہے۔")
    case = str(visit["case_id"])
    await story.presence("ayesha")
    await story.accept("ayesha", str(visit["id"]))
    called = await story.sent(str(visit["id"]), "call_to_counter")
    assert (called["payload"]["desk"], called["language"]) == ("1", "ur")
    assert (await story.interaction(str(visit["id"])))["head_start_reasons"] == ["elderly"]

    # At the counter she becomes a person with a name, a number and a need that the house remembers.
    her = await story.call(
        "ayesha", "PUT", f"/v1/interactions/{visit['id']}/customer",
        {"name": "Amina Bibi", "phone": HER_NUMBER, "language": "ur", "needs": ["elderly"]},
    )  # fmt: skip
    note = {"direction": "note", "body": "The pump leaks. The receipt is with her son."}
    await story.call("ayesha", "POST", f"/v1/interactions/{visit['id']}/messages", note)
    promised = await story.call(
        "ayesha", "POST", f"/v1/cases/{case}/promises",
        {"kind": "solution", "due_at": (await story.at(3, "17:00")).isoformat(), "words": "نیا پمپ لگ جائے گا۔"},
    )  # fmt: skip
    await story.complete("ayesha", str(visit["id"]))
    await story.accept("ayesha", str(young["id"]))
    await story.complete("ayesha", str(young["id"]))
    await story.call("ayesha", "PUT", f"/v1/cases/{young['case_id']}/resolution", {"outcome": "answered"})
    await story.presence("ayesha", "offline")

    # On Tuesday she phones. Her number says who she may be; which matter it is, she tells Farid.
    await story.becomes_time(await story.at(1, "11:00"))
    call = await story.dials("CA1", "21", number=HER_NUMBER)
    await story.presence("farid")
    await story.accept("farid", call)
    found = await story.call("farid", "GET", f"/v1/interactions/{call}")
    assert found["customer"]["id"] == her["id"]
    assert (found["customer"]["name"], found["customer"]["needs"]) == ("Amina Bibi", ["elderly"])
    assert found["case_id"] != case, "a number alone joins nothing: others may use it"
    proposed = await story.items(f"/v1/cases?customer_id={her['id']}", "farid")
    assert case in [each["id"] for each in proposed]
    one = {"case_id": case, "reason": "customer_said_so"}
    assert (await story.call("farid", "PUT", f"/v1/interactions/{call}/case", one))["id"] == case
    standing = await story.items(f"/v1/cases/{case}/promises?state=standing", "farid")
    assert ("solution", "نیا پمپ لگ جائے گا۔") in [(each["kind"], each["words"]) for each in standing]
    await story.hangs_up("CA1", number=HER_NUMBER)
    await story.complete("farid", call)
    touches = await story.call("farid", "GET", f"/v1/cases/{case}/touches")
    assert touches["count"] == 1, "she had to come back to us once"

    # She has no address to write to: so on Thursday morning Ayesha is told that news are due, and not a machine.
    await story.becomes_time(await story.at(2, "10:30"))
    (alarm,) = await story.alarms(case, "promise_near")
    assert (alarm["representative"], alarm["data"]["of"]) == ("ayesha", "news")

    # The pump is fitted, in time, and Ayesha calls it solved.
    kept = await story.call("ayesha", "PUT", f"/v1/promises/{promised['id']}/kept")
    assert kept["state"] == "kept"
    solved = {"outcome": "pump_replaced", "root_cause": "worn_seal"}
    assert (await story.call("ayesha", "PUT", f"/v1/cases/{case}/resolution", solved))["state"] == "resolved"

    # There is no way to ask her; so it closes, and nobody claims that she called it solved.
    await story.passes(days=6)
    ended = await story.case(case)
    assert (ended["state"], ended["closed_by"], ended["customer"]["id"]) == ("closed", "not_asked", her["id"])
    assert [each["channel"] for each in ended["interactions"]] == ["walk_in", "phone"]
    assert await story.items(f"/v1/cases/{case}/surveys") == []
    assert story.postbox.empty
    assert await story.timeline(case) == STORY


STORY = [
    "kiosk | opened",
    "kiosk | queued",
    "system | promised | news",
    "Ayesha Malik | accepted",
    "Ayesha Malik | owned",
    "Ayesha Malik | described",
    "Ayesha Malik | noted | The pump leaks. The receipt is with her son.",
    "Ayesha Malik | promised | solution | نیا پمپ لگ جائے گا۔",
    "Ayesha Malik | completed",
    "system | promise_kept | news",
    "Ayesha Malik | promised | news",
    "channel | opened",
    "channel | arrived",
    "system | queued",
    "system | promised | news",
    "Farid Khan | accepted",
    "Farid Khan | owned",
    "Farid Khan | merged",
    "Farid Khan | absorbed",
    "system | promise_released | news",
    "Farid Khan | ended",
    "Farid Khan | completed",
    "system | promise_kept | news",
    "Ayesha Malik | promised | news",
    "Ayesha Malik | alarmed | promise_near",
    "Ayesha Malik | promise_kept | solution | نیا پمپ لگ جائے گا۔",
    "Ayesha Malik | resolved",
    "system | promise_released | news",
    "system | not_asked",
]
"""From first to last: who, what, in what words."""
