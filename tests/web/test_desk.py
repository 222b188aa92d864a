"""What a representative sees and does at the desk, without JavaScript: every verb, every refusal, and whose is whose."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

import pytest

from app.deps import csrf_token
from app.errors import Unavailable
from tests.api.conftest import House
from tests.api.following import Follower, following
from tests.web.conftest import Visitor, text_of

Sql = Callable[..., Any]


@pytest.fixture
def sql(database: str) -> Sql:
    """One statement on the test's database."""
    import asyncpg

    async def run(statement: str, *arguments: object) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(database)
        try:
            return await connection.fetch(statement, *arguments)
        finally:
            await connection.close()

    return run


async def offered(who: Visitor, ref: str = "a", *, to: str = "ayesha", seconds: float = 60, **more: Any) -> str:
    """A letter arrives and is offered; returns the path of the assignment's page."""
    told = await who.house.arrive(ref, **{"channel": "email", **more})
    return f"/desk/work/{await who.house.offer(told['id'], to, seconds=seconds)}"


async def taken(who: Visitor, ref: str = "a", **more: Any) -> str:
    """As `offered`, and accepted."""
    path = await offered(who, ref, **more)
    assert await who.press(f"{path}/acceptance") == f"{path}?said=accepted#work"
    return path


async def interaction(who: Visitor, ref: str = "a") -> dict[str, Any]:
    listed = (await who.house.call("admin", "GET", "/v1/interactions")).json()["items"]
    found: dict[str, Any] = next(item for item in listed if item["ref"] == ref)
    return found


async def test_who_is_off_shift_is_asked_to_go_available_and_does(ayesha: Visitor) -> None:
    assert "Go available when you are ready" in await ayesha.see("/desk")
    assert await ayesha.press("/desk/presence", status="available") == "/desk?said=available"
    assert "The next contact appears here by itself" in await ayesha.see("/desk")
    assert await ayesha.press("/desk/presence", status="away", reason="lunch") == "/desk?said=away"
    assert "Away (Lunch)" in text_of(await ayesha.see("/desk"))


async def test_a_form_that_is_not_filled_in_changes_nothing_and_says_so(ayesha: Visitor) -> None:
    assert await ayesha.press("/desk/presence", status="everywhere") == "/desk?sorry=invalid"
    assert await ayesha.press("/desk/presence") == "/desk?sorry=invalid"
    assert "nothing was changed" in await ayesha.see("/desk?sorry=invalid")
    assert "<script>" not in await ayesha.see("/desk?sorry=%3Cscript%3E&said=nonsense")


async def test_an_offer_shows_who_it_is_and_what_to_heed(ayesha: Visitor) -> None:
    person = {"name": "سارہ خان", "needs": ["elderly"], "email": "sara@example.org"}
    path = await offered(ayesha, subject="A leaking roof", body="Water!", language="ur", customer=person)
    page = await ayesha.see("/desk")
    assert '<bdi lang="ur">سارہ خان</bdi>' in page
    assert '<li class="mark" lang="ur" dir="rtl">اردو</li>' in page
    words = text_of(page)
    for word in ("Offered to you", "Claim", "elderly: 5 minutes earlier", "A leaking roof", "Water!", "first contact"):
        assert word in words
    assert f'action="{path}/acceptance"' in page
    assert (
        "New offer: \u2068Letter\u2069, \u2068Claim\u2069, from \u2068سارہ خان\u2069. \u206820 seconds\u2069"
        not in page
    )
    assert "New offer: \u2068Letter\u2069, \u2068Claim\u2069, from \u2068سارہ خان\u2069." in page


async def test_what_is_accepted_is_answered_and_completed(ayesha: Visitor, sql: Sql) -> None:
    person = {"name": "Sara", "email": "sara@example.org"}
    path = await taken(ayesha, subject="Roof", body="Water!", customer=person)
    assert "It is yours." in await ayesha.see(f"{path}?said=accepted")
    sent = await ayesha.press(f"{path}/messages", once="one", subject="Roof", body="We come.\r\nToday.")
    assert sent == f"{path}?said=sent#story"
    assert "We come.\nToday." in await ayesha.see(path)
    assert await ayesha.press(f"{path}/completion", outcome="answered", solved="true") == "/desk?said=solved"
    found = await interaction(ayesha)
    assert found["state"] == "completed"
    assert (await sql('SELECT state, outcome FROM "case"'))[0] == ("resolved", "answered")
    assert (await sql("SELECT kind, payload ->> 'body' AS body FROM outbox"))[0] == ("send", "We come.\nToday.")
    actors = await sql(
        "SELECT DISTINCT actor FROM event WHERE kind IN ('accepted', 'answered', 'completed', 'resolved')"
    )
    assert [row["actor"] for row in actors] == ["representative:ayesha"]


