"""What a customer says on their page: once however often it is sent, and with the same effect as a letter."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from app.actions.contacts.complete import complete
from app.actions.contacts.write import write
from app.actions.line.requeue import park
from app.errors import Unavailable
from tests.shift import person
from tests.solving import call_solved, letters, surveys, tend
from tests.web.holding import JPEG, PDF, Holder, holding


@pytest.fixture
async def sana(database: str) -> AsyncIterator[Holder]:
    """Sana, whose roof leaks, with the link to her page."""
    async with holding(database) as found:
        yield found


async def contact(sana: Holder) -> UUID:
    """Her first letter."""
    rows = await sana.shift.fetch("SELECT id FROM interaction WHERE case_id = $1 ORDER BY id", sana.case)
    found: UUID = rows[0]["id"]
    return found


async def served(sana: Holder, *, done: bool = True) -> UUID:
    """Her letter was taken, and done with."""
    found = await contact(sana)
    await sana.shift.serve(found)
    if done:
        await sana.shift.do(complete, found, outcome=None, actor=person("esther"))
    return found


async def contacts(sana: Holder) -> list[Any]:
    """All contacts of the case, oldest first."""
    return await sana.shift.fetch("SELECT * FROM interaction WHERE case_id = $1 ORDER BY id", sana.case)


async def test_a_message_reaches_whoever_serves_and_the_customer_is_thanked(sana: Holder) -> None:
    await served(sana, done=False)
    assert await sana.write("It is the left side.\r\nسلام") == "said=sent"
    assert await sana.words() == ["Water comes in.", "It is the left side.\nسلام"]
    assert len(await contacts(sana)) == 1, "her letter is still open: it belongs there"
    page = await sana.see("?said=sent")
    assert '<p class="said" role="status">Thank you.' in page
    assert "<title>Thank you." in page


async def test_a_message_about_what_is_done_is_a_contact_of_its_own_on_the_same_case(sana: Holder) -> None:
    await served(sana)
    await sana.write("One more thing.")
    first, second = await contacts(sana)
    assert (first["state"], second["state"], second["channel"], second["live"]) == (
        "completed",
        "queued",
        "page",
        False,
    )
    assert second["request_type"] == "claim"
    await tend(sana.shift)
    assert (await sana.row())["touches"] == 1


async def test_a_form_sent_twice_is_one_message_and_other_words_are_another(sana: Holder) -> None:
    await served(sana)
    once = await sana.once()
    for _ in range(3):
        assert await sana.press("answer", words="Hello", once=once) == "said=sent"
    assert await sana.words() == ["Water comes in.", "Hello"]
    assert await sana.press("answer", words="And this", once=once) == "said=sent"
    assert await sana.press("answer", words="Hello", once=await sana.once()) == "said=sent"
    assert await sana.words() == ["Water comes in.", "Hello", "And this", "Hello"]


async def test_a_double_click_is_one_message(sana: Holder) -> None:
    await served(sana)
    once = await sana.once()
    clicks = [sana.press("answer", words="Hello", once=once) for _ in range(6)]
    assert set(await asyncio.gather(*clicks)) == {"said=sent"}
    assert await sana.words() == ["Water comes in.", "Hello"]
    assert len(await contacts(sana)) == 2


async def test_an_answer_wakes_what_was_laid_aside_for_it(sana: Holder) -> None:
    found = await served(sana, done=False)
    await sana.shift.do(
        write, found, direction="out", subject=None, body="The bill?", asks="missing_document", actor=person("esther")
    )
    await sana.shift.do(park, found, until=None, reason=None, actor=person("esther"))
    await tend(sana.shift)
    assert (await sana.row())["state"] == "awaiting_customer"
    await sana.write("Here is its number: 7.")
    assert (await sana.row())["state"] == "open"
    (only,) = await contacts(sana)
    assert (only["state"], only["preferred"]) == ("queued", "esther")


async def test_a_message_after_it_was_solved_opens_it_again(sana: Holder) -> None:
    await served(sana)
    await call_solved(sana.shift, sana.case)
    await sana.write("It is not.")
    row = await sana.row()
    assert (row["state"], row["reopened"]) == ("open", 1)


async def test_an_answer_to_the_page_stands_there_and_a_letter_says_so_once(sana: Holder) -> None:
    await served(sana)
    await sana.write("One more thing.")
    second = (await contacts(sana))[1]["id"]
    await sana.shift.serve(second)
    await sana.shift.do(
        write, second, direction="out", subject=None, body="Here is the answer.", actor=person("esther")
    )
    await tend(sana.shift)
    await tend(sana.shift)
    assert "Here is the answer." in await sana.see()
    (notice,) = await letters(sana.shift, "answered_on_page")
    assert notice["recipient"] == "sana@example.test"
    assert sana.link in notice["payload"]["body"]
    assert "Here is the answer." not in notice["payload"]["body"]
    shown = [row for row in await sana.shift.commands(second) if row["channel"] == "page"]
    assert [row["kind"] for row in shown] == ["show"]


async def test_nothing_written_and_too_much_are_told_and_the_words_are_not_lost(sana: Holder) -> None:
    before = await sana.shift.everything()
    for words in ("", "  \r\n ", "\0\0"):
        assert await sana.press("answer", words=words, once="1") == "sorry=empty"
    assert (await sana.browser.post(f"{sana.link}/answer")).headers["location"].endswith("sorry=empty")
    long = await sana.browser.post(f"{sana.link}/answer", data={"words": "ab" * 5_001, "once": "1"})
    assert long.status_code == 422
    assert "Your message is too long" in long.text
    assert "ab" * 5_001 in long.text
    assert "There was nothing in your message" in await sana.see("?sorry=empty")
    assert await sana.shift.everything() == before


async def test_words_are_kept_on_the_screen_when_they_cannot_be_kept_by_us(
    sana: Holder, monkeypatch: pytest.MonkeyPatch
) -> None:
    intake = sana.house.app.state.service.intake

    async def away(_: object) -> None:
        raise Unavailable("The database is away.", retry_after_seconds=1)

    with monkeypatch.context() as patched:
        patched.setattr(intake, "submit", away)
        busy = await sana.browser.post(f"{sana.link}/answer", data={"words": "My words", "once": "7"})
        assert busy.status_code == 503
        assert ">My words</textarea>" in busy.text
        assert "Your words are still here" in busy.text
    await served(sana)
    await call_solved(sana.shift, sana.case)
    with monkeypatch.context() as patched:
        patched.setattr("app.web.customer.speaking.say", away_from_all)
        gone = await sana.browser.post(f"{sana.link}/solved", data={"remains": "The left side", "solved": "no"})
        assert gone.status_code == 503
        assert "retry-after" in gone.headers
        assert '<input type="hidden" name="solved" value="no">' in gone.text
        assert ">The left side</textarea>" in gone.text


async def away_from_all(*_: object, **__: object) -> None:
    """A database that is away."""
    raise Unavailable("The database is away.", retry_after_seconds=1)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"words=%ff%fe%00&once=%c3%28", "application/x-www-form-urlencoded"),
        (b"words=" + b"&words=x" * 500, "application/x-www-form-urlencoded"),
        (b"\x00\xff" * 500, "application/x-www-form-urlencoded"),
        (b"words=x" * 60_000, "application/x-www-form-urlencoded"),
        (b'{"words": "x"}', "application/json"),
        (b"--x\r\nnot a part", "multipart/form-data; boundary=x"),
        (b"--x\r\nnot a part", "multipart/form-data"),
        (b'--x\r\nContent-Disposition: form-data; name="document"\r\n\r\nwords\r\n--x--\r\n', "multipart/form-data; boundary=x"),
        (b'--x\r\nContent-Disposition: form-data; name="document"; filename="a.pdf"\r\n\r\n\r\n--x--\r\n', "multipart/form-data; boundary=x"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("form", ["answer", "solved", "mark", "document"])
async def test_hostile_bytes_are_answered_kindly(sana: Holder, form: str, body: bytes, kind: str) -> None:
    answer = await sana.browser.post(f"{sana.link}/{form}", content=body, headers={"content-type": kind})
    assert answer.status_code in {303, 422}, (answer.status_code, answer.text)
    if answer.status_code == 303:
        assert "sorry=" in answer.headers["location"] or form == "answer"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert len(await sana.documents()) == 0


async def test_a_photograph_is_kept_once_and_whoever_serves_hears_of_it(sana: Holder) -> None:
    await served(sana)
    for _ in range(2):
        assert await sana.add(JPEG, "../../My bill.exe") == "said=document"
    (row,) = await sana.documents()
    assert (row["name"], row["media_type"], row["author"], bytes(row["content"])) == (
        "My bill.exe.jpg", "image/jpeg", "customer", JPEG,
    )  # fmt: skip
    assert await sana.words() == ["Water comes in.", "I have sent a document: My bill.exe.jpg"]
    assert (await sana.shift.story(sana.case)).count("document_added") == 1
    assert "My bill.exe.jpg" in await sana.see()


async def test_the_same_photograph_twice_at_once_is_kept_once(sana: Holder) -> None:
    sent = await asyncio.gather(*(sana.add(JPEG) for _ in range(4)))
    assert set(sent) == {"said=document"}
    assert len(await sana.documents()) == 1
    assert len(await sana.words()) == 2


@pytest.mark.parametrize(
    ("content", "name", "told"),
    [
        (b"PK\x03\x04" + b"\0" * 200, "bill.jpg", "kind"),
        (b"<html><script>alert(1)</script>", "bill.pdf", "kind"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "bill.png", "kind"),
        (b"MZ\x90\x00", "photo.jpeg", "kind"),
        (b"", "bill.jpg", "no_file"),
        (b"\x1f\x8b\x08" + b"\0" * 100, "42.zip", "kind"),
    ],
)
async def test_a_file_is_taken_for_what_is_in_it_and_never_for_its_name(
    sana: Holder, content: bytes, name: str, told: str
) -> None:
    before = await sana.shift.everything()
    assert await sana.add(content, name) == f"sorry={told}"
    assert await sana.shift.everything() == before


async def test_a_file_that_is_too_large_is_refused_with_what_to_do(sana: Holder) -> None:
    before = await sana.shift.everything()
    assert await sana.add(JPEG + b"\0" * 10_485_760) == "sorry=large"
    assert await sana.add(JPEG + b"\0" * (10_485_761 - len(JPEG))) == "sorry=large"
    assert "A photo of the paper" in await sana.see("?sorry=large")
    assert await sana.shift.everything() == before


async def test_no_more_than_twenty_fit_on_a_case(sana: Holder) -> None:
    for number in range(19):
        assert await sana.add(PDF + bytes([number]), "a.pdf") == "said=document"
    at_once = [sana.add(PDF + b"more" + bytes([number]), "a.pdf") for number in range(3)]
    assert sorted(await asyncio.gather(*at_once)) == ["said=document", "sorry=many", "sorry=many"]
    assert len(await sana.documents()) == 20
    assert len(await sana.words()) == 21, "what was not kept is not told of"
    assert "no more fit here" in await sana.see("?sorry=many")


async def test_a_document_for_a_case_that_stays_closed_goes_with_what_follows(sana: Holder) -> None:
    await served(sana)
    await call_solved(sana.shift, sana.case)
    await sana.press("solved", solved="yes")
    await sana.shift.pass_time(100 * 86_400)
    assert await sana.add(PDF, "bill.pdf") == "said=document"
    assert await sana.documents() == []
    (kept,) = await sana.shift.fetch("SELECT case_id FROM document")
    (case,) = await sana.shift.fetch('SELECT follows FROM "case" WHERE id = $1', kept["case_id"])
    assert case["follows"] == sana.case


async def test_yes_closes_no_opens_and_the_same_again_changes_nothing(sana: Holder) -> None:
    await served(sana)
    await call_solved(sana.shift, sana.case)
    assert "Yes, it is solved" in await sana.see()
    assert await sana.press("solved", solved="yes") == "said=yes"
    assert (await sana.row())["closed_by"] == "customer"
    before = await sana.shift.everything()
    assert await sana.press("solved", solved="yes") == "said=yes"
    assert await sana.shift.everything() == before
    page = await sana.see("?said=yes")
    assert "It is solved and closed. You told us so." in page
    assert "Is it not solved after all?" in page
    assert await sana.press("solved", solved="no", remains="The left side leaks.") == "said=no"
    row = await sana.row()
    assert (row["state"], row["reopened"]) == ("open", 1)
    assert "The left side leaks." in await sana.see()
    assert [one["solved"] for one in await surveys(sana.shift, sana.case)] == ["no"]


async def test_yes_and_no_at_once_leave_one_answer(sana: Holder) -> None:
    await served(sana)
    await call_solved(sana.shift, sana.case)
    said = await asyncio.gather(*(sana.press("solved", solved=each) for each in ("yes", "no", "yes", "no")))
    assert set(said) <= {"said=yes", "said=no", "sorry=over"}
    (survey,) = await surveys(sana.shift, sana.case)
    assert survey["solved"] in {"yes", "no"}
    assert (await sana.row())["state"] in {"open", "closed"}


async def test_the_representative_is_spoken_of_apart(sana: Holder) -> None:
    await served(sana)
    await call_solved(sana.shift, sana.case)
    assert "How was Esther?" in await sana.see()
    assert await sana.press("mark", mark="5", words="Very kind.") == "said=mark"
    (survey,) = await surveys(sana.shift, sana.case)
    assert (survey["mark"], survey["words"], survey["solved"], survey["representative"]) == (
        5,
        "Very kind.",
        None,
        "esther",
    )
    assert (await sana.row())["state"] == "resolved"
    page = await sana.see("?said=mark")
    assert "Thank you. We have noted your answer." in page
    assert "Very kind." not in page


async def test_what_is_not_asked_cannot_be_answered(sana: Holder) -> None:
    before = await sana.shift.everything()
    assert "solved" not in (await sana.see()).partition("<main")[2]
    assert await sana.press("solved", solved="yes") == "sorry=over"
    assert await sana.press("solved", solved="perhaps") == "sorry=nothing"
    assert await sana.press("solved") == "sorry=nothing"
    assert await sana.press("mark") == "sorry=over"
    assert await sana.press("mark", mark="9") == "sorry=over"
    assert await sana.shift.everything() == before


async def test_after_the_window_a_late_answer_is_told_that_it_is_late(sana: Holder) -> None:
    await served(sana)
    await call_solved(sana.shift, sana.case)
    await sana.press("solved", solved="yes")
    await sana.shift.pass_time(100 * 86_400)
    page = await sana.see()
    assert "Is it not solved after all?" not in page
    assert "How was" not in page
    assert await sana.press("solved", solved="no") == "sorry=over"
    assert "Your message" in page
    late = {"solved": "no", "remains": "It <still> leaks."}
    answer = await sana.browser.post(f"{sana.link}/solved", data=late)
    assert answer.status_code == 409
    assert "It &lt;still&gt; leaks.</textarea>" in answer.text[answer.text.index('id="words"') :], (
        "to be sent as a message"
    )


async def test_who_writes_without_end_is_asked_to_wait(sana: Holder) -> None:
    answers = [await sana.browser.post(f"{sana.link}/answer", data={"words": "x", "once": "1"}) for _ in range(60)]
    assert answers[0].status_code == 303
    assert answers[-1].status_code == 429
    assert "Please wait a minute" in answers[-1].text
    assert ">x</textarea>" in answers[-1].text
    assert await sana.words() == ["Water comes in.", "x"]
    await sana.see()


async def test_documents_are_for_those_who_serve_and_only_ever_saved(sana: Holder) -> None:
    await served(sana)
    await sana.add(PDF, "رسید\u202efdp.exe")
    path = f"/v1/cases/{sana.case}/documents"
    listed = (await sana.house.call("esther", "GET", path)).json()["items"]
    assert [(one["name"], one["media_type"], one["bytes"]) for one in listed] == [
        ("رسیدfdp.exe.pdf", "application/pdf", len(PDF))
    ]
    assert "content" not in listed[0]
    saved = await sana.house.call("esther", "GET", f"/v1/documents/{listed[0]['id']}")
    assert saved.content == PDF
    assert saved.headers["content-disposition"].startswith("attachment; filename*=UTF-8''%D8%B1")
    assert saved.headers["x-content-type-options"] == "nosniff"
    assert saved.headers["content-security-policy"].startswith("sandbox")
    for who in ("bilal", "farid"):
        assert (await sana.house.call(who, "GET", path)).status_code == 404
        assert (await sana.house.call(who, "GET", f"/v1/documents/{listed[0]['id']}")).status_code == 404
    assert (await sana.house.call("kiosk", "GET", path)).status_code == 403
    assert (await sana.house.call("admin", "GET", f"/v1/documents/{sana.case}")).status_code == 404
