"""The product that was sent back five times: what it costs the customer is counted, and in the end somebody mends the cause."""

from __future__ import annotations

from tests.journeys.conftest import Story, written

SANA = "sana@example.org"
HER_NUMBER = "+923001234567"
RULES = {
    "resolution": {
        "touches": 3,
        "news_seconds": 259_200,
        "causes": [{"cause": "faulty_again", "words": ["does not heat", "is broken again"]}],
    }
}


async def test_the_product_that_was_sent_back_five_times(story: Story) -> None:
    await story.begins("10:00", **RULES)

    # The first kettle does not heat. Ayesha sends another; whose matter it is, is clear from then on.
    first = await story.mail(written(1, "My new kettle does not heat.", sender=SANA))
    case, letter = str(first["case_id"]), str(first["id"])
    await story.presence("ayesha")
    await story.accept("ayesha", letter)
    await story.writes("ayesha", letter, "We are sorry. Send it back; another is on its way.")
    await story.complete("ayesha", letter)
    answer = await story.letter(SANA, "A kettle")
    token = answer.sender.partition("+")[2].partition("@")[0]

    # The second is no better: she writes. The third: she comes, with the letter in her hand. The fourth: she phones.
    await story.passes(days=1)
    second = await story.mail(written(2, "This one does not heat either.", sender=SANA, answers=answer.name))
    assert second["case_id"] == case
    await story.accept("ayesha", str(second["id"]))
    await story.writes("ayesha", str(second["id"]), "We send a third one today.")
    await story.complete("ayesha", str(second["id"]))
    await story.passes(days=1)
    visit = await story.kiosk("visits", ref="k-1", request_type="inquiry", language="en", case_token=token)
    assert visit["case_id"] == case, "the letter proves whose matter it is"
    await story.accept("ayesha", str(visit["id"]))
    note = {"direction": "note", "body": "The third is broken again. She has a fourth with her now."}
    await story.call("ayesha", "POST", f"/v1/interactions/{visit['id']}/messages", note)
    her = (await story.case(case))["customer"]["id"]
    await story.call("ayesha", "PATCH", f"/v1/customers/{her}", {"name": "Sana Tariq"})
    await story.call("ayesha", "PUT", f"/v1/customers/{her}/identities", {"phone": HER_NUMBER})
    await story.complete("ayesha", str(visit["id"]))
    await story.presence("ayesha", "offline")
    assert await story.alarms(case, "touch_budget") == [], "twice is within the budget of three"

    await story.passes(days=1)
    call = await story.dials("CA1", "13", number=HER_NUMBER)
    await story.presence("farid")
    await story.accept("farid", call)
    assert (await story.interaction(call))["customer"]["name"] == "Sana Tariq"
    await story.call("farid", "PUT", f"/v1/interactions/{call}/case", {"case_id": case})
    await story.hangs_up("CA1", number=HER_NUMBER)
    await story.complete("farid", call)
    await story.presence("farid", "offline")

    # Three times she had to come back: whose matter it is hears of it.
    (alarm,) = await story.alarms(case, "touch_budget")
    assert (alarm["representative"], alarm["data"]) == ("ayesha", {"touches": 3, "budget": 3})
    await story.call("ayesha", "PUT", f"/v1/alarms/{alarm['id']}/done")

    # The fifth. Ayesha asks what nobody asked; that costs Sana once more, and so does her answer.
    fifth = await story.mail(written(3, "The fifth does not heat. Is anybody there?", sender=SANA, answers=answer.name))
    await story.presence("ayesha")
    await story.accept("ayesha", str(fifth["id"]))
    question = "Which number is stamped below it?"
    await story.writes("ayesha", str(fifth["id"]), question, asks="serial_number")
    await story.complete("ayesha", str(fifth["id"]))
    await story.presence("ayesha", "offline")
    assert (await story.case(case))["state"] == "awaiting_customer"
    asking = (await story.letter(SANA, "A kettle")).name
    last = await story.mail(written(4, "It says B-1777. Was that so hard?", sender=SANA, answers=asking))

    # That is twice the budget. It is Ayesha's no longer: the supervisors own it, and hear of it.
    found = await story.case(case)
    assert (found["state"], found["supervised"], found["owner"]) == ("open", True, None)
    assert [each["representative"] for each in await story.alarms(case, "touch_budget")] == ["ayesha", None]
    counted = await story.call("supervisor", "GET", f"/v1/cases/{case}/touches")
    assert (counted["count"], counted["budget"], counted["supervised"]) == (6, 3, True)
    causes = [(each["channel"], each["kind"], each["cause"]) for each in counted["items"]]
    assert causes == [
        ("email", "contact", "faulty_again"),
        ("walk_in", "contact", "status"),
        ("phone", "contact", "status"),
        ("email", "contact", "faulty_again"),
        ("email", "asked", "serial_number"),
        ("email", "contact", "serial_number"),
    ], "the call too, which began a case of its own and was taken into this one"

    # Esther takes it; she does not send a sixth kettle, she finds out why.
    await story.presence("esther")
    await story.accept("esther", str(last["id"]))
    note = {"direction": "note", "body": "B-1777: the whole lot has a loose wire. It is taken from the shelves."}
    await story.call("esther", "POST", f"/v1/interactions/{last['id']}/messages", note)
    tomorrow = {
        "kind": "refund",
        "due_at": (await story.at(1, "12:00")).isoformat(),
        "words": "Your money is back on your account.",
    }
    refund = await story.call("esther", "POST", f"/v1/cases/{case}/promises", tomorrow)
    await story.writes(
        "esther", str(last["id"]), "You get your money back tomorrow. All kettles of that lot are withdrawn."
    )
    await story.complete("esther", str(last["id"]))
    assert (await story.case(case))["owner"] is None, "whoever serves it now, it stays the supervisors'"
    await story.passes(days=1)
    await story.call("esther", "PUT", f"/v1/promises/{refund['id']}/kept")
    mended = {"outcome": "refunded", "root_cause": "faulty_lot"}
    await story.call("esther", "PUT", f"/v1/cases/{case}/resolution", mended)

    # Sana is asked whether it is solved and, apart from it, how Esther was; and that is the end.
    asked = await story.letter(SANA, "Is it solved?")
    page = await story.opens(asked.link)
    assert "We think that it is solved. Is it solved?" in page
    assert "How was Esther?" in page
    assert "loose wire" not in page, "a note is for colleagues"
    assert "We are glad that it is solved, and close it." in await story.sends(asked.link, "solved", solved="yes")
    await story.sends(asked.link, "mark", mark="5", words="She asked why.")
    ended = await story.case(case)
    assert (ended["state"], ended["closed_by"], ended["root_cause"]) == ("closed", "customer", "faulty_lot")
    (survey,) = await story.items(f"/v1/cases/{case}/surveys")
    assert (survey["representative"], survey["solved"], survey["mark"]) == ("esther", "yes", 5)
    assert await story.timeline(case) == STORY


