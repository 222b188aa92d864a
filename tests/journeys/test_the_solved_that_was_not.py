"""The "solved" that was not: the customer says no, it is near the front again, and it is over only when they say yes."""

from __future__ import annotations

from tests.journeys.conftest import Story, written

SANA = "sana@example.org"


async def test_the_solved_that_was_not(story: Story) -> None:
    await story.begins("10:00")

    # Her roof leaks. She waits ten minutes, Ayesha sends somebody, and calls it solved.
    first = await story.mail(written(1, "My roof leaks.", sender=SANA, subject="My roof"))
    case, letter = str(first["case_id"]), str(first["id"])
    await story.passes(minutes=10)
    await story.presence("ayesha")
    await story.accept("ayesha", letter)
    await story.writes("ayesha", letter, "Somebody comes this afternoon.")
    await story.complete("ayesha", letter)
    await story.passes(hours=5)
    await story.call("ayesha", "PUT", f"/v1/cases/{case}/resolution", {"outcome": "mended", "root_cause": "old_tiles"})
    await story.presence("ayesha", "offline")

    # She is asked. A program that checks her letters follows the link, and that is no answer.
    asked = await story.letter(SANA, "Is it solved? My roof")
    for _ in range(3):
        assert "Is it solved?" in await story.opens(asked.link)
    assert (await story.case(case))["state"] == "resolved"

    # At night it rains. Omar writes at nine; a minute later she says no, what is left to do, and how it was done.
    await story.becomes_time(await story.at(1, "09:00"))
    omars = await story.mail(written(9, "Do you sell tiles?", sender="omar@example.org", subject="Tiles"))
    await story.passes(minutes=1)
    page = await story.sends(asked.link, "solved", solved="no", remains="It drips into the kitchen.")
    assert "We have opened it again, and it is near the front of the line." in page
    await story.sends(asked.link, "mark", mark="1", words="He never looked at the kitchen.")
    found = await story.case(case)
    assert (found["state"], found["reopened"]) == ("open", 1)
    work = found["interactions"][-1]
    assert (work["state"], work["head_start_reasons"]) == ("queued", ["reopened"])
    assert work["head_start_seconds"] == found["waited_seconds"] + 600, "what she had waited, and ten minutes"
    assert (work["position"], (await story.interaction(str(omars["id"])))["position"]) == (1, 2)

    # The supervisors are to go after it within a day, and she is told that somebody else looks.
    (rescue,) = await story.alarms(case, "rescue")
    assert (rescue["representative"], rescue["data"]["about"]) == (None, "ayesha")
    assert "another colleague looks at it too" in (await story.letter(SANA, "We are looking at it again")).body

    # Ayesha is there first, but somebody else could: it is Esther's. What Esther writes stands on the page.
    await story.presence("esther")
    await story.presence("ayesha")
    await story.accept("esther", work["id"])
    await story.writes("esther", work["id"], "The gutter was blocked. We cleared it and dried your kitchen.")
    await story.complete("esther", work["id"])
    told = await story.letter(SANA, "We have answered you: My roof")
    page = await story.opens(told.link)
    assert page.index("Esther") < page.index("The gutter was blocked.") < page.index("It drips into the kitchen.")

    # Nobody calls it solved alone a second time: Farid looks.
    cleared = {"outcome": "cleared", "root_cause": "blocked_gutter"}
    resolved = await story.call("esther", "PUT", f"/v1/cases/{case}/resolution", cleared)
    assert resolved["state"] == "checking"
    assert story.postbox.to(SANA)[-1].name == told.name, "she is asked nothing yet"
    (check,) = await story.items("/v1/checks", "farid")
    assert (check["reason"], check["representative"]) == ("reopened", "esther")
    await story.call("farid", "PUT", f"/v1/checks/{check['id']}/taking")
    await story.call("farid", "PUT", f"/v1/checks/{check['id']}/approval", {"comment": "Seen on the photos."})
    assert (await story.case(case))["state"] == "resolved"

    # She is asked again, and now it is solved, because she says so.
    second = await story.letter(SANA, "Is it solved? My roof")
    assert second.name != asked.name
    assert "We are glad that it is solved, and close it." in await story.sends(second.link, "solved", solved="yes")
    await story.call("supervisor", "PUT", f"/v1/alarms/{rescue['id']}/done")
    ended = await story.case(case)
    assert (ended["state"], ended["closed_by"], ended["root_cause"]) == ("closed", "customer", "blocked_gutter")
    surveys = await story.items(f"/v1/cases/{case}/surveys")
    assert [(each["round"], each["representative"], each["solved"], each["mark"]) for each in surveys] == [
        (1, "ayesha", "no", 1),
        (2, "esther", "yes", None),
    ]
    assert await story.timeline(case) == STORY


STORY = [
    "integration | opened",
    "integration | queued | My roof leaks.",
    "system | promised | news",
    "Ayesha Malik | accepted",
    "Ayesha Malik | owned",
    "Ayesha Malik | answered | Somebody comes this afternoon.",
    "system | promise_kept | news",
    "Ayesha Malik | promised | news",
    "Ayesha Malik | completed",
    "Ayesha Malik | resolved",
    "system | noticed | survey",
    "Ayesha Malik | survey_asked",
    "system | promise_released | news",
    "system | survey_answered | no",
    "system | alarmed | rescue",
    "system | reopened",
    "system | noticed | rescued",
    "system | queued | It drips into the kitchen.",
    "Ayesha Malik | promised | news",
    "system | survey_marked | no | He never looked at the kitchen.",
    "Esther John | accepted",
    "Esther John | answered | The gutter was blocked. We cleared it and dried your kitchen.",
    "system | promise_kept | news",
    "Ayesha Malik | promised | news",
    "system | noticed | answered_on_page",
    "Esther John | completed",
    "Esther John | check_requested",
    "Farid Khan | check_taken",
    "Farid Khan | check_passed | Seen on the photos.",
    "system | noticed | survey",
    "Esther John | survey_asked",
    "system | promise_released | news",
    "system | survey_answered | yes",
    "system | confirmed",
]
"""From first to last: who, what, in what words."""
