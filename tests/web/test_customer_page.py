"""A customer opens the link they were sent: what they read, in which language, and that reading changes nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from app.actions.cases.awaiting import await_customer
from app.actions.cases.merge import merge
from app.actions.contacts.write import write
from app.actions.promises.given import make_promise
from app.actions.record import locked
from app.db import now, uuid7
from app.queries.customers.page import first_name
from app.tables import Case
from app.web.customer.times import Times
from channels.base import Person
from channels.texts.pages import LANGUAGES, WORDS
from tests.shift import SUPERVISOR, person
from tests.solving import call_solved, tend
from tests.web.conftest import text_of
from tests.web.holding import Holder, holding


@pytest.fixture
async def sana(database: str) -> AsyncIterator[Holder]:
    """Sana, whose roof leaks, with the link to her page."""
    async with holding(database) as found:
        yield found


async def answered(sana: Holder, words: str, *, asks: str | None = None, code: str = "esther") -> UUID:
    """A representative writes to her."""
    interaction: UUID = (await sana.shift.fetch("SELECT id FROM interaction WHERE case_id = $1", sana.case))[0]["id"]
    if (await sana.shift.row(interaction))["state"] == "queued":
        await sana.shift.serve(interaction, code)
    await sana.shift.do(write, interaction, direction="out", subject=None, body=words, asks=asks, actor=person(code))
    await tend(sana.shift)
    return interaction


async def test_the_page_says_what_it_is_about_how_it_stands_and_when_there_is_news(sana: Holder) -> None:
    page = text_of(await sana.see())
    assert "Claim" in page
    assert "My roof" in page
    assert "We have received it" in page
    assert "You will hear from us by this time" in page
    assert "Water comes in." in page
    assert "Raabta House" in page


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("open", "We are working on it."),
        ("awaiting_customer", "We need your answer before we can go on."),
        ("resolved", "We think that it is solved."),
    ],
)
async def test_a_state_is_told_in_plain_words(sana: Holder, state: str, said: str) -> None:
    await answered(sana, "We come.", asks="missing_document" if state == "awaiting_customer" else None)
    if state == "resolved":
        await call_solved(sana.shift, sana.case)
    page = await sana.see()
    assert (await sana.row())["state"] == state
    assert said in page
    assert state not in page.replace('class="box state', "")


async def test_what_was_asked_of_the_customer_stands_first_with_the_way_to_answer(sana: Holder) -> None:
    await answered(sana, "Please send us the bill.", asks="missing_document")
    page = await sana.see()
    asked = page.index("Please send us the bill.")
    assert asked < page.index('id="talk"')
    assert asked < page.index('href="#write"') < page.index('href="#document"')


async def test_opening_the_page_changes_nothing_however_often_and_whatever_is_in_the_link(sana: Holder) -> None:
    await answered(sana, "We come.")
    await call_solved(sana.shift, sana.case)
    before = await sana.shift.everything()
    for path in ("", "?solved=yes", "?said=yes", "?language=te", "?mark=5&words=x", "?language=xx&sorry=%3Cb%3E"):
        await sana.see(path)
    for form in ("answer", "solved", "mark", "document"):
        assert (await sana.browser.get(f"{sana.link}/{form}?solved=yes")).status_code == 405
    assert (await sana.browser.head(sana.link)).status_code == 405
    assert await sana.shift.everything() == before


async def test_the_link_leaks_to_nobody(sana: Holder) -> None:
    answer = await sana.browser.get(sana.link)
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "noindex" in answer.headers["x-robots-tag"]
    assert answer.headers["cache-control"] == "no-store"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "<script" not in answer.text
    assert "http" not in answer.text.replace("<!doctype html>", "")
    token = (await sana.row())["token"]
    assert token not in answer.text


async def test_a_wrong_an_erased_and_an_old_link_look_the_same(sana: Holder) -> None:
    wrong = [
        await sana.browser.get(f"/c/{path}") for path in ("A" * 22, "short", "%27%20OR%201=1", "x" * 900, "%C0%AF")
    ]
    await sana.shift.fetch(
        "UPDATE \"case\" SET closed_at = wall_clock() - interval '366 days' WHERE id = $1", sana.case
    )
    wrong.append(await sana.browser.get(sana.link))
    await sana.shift.fetch('UPDATE "case" SET closed_at = NULL, page_token = NULL WHERE id = $1', sana.case)
    wrong.append(await sana.browser.get(sana.link))
    assert {answer.status_code for answer in wrong} == {404}
    assert len({answer.text for answer in wrong}) == 1
    for words in ("The link is not complete", "لنک مکمل نہیں", "లింక్ పూర్తిగా లేదు"):
        assert words in wrong[0].text
    for form in ("answer", "solved", "mark", "document"):
        answer = await sana.browser.post(f"/c/{'A' * 22}/{form}", data={"solved": "yes", "words": "x"})
        assert answer.status_code == 404
        assert answer.headers["referrer-policy"] == "no-referrer"


async def test_who_tries_many_links_is_put_off_and_a_true_one_still_opens(sana: Holder) -> None:
    limit = sana.house.app.state.service.settings.failures_per_minute
    tried = [(await sana.browser.get(f"/c/{number:022d}")) for number in range(limit + 1)]
    assert {answer.status_code for answer in tried[:limit]} == {404}
    assert tried[limit].status_code == 429
    assert int(tried[limit].headers["retry-after"]) >= 1
    await sana.see()


async def test_what_a_letter_puts_behind_a_link_does_not_break_it(sana: Holder) -> None:
    for clung in (".", ")", "۔", ">"):
        assert "My roof" in await sana.see(clung)


async def test_the_page_speaks_the_language_of_the_case_and_another_by_link_alone(sana: Holder) -> None:
    assert '<html lang="en" dir="ltr">' in await sana.see()
    urdu = await sana.browser.get(f"{sana.link}?language=ur")
    assert '<html lang="ur" dir="rtl">' in urdu.text
    assert "set-cookie" not in urdu.headers
    assert f'action="{sana.link}/answer?language=ur"' in urdu.text
    assert "دعویٰ" in urdu.text
    assert '<html lang="te" dir="ltr">' in await sana.see("?language=te")
    assert await sana.press("answer", language="?language=ur", words="سلام", once="1") == "language=ur&said=sent"
    await sana.shift.fetch("UPDATE \"case\" SET language = 'te' WHERE id = $1", sana.case)
    assert '<html lang="te" dir="ltr">' in await sana.see()
    assert '<html lang="te" dir="ltr">' in await sana.see("?language=klingon")


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_word_is_in_the_language_of_the_page(sana: Holder, language: str) -> None:
    await answered(sana, "…", asks="missing_document")
    page = text_of((await sana.see(f"?language={language}")).partition("<main")[2].partition(">")[2])
    if language != "en":
        for own in ("Raabta House", "My roof", "Water comes in.", "Esther", "PDF"):
            page = page.replace(own, "")
        assert not [letter for letter in page if letter.isascii() and letter.isalpha()], page


async def test_notes_what_is_held_and_what_machines_wrote_are_never_shown(sana: Holder) -> None:
    interaction = await answered(sana, "A true answer.")
    await sana.shift.do(write, interaction, direction="note", subject=None, body="A note.", actor=person("esther"))
    for body, attributes in (("Held back.", '{"held": "1"}'), ("Out of office.", '{"automatic": true}')):
        await sana.shift.fetch(
            "INSERT INTO message (id, interaction_id, case_id, direction, body, at, attributes)"
            " VALUES ($1, $2, $3, 'in', $4, wall_clock(), $5::text::jsonb)",
            uuid7(), interaction, sana.case, body, attributes,
        )  # fmt: skip
    page = await sana.see()
    assert "A true answer." in page
    for hidden in ("A note.", "Held back.", "Out of office.", "esther", "claims"):
        assert hidden not in page


async def test_colleagues_are_called_by_their_first_name(sana: Holder) -> None:
    await answered(sana, "We come.")
    page = await sana.see()
    assert "Esther" in page
    assert "John" not in page
    assert [first_name(name) for name in ("K. Chandra Rao", "Dr. Ayesha Malik", "Bo Li", "عائشہ ملک", "", None)] == [
        "K. Chandra", "Dr. Ayesha", "Bo Li", "عائشہ", None, None,
    ]  # fmt: skip


async def test_markup_in_words_and_names_stays_text(sana: Holder) -> None:
    hostile = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
    await sana.shift.fetch('UPDATE "case" SET subject = $2 WHERE id = $1', sana.case, hostile)
    await sana.shift.fetch("UPDATE representative SET name = $1 WHERE code = 'esther'", hostile)
    await sana.shift.fetch("UPDATE organisation SET name = $1", hostile)
    await answered(sana, hostile, asks="missing_document")
    await sana.write(hostile)
    page = await sana.see()
    assert "<script" not in page
    assert "<img" not in page
    assert page.count("&lt;script&gt;alert(1)") >= 5


async def test_another_customers_link_shows_nothing_of_this_case(sana: Holder) -> None:
    await answered(sana, "We come to the roof.")
    letter = await sana.shift.arrive(
        "email", "order", person=Person(name="Ravi", email="ravi@example.test"), subject="A lamp", body="It is dark."
    )
    await tend(sana.shift)
    ravi = await sana.other((await sana.shift.case(letter))["id"])
    page = await ravi.see()
    assert "It is dark." in page
    for hidden in ("My roof", "Water", "We come", "Sana", "Claim"):
        assert hidden not in page
    assert "It is dark." not in await sana.see()


async def test_the_link_of_a_case_that_was_taken_into_another_opens_that_one_with_both(sana: Holder) -> None:
    letter = await sana.shift.arrive(
        "email", "inquiry", person=Person(name="Sana", email="sana@example.test"), body="And the window."
    )
    await tend(sana.shift)
    second = await sana.other((await sana.shift.case(letter))["id"])
    await sana.shift.do(merge, sana.case, second.case, reason=None)
    for holder in (sana, second):
        page = await holder.see()
        assert "Claim" in page
        assert "Water comes in." in page
        assert "And the window." in page


async def test_after_its_time_the_page_leads_to_what_the_customer_wrote_since(sana: Holder) -> None:
    await answered(sana, "Mended.")
    await call_solved(sana.shift, sana.case)
    await sana.press("solved", solved="yes")
    await sana.shift.pass_time(100 * 86_400)
    before = len(await sana.shift.fetch('SELECT FROM "case"'))
    assert await sana.press("answer", words="It leaks again.", once="1") == "said=sent"
    assert len(await sana.shift.fetch('SELECT FROM "case"')) == before + 1
    assert (await sana.row())["state"] == "closed"
    await tend(sana.shift)
    page = await sana.see()
    assert "It leaks again." in page
    assert "Mended." in page
    assert "We have received it" in page
    assert await sana.press("answer", words="Hurry.", once="2") == "said=sent"
    assert len(await sana.shift.fetch('SELECT FROM "case"')) == before + 1


async def test_promises_are_told_with_their_day_and_a_late_one_is_owned_up_to(sana: Holder) -> None:
    async with sana.shift.db.session() as session:
        case, moment = await locked(session, Case, sana.case), await now(session)
        await make_promise(
            session, case, kind="visit", due_at=moment + timedelta(hours=30), words="Bilal looks at the roof.",
            representative="bilal", actor=SUPERVISOR, now=moment,
        )  # fmt: skip
    page = await sana.see()
    assert "Bilal looks at the roof." in page
    assert "This is late" not in page
    await sana.shift.pass_time(30 * 86_400)
    late = await sana.see()
    assert "This is late. We are sorry." in late
    assert "You should have heard from us by this time, and you did not." in late


async def test_what_was_asked_by_hand_is_told_without_words_to_show(sana: Holder) -> None:
    async with sana.shift.db.session() as session:
        case = await locked(session, Case, sana.case)
        await await_customer(session, case, cause="missing_document", actor=SUPERVISOR, now=await now(session))
    page = await sana.see()
    assert "We need your answer" in page
    assert 'href="#write"' in page


async def test_without_the_channel_the_page_is_read_and_nothing_is_written_on_it(
    sana: Holder, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app import registry

    served = {name: channel for name, channel in registry.current().items() if name != "page"}
    monkeypatch.setattr(registry, "_found", served)
    assert "<form" not in await sana.see()
    assert await sana.press("answer", words="Hello", once="1") == "sorry=failed"


def test_times_are_those_of_the_office_in_the_language_of_the_page() -> None:
    at = datetime(2026, 11, 25, 9, 5, tzinfo=UTC)
    said = {
        language: Times(language=language, zone="Asia/Karachi", now=at - timedelta(days=days)).when(at)
        for language, days in (("en", 1), ("ur", 3), ("te", 0))
    }
    assert said == {
        "en": "Tomorrow, Wednesday, 25 November, 2:05\u202fPM",
        "ur": "بدھ، 25 نومبر، دوپہر 2:05",
        "te": "ఈరోజు, బుధవారం, 25 నవంబర్, మధ్యాహ్నం 2:05",
    }
    assert Times(language="en", zone="nowhere", now=at).day(at + timedelta(days=90)) == "Tuesday, 23 February 2027"


def test_every_word_of_the_page_is_asked_for_somewhere() -> None:
    from pathlib import Path

    web = Path(__file__).resolve().parents[2] / "app" / "web"
    files = [*web.glob("templates/customer/*.html"), *web.glob("customer/*.py")]
    text = "\n".join(file.read_text() for file in files)
    by_name = {"said", "sorry", "new", "working", "awaiting", "checking", "resolved", "closed", "callback", "visit", "solution", "other", "gone", "often", "away"}  # fmt: skip
    idle = [
        word
        for word in WORDS
        if f'"{word}"' not in text
        and f"'{word}'" not in text
        and word.removeprefix("page.").split("_")[0] not in by_name
    ]
    assert idle == []