STORY = [
    "integration | opened",
    "integration | queued | My new kettle does not heat.",
    "system | promised | news",
    "Ayesha Malik | accepted",
    "Ayesha Malik | owned",
    "Ayesha Malik | answered | We are sorry. Send it back; another is on its way.",
    "system | promise_kept | news",
    "Ayesha Malik | promised | news",
    "Ayesha Malik | completed",
    "integration | queued | This one does not heat either.",
    "Ayesha Malik | accepted",
    "Ayesha Malik | answered | We send a third one today.",
    "system | promise_kept | news",
    "Ayesha Malik | promised | news",
    "Ayesha Malik | completed",
    "kiosk | queued",
    "Ayesha Malik | accepted",
    "Ayesha Malik | noted | The third is broken again. She has a fourth with her now.",
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
    "Ayesha Malik | alarmed | touch_budget",
    "system | promise_released | news",
    "Farid Khan | ended",
    "Farid Khan | completed",
    "system | promise_kept | news",
    "Ayesha Malik | promised | news",
    "integration | queued | The fifth does not heat. Is anybody there?",
    "Ayesha Malik | accepted",
    "Ayesha Malik | answered | Which number is stamped below it?",
    "Ayesha Malik | awaited",
    "system | promise_kept | news",
    "Ayesha Malik | promised | news",
    "Ayesha Malik | completed",
    "customer | customer_replied",
    "integration | queued | It says B-1777. Was that so hard?",
    "system | alarmed | touch_budget",
    "system | owned",
    "Esther John | accepted",
    "Esther John | noted | B-1777: the whole lot has a loose wire. It is taken from the shelves.",
    "Esther John | promised | refund | Your money is back on your account.",
    "Esther John | answered | You get your money back tomorrow. All kettles of that lot are withdrawn.",
    "system | promise_kept | news",
    "system | promised | news",
    "Esther John | completed",
    "Esther John | alarmed | promise_near",
    "Esther John | promise_kept | refund | Your money is back on your account.",
    "Esther John | resolved",
    "system | noticed | survey",
    "Esther John | survey_asked",
    "system | promise_released | news",
    "system | survey_answered | yes",
    "system | confirmed",
    "system | survey_marked | yes | She asked why.",
]
"""From first to last: who, what, in what words."""
