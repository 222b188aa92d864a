"""A letter's way: answered, and answered again, always on one case."""

from __future__ import annotations

from typing import Any

from channels.email.sending import message_id
from tests.journeys.conftest import Journey

OURS = "support@raabta.test"


def letter(
    number: int, words: str, *, answers: str | None = None, to: str = OURS, sender: str = "sana@example.org"
) -> str:
    """One of Sana's letters; `answers` is the id of the letter it replies to."""
    thread = f"In-Reply-To: <{answers}>\nReferences: <{answers}>\n" if answers else ""
    return (
        f"From: Sana Tariq <{sender}>\nTo: {to}\nSubject: Information about my roof\nMessage-ID: <{number}@example.org>\n"
        f"{thread}Date: Mon, 05 Jan 2026 10:00:00 +0500\nContent-Type: text/plain; charset=utf-8\n\n{words}\n"
    )


async def answer(journey: Journey, code: str, interaction: str, words: str) -> str:
    """The representative writes; returns the id of the letter that leaves."""
    told: dict[str, Any] = await journey.call(
        code, "POST", f"/v1/interactions/{interaction}/messages", {"body": words, "direction": "out"}
    )
    return message_id(f"replied:{told['id']}", OURS)


async def case(journey: Journey, case_id: str) -> dict[str, Any]:
    return await journey.call("supervisor", "GET", f"/v1/cases/{case_id}")


async def test_a_letter_is_answered_and_answered_again_on_one_case(journey: Journey) -> None:
    first = await journey.mail(letter(1, "My roof leaks. What can be done?"))
    interaction, one_case = str(first["id"]), str(first["case_id"])
    await journey.presence("ayesha")
    await journey.accept("ayesha", interaction)
    ours = await answer(journey, "ayesha", interaction, "Somebody will come on Monday.")
    sent = await journey.sent(interaction, "send")
    assert (sent["recipient"], sent["payload"]["references"]) == ("sana@example.org", ["1@example.org"])

    # She writes back while it is open: the same interaction.
    second = await journey.mail(letter(2, "Monday is fine.", answers=ours))
    assert (second["id"], second["case_id"]) == (interaction, one_case)
    again = await answer(journey, "ayesha", interaction, "See you on Monday.")
    sent = await journey.sent(interaction, "send", 2)
    assert sent["payload"]["references"] == ["1@example.org", ours, "2@example.org"]
    await journey.complete("ayesha", interaction)

    # And after it was done: a new interaction, the same case.
    third = await journey.mail(letter(3, "Nobody came.", answers=again))
    assert third["id"] != interaction
    assert third["case_id"] == one_case
    await journey.accept("ayesha", str(third["id"]))
    last = await answer(journey, "ayesha", str(third["id"]), "We are sorry. Tomorrow at nine.")
    await journey.complete("ayesha", str(third["id"]))
    await journey.call("ayesha", "PUT", f"/v1/cases/{one_case}/resolution", {"outcome": "mended"})
    assert (await case(journey, one_case))["state"] == "resolved"

    # Solved means solved: what she writes now opens the case again, near the front.
    fourth = await journey.mail(letter(4, "It still leaks.", answers=last))
    assert fourth["case_id"] == one_case
    found = await journey.interaction(str(fourth["id"]))
    assert found["head_start_reasons"] == ["reopened"]
    assert found["head_start_seconds"] >= 600
    assert (await case(journey, one_case))["state"] == "open"
    (row,) = await journey.fetch("SELECT count(*), count(DISTINCT case_id) AS cases FROM message")
    assert tuple(row) == (7, 1)


async def test_an_answer_to_our_own_address_with_the_cases_token_needs_no_thread(journey: Journey) -> None:
    first = await journey.mail(letter(1, "My roof leaks."))
    (row,) = await journey.fetch('SELECT token FROM "case"')
    to = OURS.replace("@", f"+{row['token']}@")
    second = await journey.mail(letter(2, "It rains.", to=to, sender="her-brother@example.org"))
    assert second["id"] == first["id"]


async def test_a_stranger_who_names_our_letter_sees_and_joins_nothing(journey: Journey) -> None:
    first = await journey.mail(letter(1, "My roof leaks."))
    stranger = await journey.mail(letter(2, "And?", answers="1@example.org", sender="stranger@example.org"))
    assert stranger["case_id"] != first["case_id"]


async def test_a_parked_letter_wakes_when_she_writes_and_goes_to_who_knows_it(journey: Journey) -> None:
    first = await journey.mail(letter(1, "My roof leaks."))
    interaction = str(first["id"])
    await journey.presence("farid")
    await journey.accept("farid", interaction)
    ours = await answer(journey, "farid", interaction, "Which house is it?")
    await journey.call("farid", "PUT", f"/v1/interactions/{interaction}/parking", {"reason": "customer_asked"})
    await journey.presence("ayesha")
    await journey.mail(letter(2, "The red one.", answers=ours))
    found = await journey.interaction(interaction)
    assert found["preferred"] == "farid"
    await journey.accept("farid", interaction)


async def test_a_letter_parked_until_a_date_comes_back_on_it(journey: Journey) -> None:
    first = await journey.mail(letter(1, "My roof leaks."))
    interaction = str(first["id"])
    await journey.presence("farid")
    await journey.accept("farid", interaction)
    (row,) = await journey.fetch("SELECT wall_clock() + interval '2 days' AS until")
    until = row["until"].isoformat()
    await journey.call("farid", "PUT", f"/v1/interactions/{interaction}/parking", {"until": until})
    assert (await journey.interaction(interaction))["state"] == "parked"
    await journey.pass_time(2 * 86_400 + 1)
    await journey.accept("farid", interaction)
    assert (await journey.story(interaction))[-4:] == ["parked", "woken", "offered", "accepted"]


async def test_an_automatic_answer_to_us_opens_nothing_and_is_answered_by_nobody(journey: Journey) -> None:
    first = await journey.mail(letter(1, "My roof leaks."))
    await journey.presence("ayesha")
    await journey.accept("ayesha", str(first["id"]))
    ours = await answer(journey, "ayesha", str(first["id"]), "On Monday.")
    await journey.complete("ayesha", str(first["id"]))
    await journey.call("ayesha", "PUT", f"/v1/cases/{first['case_id']}/resolution", {"outcome": "mended"})
    away = letter(2, "I am away.", answers=ours).replace("Subject:", "Auto-Submitted: auto-replied\nSubject:")
    told = await journey.mail(away)
    assert (told["case_id"], told["state"]) == (first["case_id"], "cancelled")
    assert (await case(journey, str(first["case_id"])))["state"] == "resolved"
