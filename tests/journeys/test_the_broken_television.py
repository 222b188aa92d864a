"""The broken television: whoever calls hears of the fault before they ask, and when it is mended everybody is told and asked."""

from __future__ import annotations

from tests.journeys.conftest import Story, written

KARIM, SANA, ZOYA = "karim@example.org", "sana@example.org", "zoya@example.org"
OMAR_NUMBER = "+923004444444"
FAULT = {
    "en": "Television is out in the north. We are mending the mast.",
    "ur": "شمالی علاقے میں ٹیلی وژن بند ہے۔ ہم کھمبا ٹھیک کر رہے ہیں۔",
    "ur-Deva": "शुमाली इलाक़े में टेलीविज़न बंद है।",
    "te": "ఉత్తర ప్రాంతంలో టీవీ పని చేయడం లేదు.",
}
OF_IT = {"request_type": "technical_service", "area": "north", "product": "television"}


async def takes(story: Story, number: int, words: str, sender: str, **facts: str) -> str:
    """A letter comes, Chandra takes it and says what it is about; returns the case."""
    told = await story.mail(written(number, words, sender=sender, subject="No picture"))
    await story.presence("chandra")
    await story.accept("chandra", str(told["id"]))
    if facts:
        await story.call("chandra", "PATCH", f"/v1/cases/{told['case_id']}", facts)
    await story.complete("chandra", str(told["id"]))
    await story.presence("chandra", "offline")
    return str(told["case_id"])


async def test_the_broken_television(story: Story) -> None:
    await story.begins("10:00")

    # A week before, Karim's television in the north was mended. He said nothing more, and it closed.
    karims = await takes(story, 1, "The picture flickers.", KARIM, **OF_IT)
    await story.call("chandra", "PUT", f"/v1/cases/{karims}/resolution", {"outcome": "mended"})
    await story.becomes_time(await story.at(7, "10:00"))
    assert (await story.case(karims))["closed_by"] == "silence"

    # Sana's is dark. She writes before anybody knows why; Chandra hears that the mast is down.
    sanas = await takes(story, 2, "My television is dark.", SANA, **OF_IT)
    fault = await story.call(
        "supervisor", "POST", "/v1/incidents",
        {"words": FAULT, "request_types": ["technical_service"], "areas": [], "products": [],
         "since": (await story.at(0, "09:00")).isoformat(), "promised_at": (await story.at(0, "18:00")).isoformat()},
    )  # fmt: skip
    incident = f"/v1/incidents/{fault['id']}"
    letter = await story.letter(SANA, "We know of a fault")
    assert "We expect it to be mended by this time: today at 18:00." in letter.body
    assert FAULT["en"] in letter.body
    page = await story.opens(letter.link)
    assert f"A fault we know of {FAULT['en']} We expect it to be mended by this time: Today, Monday" in page

    # Every door says it before anybody asks: the telephone in Urdu, the kiosk in Telugu.
    story.house.app.state.service.intake.forget()
    omar = await story.dials("CA1", "26", number=OMAR_NUMBER)
    assert FAULT["ur-Deva"] in story.heard, "the voice reads Urdu in these letters"
    await story.ring("status", "CA1", CallStatus="completed", From=OMAR_NUMBER)
    assert (await story.interaction(omar))["state"] == "abandoned", "he has heard enough"
    visit = await story.kiosk("visits", ref="k-1", request_type="technical_service", language="te", office="hyderabad")
    assert FAULT["te"] in visit["message"]
    assert visit["message"].index("F001") < visit["message"].index(FAULT["te"])
    await story.kiosk("departures", ref="k-1")

    # Zoya's letter does not say enough for a rule. A supervisor says that it is about this.
    zoyas = await takes(story, 3, "Nothing to be seen", ZOYA)
    await story.call("supervisor", "PUT", f"{incident}/cases/{zoyas}")
    attached = [
        (each["channel"], each["attached_by"].partition(":")[0]) for each in await story.items(f"{incident}/cases")
    ]
    assert attached == [("email", "system"), ("phone", "system"), ("walk_in", "system"), ("email", "supervisor")]
    assert FAULT["en"] in (await story.letter(ZOYA, "We know of a fault")).body

    # Karim has not called. He is on the list of those it may trouble, and is told, once.
    (likely,) = await story.items(f"{incident}/reach")
    wanted = {"customers": [likely["customer_id"]]}
    for _ in range(2):
        await story.call("supervisor", "POST", f"{incident}/reach", wanted)
    await story.rests()
    assert len([each for each in story.postbox.to(KARIM) if FAULT["en"] in each.body]) == 1

    # At five it is plain that it takes until tomorrow: all who were promised six o'clock hear that before it is six.
    await story.becomes_time(await story.at(0, "17:00"))
    noon = {"words": {"en": "The mast needs a new foot."}, "promised_at": (await story.at(1, "12:00")).isoformat()}
    await story.call("supervisor", "POST", f"{incident}/updates", noon)
    for who in (SANA, ZOYA):
        news = (await story.letter(who, "News about the fault")).body
        assert "The mast needs a new foot." in news
        assert "tomorrow at 12:00" in news

    # On Tuesday at eleven it is mended, in time. Everybody is told, and those who are attached are asked.
    await story.becomes_time(await story.at(1, "11:00"))
    await story.call("supervisor", "PUT", f"{incident}/closing", {"words": {"en": "The mast stands again."}})
    story.house.app.state.service.intake.forget()
    asked = {who: await story.letter(who, "The fault is mended") for who in (SANA, ZOYA, KARIM)}
    assert all("The mast stands again." in letter.body for letter in asked.values())
    assert "/c/" not in asked[KARIM].body, "he had no matter with us: he is asked nothing"
    assert [(await story.case(each))["state"] for each in (sanas, zoyas, karims)] == ["resolved", "resolved", "closed"]

    # For Sana it is solved. For Zoya it is not: she is served again, and is not one of many any more.
    page = await story.sends(asked[SANA].link, "solved", solved="yes")
    assert "We are glad that it is solved, and close it." in page
    assert "This fault is mended." in page
    await story.sends(asked[ZOYA].link, "solved", solved="no", remains="The sound is missing.")
    assert [(await story.case(each))["state"] for each in (sanas, zoyas)] == ["closed", "open"]
    work = (await story.case(zoyas))["interactions"][-1]
    await story.presence("chandra")
    await story.accept("chandra", work["id"])
    await story.writes("chandra", work["id"], "We set the sound of your receiver anew.")
    await story.complete("chandra", work["id"])

    # Who calls now hears nothing of a fault that is over.
    await story.dials("CA2", "26", number=OMAR_NUMBER)
    assert FAULT["ur-Deva"] not in story.heard
    assert await story.timeline(sanas) == STORY
    assert (await story.call("supervisor", "GET", incident))["state"] == "closed"


STORY = [
    "integration | opened",
    "integration | queued | My television is dark.",
    "system | promised | news",
    "Chandra Rao | accepted",
    "Chandra Rao | owned",
    "Chandra Rao | described",
    "Chandra Rao | completed",
    "system | noticed | incident_by",
    "system | promised | incident",
    "system | attached",
    "system | alarmed | promise_near",
    "system | noticed | incident_update_by",
    "system | incident_told",
    "system | promise_moved | incident",
    "system | promised | incident",
    "system | alarmed | promise_near",
    "system | promise_kept | incident",
    "system | resolved",
    "system | noticed | incident_closed",
    "system | survey_asked",
    "system | promise_released | news",
    "system | survey_answered | yes",
    "system | confirmed",
]
"""Sana's, from first to last: who, what, in what words."""