async def test_an_answer_may_end_the_contact_in_one_step(ayesha: Visitor) -> None:
    path = await taken(ayesha, body="?", customer={"email": "sara@example.org"})
    sent = await ayesha.press(f"{path}/messages", once="one", body="Yes.", then="complete")
    assert sent == "/desk?said=sent_completed"
    assert (await interaction(ayesha))["state"] == "completed"


async def test_a_form_that_is_sent_twice_is_written_once(ayesha: Visitor, sql: Sql) -> None:
    path = await taken(ayesha, customer={"email": "sara@example.org"})
    form = {"once": "same", "body": "Yes."}
    both = await asyncio.gather(ayesha.press(f"{path}/messages", **form), ayesha.press(f"{path}/messages", **form))
    assert set(both) == {f"{path}?said=sent#story"}
    assert len(await sql("SELECT 1 FROM message WHERE direction = 'out'")) == 1


async def test_words_that_could_not_be_sent_are_shown_again(ayesha: Visitor) -> None:
    path = await taken(ayesha, customer={"email": "sara@example.org"})
    await ayesha.press(f"{path}/completion")
    fields = {"once": "late", "body": "My <long> answer", "csrf_token": csrf_token(ayesha.key)}
    answer = await ayesha.browser.post(f"{path}/messages", data=fields)
    assert answer.status_code == 409
    assert "no longer with you" in answer.text
    assert "My &lt;long&gt; answer</textarea>" in answer.text


