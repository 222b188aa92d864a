"""The page of a case, and the case on the page of the work: every verb, every refusal with what was typed, and whose is whose."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.api.conftest import sql
from tests.web.cases import GREET, PHOTOS, SARA, Matter, held, ruled, tended
from tests.web.conftest import Visitor, text_of

__all__ = ["sql"]
Sql = Callable[..., Any]


def later(days: float = 2) -> str:
    """A moment ahead, as a field of a form holds it."""
    return (datetime.now(UTC) + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M")  # a form is filled in by a person


async def state(who: Visitor, matter: Matter) -> dict[str, Any]:
    found: dict[str, Any] = (await who.house.call("supervisor", "GET", f"/v1/cases/{matter.case_id}")).json()
    return found


async def test_the_work_shows_who_it_is_where_it_stands_and_what_happened(ayesha: Visitor) -> None:
    await ruled(ayesha, GREET, PHOTOS, touches=3, targets={"resolution_seconds": 28_800})
    matter = await held(ayesha, subject="My roof leaks", body="Water comes in.")
    for path in (matter.work, matter.case):
        words = text_of(await ayesha.see(path))
        for word in (
            "Sara Khan", "My roof leaks", "Where it stands", "open, with us since", "Next promised news", "Solution due",
            "0 of 3", "Playbook 0 of 2 done", "Letter came in Customer", "Water comes in.", "Taken by You", "Promised: News",
        ):  # fmt: skip
            assert word in words, (path, word)


async def test_a_step_is_ticked_with_one_press_where_the_work_is_and_taken_back(ayesha: Visitor) -> None:
    await ruled(ayesha, GREET, PHOTOS)
    matter = await held(ayesha)
    path = matter.at_work("steps/greet")
    assert await ayesha.press(path, done="yes") == f"{matter.work}?said=ticked#step-greet"
    page = await ayesha.see(matter.work)
    assert re.search(r'role="checkbox" aria-checked="true" aria-labelledby="step-greet-words"', page)
    assert "Playbook 1 of 2 done" in text_of(page)
    assert await ayesha.press(path, done="no") == f"{matter.work}?said=unticked#step-greet"
    assert 'aria-checked="true"' not in await ayesha.see(matter.work)
    status, page = await ayesha.refused(matter.at_work("steps/nonsense"))
    assert (status, "no such step any more" in page) == (404, True)


async def test_what_stands_in_the_way_is_named_and_what_was_typed_is_kept(ayesha: Visitor) -> None:
    await ruled(ayesha, GREET, PHOTOS)
    matter = await held(ayesha)
    assert "Still to be done before it can be solved: Ask for photos" in text_of(await ayesha.see(matter.case))
    status, page = await ayesha.refused(f"{matter.case}/resolution", outcome="refunded", root_cause="product")
    assert status == 409
    assert "Required steps of the playbook are not done yet" in text_of(page)
    assert '<option value="refunded" selected>' in page
    assert '<option value="product" selected>' in page
    status, page = await ayesha.refused(f"{matter.work}/completion", outcome="done", solved="true", root_cause="bill")
    assert status == 409
    assert '<option value="bill" selected>' in page
    assert (await state(ayesha, matter))["interactions"][0]["state"] == "active", "nothing was done by half"
    await ayesha.press(matter.at_work("steps/photos"))
    done = await ayesha.press(f"{matter.work}/completion", outcome="done", solved="true", root_cause="bill")
    assert done == "/desk?said=solved"
    found = await state(ayesha, matter)
    assert (found["state"], found["outcome"], found["root_cause"]) == ("resolved", "done", "bill")


async def test_a_case_is_solved_on_its_own_page_and_opened_again(ayesha: Visitor) -> None:
    matter = await held(ayesha)
    solved = await ayesha.press(f"{matter.case}/resolution", outcome="repaired", root_cause="weather")
    assert solved == f"{matter.case}?said=resolved#stand"
    assert "Repaired · Weather or power" in text_of(await ayesha.see(matter.case))
    form = {"once": "one", "reason": "told_us", "words": "It drips again."}
    for _ in range(2):
        assert await ayesha.press(f"{matter.case}/reopening", **form) == f"{matter.case}?said=reopened#stand"
    found = await state(ayesha, matter)
    assert (found["state"], found["reopened"]) == ("open", 1)


async def test_a_promise_is_made_once_moved_kept_and_not_owed_any_more(ayesha: Visitor, sql: Sql) -> None:
    matter = await held(ayesha)
    form = {"once": "p", "kind": "visit", "due": later(), "words": "The roofer comes"}
    for _ in range(2):
        assert await ayesha.press(matter.at_work("promises"), **form) == f"{matter.work}?said=promised#promises"
    (made,) = await sql("SELECT id, words, representative FROM promise WHERE kind = 'visit'")
    assert (made["words"], made["representative"]) == ("The roofer comes", "ayesha")
    assert "A visit · by" in text_of(await ayesha.see(matter.work))
    moved = await ayesha.press(
        f"{matter.case}/promises/{made['id']}", then="moved", due=later(3), reason="part_missing"
    )
    assert moved == f"{matter.case}?said=promise_moved#promises"
    (stands,) = await sql("SELECT id FROM promise WHERE kind = 'visit' AND state = 'standing'")
    kept = await ayesha.press(f"{matter.case}/promises/{stands['id']}", then="kept")
    assert kept == f"{matter.case}?said=promise_kept#promises"
    assert [row["state"] for row in await sql("SELECT state FROM promise WHERE kind = 'visit' ORDER BY id")] == [
        "moved",
        "kept",
    ]


@pytest.mark.parametrize(
    ("due", "why"),
    [("", "no date with a time"), ("soon", "no date with a time"), ("2001-01-01T10:00", "That time is over already"), ("2999-01-01T10:00", "more than a year ahead")],
)  # fmt: skip
async def test_a_promise_that_cannot_be_made_says_why_and_keeps_its_words(ayesha: Visitor, due: str, why: str) -> None:
    matter = await held(ayesha)
    status, page = await ayesha.refused(
        matter.at_work("promises"), once="p", kind="solution", due=due, words='We "come"'
    )
    assert status == 422
    assert text_of(page).count(why) == 2, "on top, and at the form"
    assert 'value="We &#34;come&#34;"' in page
    assert '<option value="solution" selected>' in page
    assert f'value="{due}"' in page


async def test_news_are_always_owed(ayesha: Visitor, sql: Sql) -> None:
    matter = await held(ayesha)
    (news,) = await sql("SELECT id FROM promise WHERE kind = 'news'")
    status, page = await ayesha.refused(f"{matter.case}/promises/{news['id']}", then="released")
    assert (status, "always owes its next news" in page) == (409, True)


async def test_an_answer_that_asks_for_something_lets_the_case_wait_and_counts(ayesha: Visitor) -> None:
    matter = await held(ayesha)
    sent = await ayesha.press(f"{matter.work}/messages", once="m", body="Two photos, please.", asks="missing_document")
    assert sent == f"{matter.work}?said=sent#story"
    await tended(ayesha)
    words = text_of(await ayesha.see(matter.work))
    assert "waiting for the customer" in words
    assert "Waits for the customer: a document" in words
    assert "1 of 4" in words
    assert await ayesha.press(f"{matter.case}/awaiting", cause="") == f"{matter.case}?said=our_turn#stand"
    assert await ayesha.press(f"{matter.case}/awaiting", cause="decision") == f"{matter.case}?said=awaited#stand"


async def test_who_knows_better_says_why_a_customer_came_back(ayesha: Visitor, sql: Sql) -> None:
    matter = await held(ayesha)
    await ayesha.house.arrive("b", channel="phone", case_id=matter.case_id, customer={"phone": "+914023456789"})
    await tended(ayesha)
    assert "Why the customer had to come back" in text_of(await ayesha.see(matter.work))
    kept = await ayesha.press(matter.at_work("touches/1"), of=matter.case_id, cause="wrong_information")
    assert kept == f"{matter.work}?said=cause_kept#touches"
    assert "we had told them wrong" in text_of(await ayesha.see(matter.case))
    (touch,) = await sql("SELECT cause, caused_by FROM touch")
    assert tuple(touch) == ("wrong_information", "representative:ayesha")
    assert (await ayesha.refused(f"{matter.case}/touches/9", cause="status"))[0] == 404


async def test_two_cases_become_one_by_a_persons_choice_and_two_again(ayesha: Visitor) -> None:
    first = await held(ayesha, "a", subject="Roof")
    second = await held(ayesha, "b", subject="Gutter")
    assert "Other open cases of this customer" in text_of(await ayesha.see(first.case))
    joined = await ayesha.press(first.at_work("merges"), other=second.case_id)
    assert joined == f"{first.work}?said=merged#belongs"
    assert (await state(ayesha, second))["merged_into"] == first.case_id
    page = await ayesha.see(second.case)
    assert f'action="{first.case}/resolution"' in page, "the one that speaks for both"
    found = re.search(r'action="(/desk/cases/[^"]+/undoing)"', page)
    assert found is not None
    assert await ayesha.press(found[1]) == f"{first.case}?said=unmerged#belongs"
    assert (await state(ayesha, second))["merged_into"] is None
    other = (await ayesha.house.arrive("c", channel="email", customer={"email": "ravi@example.org"}))["case_id"]
    status, page = await ayesha.refused(f"{first.case}/merges", other=other)
    assert (status, "There is no such thing here" in page) == (404, True), "a customer nobody here has served"


async def test_contacts_about_another_matter_get_a_case_of_their_own(ayesha: Visitor, sql: Sql) -> None:
    matter = await held(ayesha)
    second = await ayesha.house.arrive("b", channel="email", case_id=matter.case_id, customer=SARA)
    assert "Choose at least one contact" in (await ayesha.refused(f"{matter.case}/splits", once="s"))[1]
    made = await ayesha.press(f"{matter.case}/splits", once="t", contact=second["id"])
    assert made == f"{matter.case}?said=split#belongs"
    assert len(await sql('SELECT 1 FROM "case"')) == 2


async def test_what_it_is_about_is_said_and_what_is_wrong_is_kept(ayesha: Visitor) -> None:
    matter = await held(ayesha, subject="Roof")
    form = {"subject": "Roof and wall", "request_type": "claim", "owner": "ayesha", "area": "Gulberg"}
    status, page = await ayesha.refused(f"{matter.case}/description", **form, amount="a lot")
    assert (status, "That is no amount" in page) == (422, True)
    assert 'value="Roof and wall"' in page
    assert 'value="a lot"' in page
    assert (
        await ayesha.press(f"{matter.case}/description", **form, amount="1,250.50")
        == f"{matter.case}?said=described#stand"
    )
    found = await state(ayesha, matter)
    assert (found["subject"], found["amount"], found["area"]) == ("Roof and wall", 1250.5, "gulberg")


async def test_what_others_serve_can_neither_be_seen_nor_changed(ayesha: Visitor, chandra: Visitor) -> None:
    matter = await held(ayesha, body="secret words")
    assert "secret words" not in await chandra.see(matter.case, status=404)
    assert "secret words" not in await chandra.see("/desk/cases")
    before = (await state(ayesha, matter))["version"]
    forms: dict[str, dict[str, str]] = {
        "steps/greet": {}, "touches/1": {"cause": "status"}, "awaiting": {"cause": "decision"},
        "description": {"subject": "mine"}, "resolution": {}, "reopening": {"once": "x"},
        "promises": {"once": "y", "due": later()}, "merges": {"other": matter.case_id}, "splits": {"once": "z", "contact": matter.case_id},
        "moves": {"contact": matter.case_id, "other": matter.case_id},
    }  # fmt: skip
    for verb, fields in forms.items():
        to = await chandra.press(f"{matter.case}/{verb}", **fields)
        assert to == f"{matter.case}?sorry=not_found", verb
    assert (await state(ayesha, matter))["version"] == before


async def test_who_leads_sees_every_case_and_may_act(ayesha: Visitor, supervisor: Visitor) -> None:
    matter = await held(ayesha, body="Water!")
    words = text_of(await supervisor.see(matter.case))
    assert "Water!" in words
    assert "Ayesha Malik" in words
    assert await supervisor.press(f"{matter.case}/awaiting", cause="decision") == f"{matter.case}?said=awaited#stand"
    assert await supervisor.see("/desk", status=303) == ""
    assert (await supervisor.browser.get("/desk/work/" + matter.case_id)).status_code == 403


async def test_my_cases_are_mine_the_next_news_first(ayesha: Visitor, chandra: Visitor, sql: Sql) -> None:
    await held(ayesha, "a", subject="Roof")
    second = await held(ayesha, "b", subject="Gutter")
    await sql(
        "UPDATE promise SET due_at = wall_clock() + interval '1 hour' WHERE case_id = $1::uuid AND kind = 'news'",
        second.case_id,
    )
    words = text_of(await ayesha.see("/desk/cases"))
    assert -1 < words.index("Gutter") < words.index("Roof")
    assert "Roof" not in text_of(await chandra.see("/desk/cases"))
    await ayesha.press(f"{second.case}/resolution", outcome="done")
    assert "Gutter" not in text_of(await ayesha.see("/desk/cases"))
    assert "Gutter" in text_of(await ayesha.see("/desk/cases?show=over"))


async def test_a_long_story_is_leafed_through(ayesha: Visitor) -> None:
    matter = await held(ayesha)
    for number in range(25):
        await ayesha.press(f"{matter.work}/notes", once=f"n{number}", body=f"Note number {number}.")
    page = await ayesha.see(matter.work)
    assert "Note number 24." in page
    assert "Note number 3." not in page
    found = re.search(r'href="(/desk/cases/[^"#]+\?after=[^"#]+)#story"', page)
    assert found is not None
    older = await ayesha.see(found[1].replace("&amp;", "&"))
    assert "Note number 3." in older
    assert "Newer" in older


async def test_what_people_write_stays_text_on_the_page_of_a_case(ayesha: Visitor) -> None:
    evil = "<script>alert(1)</script>'\"{{ 7*7 }}"
    matter = await held(ayesha, subject=evil, body=evil, customer={"name": evil, "email": "sara@example.org"})
    await ayesha.press(f"{matter.case}/promises", once="p", kind="visit", due=later(), words=evil)
    page = await ayesha.see(matter.case)
    assert "alert(1)</script>" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 5


async def test_what_is_still_to_be_done_keeps_the_direction_of_its_own_language(ayesha: Visitor) -> None:
    await ruled(ayesha, {**PHOTOS, "words": {"en": "Within the limit?"}})
    matter = await held(ayesha)
    await ayesha.browser.post("/desk/language", data={"language": "ur"})
    assert '<a href="#step-photos"><bdi lang="en">Within the limit?</bdi></a>' in await ayesha.see(matter.case)
