"""Two matters that are crossed by something else: a customer who is forgotten in the middle, and one who writes during a check."""

from __future__ import annotations

import asyncio

import pytest

from tests.journeys.conftest import Story, written

SANA = "sana@example.org"
IN_TIME = {"resolution": {"targets": {"resolution_seconds": 86_400}}}
CHECKED = {"resolution": {"checks": [{"before": "message"}, {"before": "resolution"}]}}


@pytest.mark.parametrize("comes", ["before", "during", "after"])
async def test_a_customer_is_forgotten_in_the_middle_of_an_open_case_while_a_letter_arrives(
    story: Story, comes: str
) -> None:
    await story.begins("10:00", **IN_TIME)
    first = await story.mail(written(1, "My secret is in the cellar.", sender=SANA, subject="My secret"))
    case, letter = str(first["case_id"]), str(first["id"])
    await story.presence("ayesha")
    await story.accept("ayesha", letter)
    await story.writes("ayesha", letter, "We look into the cellar.")
    answer = await story.letter(SANA, "My secret")
    customer = (await story.case(case))["customer"]["id"]
    wish = f"/v1/customers/{customer}/erasure"

    # She wants to be forgotten; and a letter of hers is on its way, about the same matter.
    late = written(2, "It has moved to the attic.", sender=SANA, subject="My secret", answers=answer.name)
    if comes == "before":
        await story.mail(late)
    wished = story.call("admin", "PUT", wish, {"reason": "customer_asked"})
    await asyncio.gather(wished, *([story.mail(late)] if comes == "during" else []))
    await story.complete("ayesha", letter)
    await story.presence("ayesha", "offline")

    async def done() -> bool | None:
        return (await story.call("admin", "PUT", wish))["done_at"] is not None or None

    await story.until(done)
    if comes == "after":
        await story.mail(late)
    await story.rests()

    # Nothing of the matter is left anywhere; what comes when all is over is a stranger's first letter.
    assert await _rows_with(story, "cellar") == []
    found = await story.case(case)
    assert (found["subject"], found["customer"]["name"], {each["body"] for each in found["messages"]}) == (
        None,
        None,
        {""},
    )
    known = await _rows_with(story, "secret|attic|sana@")
    others = [each for each in await story.items("/v1/cases") if each["id"] != case]
    assert bool(known) == bool(others) == (comes == "after"), known

    # The figures stay, and nobody is told to keep word to one who is not there any more.
    assert found["first_answer_at"] is not None
    assert found["touches"] == (0 if comes == "after" else 1)
    await story.passes(days=5)
    assert await story.items(f"/v1/alarms?case_id={case}") == []
    assert not any(letter.sender == answer.sender for letter in story.postbox.to(SANA)[1:])


async def _rows_with(story: Story, words: str) -> list[str]:
    """Every row of every table in which one of these words stands."""
    tables = await story.fetch("SELECT quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = 'public'")
    return [
        f"{table['name']}: {row['row']}"
        for table in tables
        for row in await story.fetch(f"SELECT t::text AS row FROM {table['name']} t WHERE t::text ~* $1", words)
    ]


async def test_a_customer_writes_while_the_second_person_is_checking(story: Story) -> None:
    await story.begins("10:00", **CHECKED)
    first = await story.mail(written(1, "My roof leaks.", sender=SANA, subject="My roof"))
    case, letter = str(first["case_id"]), str(first["id"])
    await story.presence("ayesha")
    await story.accept("ayesha", letter)
    held = await story.writes("ayesha", letter, "We pay for all of it.")
    assert held["held"] is not None
    (check,) = await story.items("/v1/checks", "esther")
    await story.call("esther", "PUT", f"/v1/checks/{check['id']}/taking")
    assert story.postbox.empty

    # While Esther reads, Sana writes again: what was to leave does not fit any more.
    await story.mail(written(2, "It was my neighbour's ladder.", sender=SANA, subject="My roof", answers="1@post.test"))
    assert (await story.case(case))["state"] == "open"
    assert await story.items("/v1/checks", "supervisor") == []
    refused = await story.refused("esther", "PUT", f"/v1/checks/{check['id']}/approval")
    assert refused["code"] == "check_withdrawn"
    (alarm,) = await story.alarms(case, "check_withdrawn")
    assert alarm["representative"] == "ayesha", "who wrote it must know that it did not leave"
    assert story.postbox.empty

    # Ayesha writes what fits now; that is looked at, and leaves, and nothing else ever did.
    await story.writes("ayesha", letter, "Then your neighbour's insurance pays. We write to them.")
    (check,) = await story.items("/v1/checks", "esther")
    await story.call("esther", "PUT", f"/v1/checks/{check['id']}/taking")
    await story.call("esther", "PUT", f"/v1/checks/{check['id']}/approval", {"comment": "Yes."})
    await story.complete("ayesha", letter)
    await story.rests()
    (left,) = story.postbox.to(SANA)
    assert "your neighbour's insurance pays" in left.body
    assert await story.timeline(case) == [
        "integration | opened",
        "integration | queued | My roof leaks.",
        "system | promised | news",
        "Ayesha Malik | accepted",
        "Ayesha Malik | owned",
        "Ayesha Malik | check_requested | We pay for all of it.",
        "Ayesha Malik | held | We pay for all of it.",
        "Esther John | check_taken | We pay for all of it.",
        "integration | wrote | It was my neighbour's ladder.",
        "integration | customer_replied",
        "system | check_withdrawn",
        "Ayesha Malik | alarmed | check_withdrawn",
        "Ayesha Malik | check_requested | Then your neighbour's insurance pays. We write to them.",
        "Ayesha Malik | held | Then your neighbour's insurance pays. We write to them.",
        "Esther John | check_taken | Then your neighbour's insurance pays. We write to them.",
        "Esther John | message_checked | Yes.",
        "Esther John | check_ended",
        "Ayesha Malik | answered | Then your neighbour's insurance pays. We write to them.",
        "system | promise_kept | news",
        "Ayesha Malik | promised | news",
        "Ayesha Malik | completed",
    ]