async def test_words_survive_a_database_that_is_away(ayesha: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    path = await taken(ayesha, customer={"email": "sara@example.org"})

    def away() -> None:
        raise Unavailable("away", retry_after_seconds=1)

    monkeypatch.setattr(ayesha.house.app.state.service.database, "session", away)
    fields = {"once": "x", "body": "My answer", "csrf_token": csrf_token(ayesha.key)}
    answer = await ayesha.browser.post(f"{path}/messages", data=fields)
    assert answer.status_code == 503
    assert "cannot be reached just now" in answer.text
    assert "My answer</textarea>" in answer.text


async def test_an_empty_answer_is_not_sent(ayesha: Visitor, sql: Sql) -> None:
    path = await taken(ayesha, customer={"email": "sara@example.org"})
    assert await ayesha.press(f"{path}/messages", once="x", body=" \r\n ") == f"{path}?sorry=nothing_written"
    assert await sql("SELECT 1 FROM message WHERE direction = 'out'") == []


async def test_a_note_stays_in_the_house(ayesha: Visitor, sql: Sql) -> None:
    path = await taken(ayesha, customer={"email": "sara@example.org"})
    assert await ayesha.press(f"{path}/notes", once="x", body="Be\0 kind") == f"{path}?said=noted#story"
    assert "Be kind" in await ayesha.see(path)
    assert await sql("SELECT 1 FROM outbox") == []


async def test_a_declined_offer_goes_back_and_its_page_says_so(ayesha: Visitor) -> None:
    path = await offered(ayesha)
    assert await ayesha.press(f"{path}/rejection", reason="not_my_subject") == "/desk?said=declined"
    assert (await interaction(ayesha))["state"] == "queued"
    assert "You declined this one." in await ayesha.see(path)


async def test_an_offer_whose_time_ran_out_is_explained_kindly(ayesha: Visitor, sql: Sql) -> None:
    path = await offered(ayesha)
    await sql("UPDATE assignment SET offered_at = now() - interval '1 hour', expires_at = now() - interval '1 minute'")
    assert await ayesha.press(f"{path}/acceptance") == f"{path}?sorry=offer_gone"
    assert "You need not do anything" in await ayesha.see(f"{path}?sorry=offer_gone")


async def test_hands_on_to_a_queue_or_a_colleague(ayesha: Visitor, chandra: Visitor) -> None:
    path = await taken(ayesha)
    await ayesha.house.available("chandra")
    page = await ayesha.see(path)
    assert '<option value="chandra">Chandra Rao (Available)</option>' in page
    colleagues = page[page.index('id="to-person"') :].partition("</select>")[0]
    assert '<option value="ayesha">' not in colleagues
    status, page = await ayesha.refused(f"{path}/transfer")
    assert (status, "Say where it should go" in page) == (422, True)
    status, page = await ayesha.refused(f"{path}/transfer", representative="devi")
    assert (status, "This colleague is not on shift" in page) == (409, True)
    to = {"queue": "technical", "representative": "chandra", "reason": "knows"}
    assert await ayesha.press(f"{path}/transfer", **to) == "/desk?said=transferred"
    found = await interaction(ayesha)
    assert (found["state"], found["queue"], found["preferred"]) == ("queued", "technical", "chandra")


async def test_what_is_laid_aside_is_listed_and_can_be_taken_up_again(ayesha: Visitor, sql: Sql) -> None:
    path = await taken(ayesha, customer={"name": "Sara", "email": "sara@example.org"})
    assert await ayesha.press(f"{path}/parking", until="morning", reason="papers") == "/desk?said=parked"
    woken = (await sql("SELECT (wake_at AT TIME ZONE 'Asia/Karachi')::text AS at FROM interaction"))[0]["at"]
    assert woken.endswith(" 09:00:00")
    page = await ayesha.see("/desk")
    assert "Laid aside" in page
    found = re.search(r'action="(/desk/laid-aside/[^"]+)"', page)
    assert found is not None
    assert await ayesha.press(found[1]) == "/desk?said=taken_up"
    assert (await interaction(ayesha))["state"] == "queued"


async def test_nobody_takes_up_what_another_laid_aside(ayesha: Visitor, chandra: Visitor) -> None:
    path = await taken(ayesha)
    await ayesha.press(f"{path}/parking")
    laid = f"/desk/laid-aside/{(await interaction(ayesha))['id']}/waking"
    assert await chandra.press(laid) == "/desk?sorry=not_yours"
    assert (await interaction(ayesha))["state"] == "parked"


async def test_a_visitor_is_called_by_number_and_may_not_come(ayesha: Visitor) -> None:
    path = await taken(ayesha, channel="walk_in", office="lahore")
    page = await ayesha.see(path)
    assert '<p class="ticket"><bdi>A001</bdi></p>' in page
    assert f"{path}/messages" not in page  # nothing can be written to a visitor
    assert await ayesha.press(f"{path}/no-show") == "/desk?said=no_show"
    assert (await interaction(ayesha))["state"] == "abandoned"
    assert "The customer left" in await ayesha.see(path)


async def test_a_call_says_that_the_telephone_rings_and_then_that_it_is_connected(ayesha: Visitor, sql: Sql) -> None:
    path = await taken(ayesha, channel="phone", customer={"phone": "+914023456789"})
    assert "Your telephone 1 rings" in text_of(await ayesha.see(path))
    await sql(
        "INSERT INTO event (subject, subject_id, version, kind, at, actor)"
        " SELECT 'interaction', id::text, version + 1, 'connected', wall_clock(), 'system' FROM interaction"
    )
    assert "You are connected." in await ayesha.see(path)


async def test_what_others_hold_can_neither_be_seen_nor_changed(ayesha: Visitor, chandra: Visitor) -> None:
    path = await taken(ayesha, body="secret words", customer={"name": "Sara"})
    assert "secret words" not in await chandra.see(path, status=404)
    assert "secret words" not in await chandra.see("/desk")
    for verb in ("acceptance", "rejection", "completion", "transfer", "parking", "no-show"):
        to = await chandra.press(f"{path}/{verb}", queue="technical")
        assert to.startswith((f"{path}?sorry=not_found", "/desk?sorry=not_found")), verb
    fields = {"once": "x", "body": "me too", "csrf_token": csrf_token(chandra.key)}
    assert (await chandra.browser.post(f"{path}/messages", data=fields)).status_code == 404
    assert (await interaction(ayesha))["state"] == "active"


async def test_what_customers_write_stays_text(ayesha: Visitor) -> None:
    evil = "<script>alert(1)</script>'\"><img src=x onerror=alert(1)>{{ 7*7 }}"
    path = await taken(
        ayesha, subject=evil, body=f"{evil}\n  indented", customer={"name": evil, "email": "sara@example.org"}
    )
    page = await ayesha.see(path)
    assert "alert(1)</script>" not in page
    assert "<img" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 4
    assert "{{ 7*7 }}\n  indented</div>" in page
    assert "49" not in re.sub(r'"[^"]*"', "", page)


async def test_the_history_is_told_and_other_cases_are_only_proposed(ayesha: Visitor) -> None:
    sara = {"name": "Sara", "email": "sara@example.org"}
    first = await taken(ayesha, "a", subject="Roof", body="Water!", customer=sara)
    await ayesha.press(f"{first}/completion")
    case = (await interaction(ayesha, "a"))["case_id"]
    await ayesha.house.arrive("other", channel="email", subject="A bill", customer=sara)
    second = await taken(ayesha, "b", channel="phone", case_id=case, customer={"phone": "+914023456789"})
    words = text_of(await ayesha.see(second))
    assert "Letter came in Customer" in words
    assert "Water!" in words
    assert "Taken by You" in words
    await ayesha.press(f"{second}/completion")  # no letter comes into a call
    third = await taken(ayesha, "c", subject="Window", customer=sara)
    words = text_of(await ayesha.see(third))
    assert "Other open cases of this customer" in words
    assert "A bill" in words
    assert "Nothing is joined by itself" in words


async def test_work_stays_in_view_while_offers_arrive(ayesha: Visitor) -> None:
    path = await taken(ayesha, "a", customer={"name": "Sara"})
    offer = await offered(ayesha, "b", customer={"name": "Ravi"})
    page = await ayesha.see("/desk")
    assert f'hx-get="{path}"' in page
    assert re.search(r'<h1 id="work-title">\s*<bdi[^>]*>Sara', page)
    assert f'action="{offer}/acceptance"' in page


async def test_the_pulse_loads_itself_again_in_our_own_frame_and_is_a_sign_of_life(
    ayesha: Visitor, house: House
) -> None:
    await offered(ayesha)
    answer = await ayesha.browser.get("/desk/pulse")
    assert (answer.headers["refresh"], answer.headers["x-frame-options"]) == ("15", "SAMEORIGIN")
    assert "frame-ancestors 'self'" in answer.headers["content-security-policy"]
    assert "Offered to you: 1" in text_of(answer.text)
    async with house.app.state.service.database.connection() as connection:
        assert await house.app.state.service.heartbeats.flush(connection) == 1


async def test_the_stream_says_that_something_changed_and_tells_no_content(ayesha: Visitor, house: House) -> None:
    await ayesha.press("/desk/presence", status="available")
    told = await house.arrive("a")
    async with following(house.app, cookies(ayesha), path="/desk/stream") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        news = await changed(stream)
        await house.offer(told["id"], "ayesha")
        news += await changed(stream)
        house.app.state.service.stop()
        await stream.ended.wait()
        news += rest(stream)
    assert set(news) <= {"retry: 1000", "event: changed", "event: beat", "data: ", ""}


async def test_what_happens_to_others_is_no_news(ayesha: Visitor, house: House) -> None:
    told = await house.arrive("a")
    await house.available("chandra")
    async with (
        following(house.app, cookies(ayesha), path="/desk/stream") as stream,
        following(house.app, house.headers("chandra")) as hers,
    ):
        await changed(stream)  # whatever there was before
        await house.offer(told["id"], "chandra")
        assert (await hers.event())["type"] == "interaction.offered"  # told, so ours has had it too, or is about to
        await asyncio.sleep(0.1)
        house.app.state.service.stop()
        await stream.ended.wait()
        assert "event: changed" not in rest(stream)


def cookies(visitor: Visitor) -> dict[str, str]:
    return {"cookie": "; ".join(f"{name}={value}" for name, value in visitor.browser.cookies.items())}


async def changed(stream: Follower) -> list[str]:
    """The lines up to the next that says so."""
    lines = [await stream.line()]
    while lines[-1] != "event: changed":
        lines.append(await stream.line())
    return lines


def rest(stream: Follower) -> list[str]:
    return [stream.lines.get_nowait() for _ in range(stream.lines.qsize())]
