"""Who comes in, with which cookie, and that nobody else's page can act for them."""

from __future__ import annotations

from http.cookies import SimpleCookie

import httpx2
import pytest

from app.deps import COOKIE, csrf_token
from app.settings import Settings
from app.web import ACCESS
from app.web.access import DECLARING, FORM
from tests.api.conftest import House, opened
from tests.web.conftest import Visitor, text_of

ANY = "0190b7a0-0000-7000-8000-000000000000"
CHANGES = sorted(
    path
    for (method, path), row in ACCESS.items()
    if method == "POST" and row.roles and "representative" in row.roles and row.media_type == FORM
)
LEADS = sorted(path for (method, path), row in ACCESS.items() if method == "POST" and row is DECLARING)


def cookie(answer: httpx2.Response) -> SimpleCookie:
    return SimpleCookie(answer.headers["set-cookie"])


async def test_the_signpost_says_where_to_go_and_asks_no_key(stranger: Visitor) -> None:
    page = await stranger.see("/")
    for address in ("/desk", "/docs", "/healthz"):
        assert f'href="{address}"' in page


async def test_the_desk_sends_a_stranger_to_the_entrance_and_keeps_no_cookie_from_them(stranger: Visitor) -> None:
    answer = await stranger.browser.get("/desk")
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk/sign-in")
    assert "set-cookie" not in answer.headers


async def test_a_key_becomes_a_cookie_out_of_reach_of_scripts_and_other_sites(stranger: Visitor) -> None:
    answer = await stranger.browser.post("/desk/sign-in", data={"key": f" {stranger.house.keys['ayesha']}\n"})
    assert answer.headers["location"] == "/desk?said=signed_in"
    made = cookie(answer)[COOKIE]
    assert (made["httponly"], made["samesite"].lower(), made["path"], made["max-age"]) == (True, "strict", "/", "")
    assert not made["secure"]  # this service is reached by http


async def test_where_we_are_reached_by_https_the_cookie_never_travels_open(database: str) -> None:
    async with opened(database, Settings(public_base_url="https://raabta.example.org")) as house:
        answer = await house.client.post("/desk/sign-in", data={"key": house.keys["ayesha"]})
        assert cookie(answer)[COOKIE]["secure"] is True


@pytest.mark.parametrize(
    ("key", "status", "word"),
    [("rk_representative_of_nobody", 401, "unknown or revoked"), ("", 401, "unknown"), ("rk_integration_for_the_tests_only", 403, "another purpose")],
)  # fmt: skip
async def test_a_key_that_does_not_open_the_desk_is_told_kindly(
    stranger: Visitor, key: str, status: int, word: str
) -> None:
    answer = await stranger.browser.post("/desk/sign-in", data={"key": key})
    assert answer.status_code == status
    assert "set-cookie" not in answer.headers
    assert word in text_of(answer.text)


async def test_who_guesses_keys_is_slowed_down(database: str) -> None:
    async with opened(database, Settings(failures_per_minute=3)) as house:
        answers = [await house.client.post("/desk/sign-in", data={"key": f"guess{n}"}) for n in range(4)]
        assert [answer.status_code for answer in answers] == [401, 401, 401, 429]


@pytest.mark.parametrize("headers", [{"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}])
async def test_another_site_cannot_sign_somebody_in(stranger: Visitor, headers: dict[str, str]) -> None:
    key = stranger.house.keys["ayesha"]
    answer = await stranger.browser.post("/desk/sign-in", data={"key": key}, headers=headers)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


async def test_no_change_is_made_without_the_token(ayesha: Visitor) -> None:
    assert len(CHANGES) > 25
    for path in CHANGES:
        for token in ({}, {"csrf_token": ""}, {"csrf_token": "0" * 64}):
            answer = await ayesha.browser.post(path.replace("{id}", ANY), data={"status": "available", **token})
            assert answer.status_code == 403, path
            assert "too old" in text_of(answer.text)
    who = (await ayesha.house.call("ayesha", "GET", "/v1/representatives/ayesha")).json()
    assert who["presence"] == "offline"


async def test_who_leads_changes_nothing_without_the_token_either(supervisor: Visitor) -> None:
    assert len(LEADS) > 4
    for path in LEADS:
        answer = await supervisor.browser.post(path.replace("{id}", ANY), data={"csrf_token": "0" * 64})
        assert (answer.status_code, "too old" in text_of(answer.text)) == (403, True), path


async def test_the_token_of_one_person_is_no_use_to_another(ayesha: Visitor) -> None:
    token = csrf_token(ayesha.house.keys["chandra"])
    answer = await ayesha.browser.post("/desk/presence", data={"status": "available", "csrf_token": token})
    assert answer.status_code == 403


async def test_who_signs_out_ends_the_shift_and_leaves_no_cookie(ayesha: Visitor) -> None:
    await ayesha.press("/desk/presence", status="available")
    answer = await ayesha.browser.post("/desk/sign-out", data={"csrf_token": csrf_token(ayesha.key)})
    assert answer.headers["location"] == "/desk/sign-in?said=signed_out"
    assert cookie(answer)[COOKIE]["max-age"] == "0"
    who = (await ayesha.house.call("ayesha", "GET", "/v1/representatives/ayesha")).json()
    assert (who["presence"], who["presence_reason"]) == ("offline", "signed_out")


async def test_a_page_whose_key_was_revoked_leads_to_the_entrance_by_script_too(ayesha: Visitor) -> None:
    ayesha.browser.cookies.clear()
    ayesha.browser.cookies.set(COOKIE, "rk_representative_gone")
    by_form = await ayesha.browser.get("/desk")
    assert (by_form.status_code, by_form.headers["location"]) == (303, "/desk/sign-in?sorry=signed_out")
    assert cookie(by_form)[COOKIE]["max-age"] == "0"
    ayesha.browser.cookies.clear()
    ayesha.browser.cookies.set(COOKIE, "rk_representative_gone")
    by_script = await ayesha.browser.get("/desk", headers={"hx-request": "true"})
    assert (by_script.status_code, by_script.headers["hx-redirect"]) == (401, "/desk/sign-in?sorry=signed_out")


async def test_every_page_forbids_inline_code_foreign_places_and_frames(ayesha: Visitor) -> None:
    for path in ("/", "/desk", "/desk/sign-in", f"/desk/work/{ANY}", "/desk/work/nonsense"):
        answer = await ayesha.browser.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["cache-control"] == "no-store"
        for inline in ("<style", " style=", "javascript:", " onclick", "http://", "https://"):
            assert inline not in answer.text, path


async def test_the_language_of_the_page_is_this_browsers_choice(stranger: Visitor, house: House) -> None:
    assert '<html lang="en" dir="ltr">' in await stranger.see("/desk/sign-in")
    answer = await stranger.browser.post("/desk/language", data={"language": "ur"})
    assert answer.status_code == 303
    assert '<html lang="ur" dir="rtl">' in await stranger.see("/desk/sign-in")
    await stranger.browser.post("/desk/language", data={"language": "../../etc"})
    assert '<html lang="ur" dir="rtl">' in await stranger.see("/desk/sign-in")
