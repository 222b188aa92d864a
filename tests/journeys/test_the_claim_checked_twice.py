"""The claim that needed a second person's check: nobody decides much money alone, and the customer learns only what is sure."""

from __future__ import annotations

from tests.journeys.conftest import Story

IMRAN = "imran@example.org"
RULES = {
    "skills": ["claims", "sales", "technical"],
    "playbooks": {
        "claim": {
            "steps": [
                {"code": "greet", "do": "say", "words": {"en": "Say how long it takes."}},
                {"code": "photos", "do": "check", "words": {"en": "There are two photos."}, "required": True},
                {"code": "sum", "do": "do", "words": {"en": "Add up the bills."}, "required": True},
            ]
        }
    },
    "resolution": {
        "request_types": {
            "claim": {
                "playbook": "claim",
                "checks": [
                    {
                        "before": "resolution",
                        "amount_over": 50_000,
                        "skill": "claims",
                        "level": 3,
                        "within_seconds": 7_200,
                    }
                ],
            }
        }
    },
}


async def test_the_claim_that_needed_a_second_persons_check(story: Story) -> None:
    await story.begins("10:00", **RULES)

    # Imran comes with a broken window. Farid writes down who he is, and how much it is about.
    visit = await story.kiosk("visits", ref="k-1", request_type="claim", language="ur", name="Imran Ali")
    case = str(visit["case_id"])
    await story.presence("farid")
    await story.accept("farid", str(visit["id"]))
    him = (await story.interaction(str(visit["id"])))["customer"]["id"]
    await story.call("farid", "PUT", f"/v1/customers/{him}/identities", {"email": IMRAN})
    await story.call("farid", "PATCH", f"/v1/cases/{case}", {"amount": 1_200_000, "product": "window"})
    await story.complete("farid", str(visit["id"]))

    # He cannot skip what must be done.
    settled = {"outcome": "paid", "root_cause": "storm"}
    refused = await story.refused("farid", "PUT", f"/v1/cases/{case}/resolution", settled)
    assert (refused["code"], [each["where"] for each in refused["errors"]]) == ("steps_missing", ["photos", "sum"])
    for step in ("photos", "sum"):
        await story.call("farid", "PUT", f"/v1/cases/{case}/playbook/{step}")
    assert (await story.call("farid", "GET", f"/v1/cases/{case}/playbook"))["missing"] == []

    # Nor may he decide so much alone; and nobody who knows nothing of claims may look.
    assert (await story.call("farid", "PUT", f"/v1/cases/{case}/resolution", settled))["state"] == "checking"
    (waiting,) = await story.items("/v1/checks", "supervisor")
    check = f"/v1/checks/{waiting['id']}"
    assert (waiting["reason"], waiting["amount"], waiting["skill"]) == ("amount", 1_200_000, "claims")
    for who, code in (("farid", "same_person"), ("bilal", "not_qualified")):
        assert (await story.refused(who, "PUT", f"{check}/taking"))["code"] == code
    await story.call("chandra", "PUT", f"{check}/taking")
    assert (await story.refused("esther", "PUT", f"{check}/taking"))["code"] == "taken"
    assert story.postbox.empty, "nothing has been said to him that may have to be taken back"

    # Chandra sees one nought too many. Farid hears of it, adds up again, and asks once more.
    await story.passes(minutes=30)
    await story.call("chandra", "PUT", f"{check}/return", {"comment": "The bills say 120,000. One nought too many?"})
    found = await story.case(case)
    assert found["state"] == "open"
    assert [each["kind"] for each in await story.items("/v1/alarms", "farid")] == ["check_returned"]
    assert (await story.refused("chandra", "PUT", f"{check}/approval"))["code"] == "check_over"
    await story.call("farid", "PATCH", f"/v1/cases/{case}", {"amount": 120_000})
    await story.call("farid", "PUT", f"/v1/cases/{case}/resolution", settled)

    # Nobody looks for two hours: the supervisors hear of it.
    await story.passes(hours=3)
    assert [each["representative"] for each in await story.alarms(case, "check_late")] == [None]
    (waiting,) = await story.items("/v1/checks", "esther")
    again = f"/v1/checks/{waiting['id']}"
    await story.call("esther", "PUT", f"{again}/taking")
    await story.call("esther", "PUT", f"{again}/approval", {"comment": "Agreed."})
    found = await story.case(case)
    assert (found["state"], found["resolved_by"], found["outcome"]) == ("resolved", "farid", "paid")

    # Now, and only now, Imran is asked, in his language and about Farid, who served him.
    letter = await story.letter(IMRAN, "کیا مسئلہ حل ہو گیا؟")
    page = await story.opens(letter.link)
    assert "دعویٰ" in page
    assert "Farid کی خدمت کیسی رہی؟" in page
    assert "nought" not in page, "what colleagues say to each other is theirs"
    assert "ہمیں خوشی ہے کہ مسئلہ حل ہو گیا" in await story.sends(letter.link, "solved", solved="yes")
    ended = await story.case(case)
    assert (ended["state"], ended["closed_by"]) == ("closed", "customer")
    assert len(story.postbox.to(IMRAN)) == 1
    assert await story.timeline(case) == STORY
    (figures,) = (await story.call("supervisor", "GET", "/v1/reports/checks"))["items"]
    assert (figures["code"], figures["decided"]) == ("farid", 2)


STORY = [
    "kiosk | opened",
    "kiosk | queued",
    "system | promised | news",
    "Farid Khan | accepted",
    "Farid Khan | owned",
    "Farid Khan | described",
    "Farid Khan | completed",
    "system | promise_kept | news",
    "Farid Khan | promised | news",
    "Farid Khan | check_requested",
    "Chandra Rao | check_taken",
    "Chandra Rao | check_returned | The bills say 120,000. One nought too many?",
    "Farid Khan | alarmed | check_returned",
    "Farid Khan | described",
    "Farid Khan | check_requested",
    "system | alarmed | check_late",
    "Esther John | check_taken",
    "Esther John | check_passed | Agreed.",
    "system | noticed | survey",
    "Farid Khan | survey_asked",
    "system | promise_released | news",
    "system | survey_answered | yes",
    "system | confirmed",
]
"""From first to last: who, what, in what words."""
