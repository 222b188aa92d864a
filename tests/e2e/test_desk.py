"""A representative serves customers in a real browser: by keyboard, live, without JavaScript, in Urdu, and for everybody."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from playwright.async_api import Page, expect

from app.web import live
from tests.e2e.conftest import Open, Site

pytestmark = pytest.mark.e2e

AXE = Path(__file__).resolve().parent.parent.parent / "node_modules" / "axe-core" / "axe.min.js"
URDU = "السلام علیکم،\nمیری چھت سے پانی ٹپک رہا ہے۔"
MOST_TABS = 60
SMALLEST_FINGER = 44
TOO_SMALL = """least => [...document.querySelectorAll('a, button, summary, select, textarea, input, .check label')].filter(
    each => each.checkVisibility() && !each.matches('.skip, .check input, [type=hidden]')
        && getComputedStyle(each).display !== 'inline' && each.getBoundingClientRect().height < least
).map(each => each.outerHTML.slice(0, 200))"""
"""What is pressed or filled in and is lower than this; a link within a sentence is as high as its line."""
AN_HOUR_ON = """DO $do$ BEGIN EXECUTE format(
    'CREATE OR REPLACE FUNCTION wall_clock() RETURNS timestamptz LANGUAGE sql VOLATILE AS $$ SELECT %L::timestamptz $$',
    clock_timestamp() + interval '1 hour'); END $do$"""
"""The database's clock an hour later, and there it stands still: what runs out has run out, and is not offered again."""


async def tab_to(page: Page, selector: str) -> None:
    """Press Tab until this element has the focus; it must then be seen to have it."""
    for _ in range(MOST_TABS):
        await page.keyboard.press("Tab")
        if await page.evaluate("wanted => document.activeElement.matches(wanted)", selector):
            outline = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline == "solid", f"{selector} does not show that it has the focus"
            return
    pytest.fail(f"{selector} cannot be reached by Tab")


async def test_a_letter_is_served_by_keyboard_alone(open_desk: Open, site: Site) -> None:
    desk = await open_desk()
    page = desk.page
    await page.goto(f"{site.url}/desk")
    await page.keyboard.type(site.keys["ayesha"])
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/desk?said=signed_in")
    await expect(page.locator("#word")).to_be_focused()

    await tab_to(page, "#presence button[value=available]")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/desk?said=available")

    interaction = await site.letter("one", subject="Roof", body="Water!", language="ur")
    await expect(page.locator(".offer")).to_be_visible()
    await expect(page.locator("#heard")).to_contain_text("New offer")
    await expect(page).to_have_title("(1) Offered to you · Raabta")

    await page.evaluate("document.body.focus()")
    await tab_to(page, ".offer button.primary")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/desk/work/*")
    await tab_to(page, "#answer-body")
    await page.keyboard.type("We come today.")
    await tab_to(page, "#answer button.primary")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/desk?said=sent_completed")

    assert await site.state(interaction) == "completed"
    messages = (await site.call("admin", "GET", f"/v1/interactions/{interaction}/messages"))["items"]
    assert [(one["direction"], one["body"]) for one in messages] == [("in", "Water!"), ("out", "We come today.")]


async def test_the_same_works_without_javascript(open_desk: Open, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "PULSE_SECONDS", 1)
    desk = await open_desk(java_script_enabled=False)
    page = desk.page
    await desk.sign_in()
    interaction = await site.letter("one", body="Water!")
    frame = page.frame_locator("iframe.pulse")
    await expect(frame.get_by_text("Offered to you: 1")).to_be_visible()  # it loads itself again
    await frame.get_by_role("link").click()
    await expect(page.locator(".offer")).to_contain_text("Answer by")
    await desk.accept()
    await expect(page.locator("#word")).to_have_text("It is yours.")
    await page.locator("#answer-body").fill("We come today.")
    await page.get_by_role("button", name="Send", exact=True).click()
    await page.wait_for_url("**?said=sent*")
    await page.locator("#outcome").select_option("done")
    await page.locator("#finish button").click()
    await page.wait_for_url("**/desk?said=completed")
    assert await site.state(interaction) == "completed"


async def test_a_half_written_answer_outlives_the_next_offer(open_desk: Open, site: Site) -> None:
    desk = await open_desk()
    page = desk.page
    await desk.sign_in()
    await site.letter("one", body="Water!")
    await desk.accept()
    await page.locator("#answer-body").press_sequentially("Dear Sara, ")
    await site.visit("two", name="Ravi")
    await expect(page.locator(".offer")).to_be_visible()
    await expect(page.locator("#answer-body")).to_be_focused()  # an offer never takes the focus
    await page.keyboard.type("we come.")
    await desk.accept()
    await expect(page.locator(".ticket")).to_have_text("A001")
    await page.locator(".pieces a").first.click()
    await expect(page.locator("#answer-body")).to_have_value("Dear Sara, we come.")
    await page.get_by_role("button", name="Send", exact=True).click()
    await page.wait_for_url("**?said=sent*")
    await expect(page.locator("#answer-body")).to_have_value("")


async def test_the_time_left_counts_down_and_is_not_read_aloud_each_second(open_desk: Open, site: Site) -> None:
    await _set(site, "UPDATE queue SET offer_timeout_seconds = 59")
    desk = await open_desk()
    await desk.sign_in()
    await site.letter("one")
    clock = desk.page.locator(".offer [data-left] bdi")
    await expect(clock).to_have_text(re.compile(r"^0:\d\d$"))
    first = await clock.text_content()
    assert first is not None
    assert "0:00" < first <= "0:59"
    await expect(clock).not_to_have_text(first)
    assert (await clock.text_content() or "") < first
    spoken = await clock.evaluate("clock => Boolean(clock.closest('[aria-live], [role=status], [role=alert]'))")
    assert spoken is False
    heard = await desk.page.locator("#heard").text_content()
    assert heard is not None
    assert "59 seconds" in heard  # the whole time, so that the sentence does not change either


async def test_an_offer_that_runs_out_goes_away_by_itself_and_says_why(open_desk: Open, site: Site) -> None:
    desk = await open_desk()
    await desk.sign_in()
    await site.letter("one")
    offer = desk.page.locator(".offer")
    await expect(offer).to_be_visible()
    where = await offer.locator("form").first.get_attribute("action")
    assert where is not None
    await _set(site, AN_HOUR_ON)
    await expect(offer).to_have_count(0)
    await desk.page.goto(site.url + where.removesuffix("/acceptance"))
    await expect(desk.page.locator("#work")).to_contain_text("The time to answer ran out")


async def test_an_open_page_gives_signs_of_life_when_the_stream_asks_for_them(
    open_desk: Open, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "BEAT_SECONDS", 0.0)
    desk = await open_desk()
    await desk.sign_in()
    async with desk.page.expect_response("**/desk/heartbeat") as answer:
        await site.letter("one")
    assert (await answer.value).status == 204


async def test_presence_that_changes_elsewhere_is_shown(open_desk: Open, site: Site) -> None:
    desk = await open_desk()
    await desk.sign_in()
    await site.call("supervisor", "PUT", "/v1/representatives/ayesha/presence", {"status": "away", "reason": "lunch"})
    await expect(desk.page.locator("#presence")).to_contain_text("Away (Lunch)")


async def test_what_unfolds_stays_unfolded_while_the_page_renews_itself(open_desk: Open, site: Site) -> None:
    desk = await open_desk()
    await desk.sign_in()
    await site.letter("one")
    await desk.accept()
    await desk.page.locator("#handing-on summary").click()
    await desk.page.locator("#to-queue").select_option("technical")
    await site.visit("two")
    await expect(desk.page.locator(".offer")).to_be_visible()
    await expect(desk.page.locator("#to-queue")).to_be_visible()
    await expect(desk.page.locator("#to-queue")).to_have_value("technical")


@pytest.mark.parametrize("look", ["light", "dark", "urdu", "telephone"])
async def test_the_pages_are_for_everybody(open_desk: Open, site: Site, look: str) -> None:
    needs_axe()
    size = {"width": 390, "height": 844} if look == "telephone" else {"width": 1280, "height": 900}
    scheme = "dark" if look == "dark" else "light"
    desk = await open_desk(viewport=size, color_scheme=scheme)
    page = desk.page
    await page.goto(f"{site.url}/desk/sign-in")
    if look == "urdu":
        await page.locator(".languages button").click()
        await expect(page.locator("html")).to_have_attribute("dir", "rtl")
    for path in ("/", "/desk/sign-in"):
        await page.goto(site.url + path)
        await check(page)
    await desk.sign_in(available=False)
    await check(page)
    await page.locator("#presence button[value=available]").click()
    await site.letter("one", subject="میرا دعویٰ", body=URDU, language="ur")
    await expect(page.locator(".offer")).to_be_visible()
    await page.locator("details.drop summary").first.click()
    await check(page)
    await page.locator("details.drop summary").first.click()
    await desk.accept()
    await _unfold(page)
    await check(page)
    await site.visit("two", name="سارہ خان", language="ur", needs=["elderly"])
    await expect(page.locator(".offer")).to_be_visible()
    await check(page)
    await desk.accept()
    await check(page)
    await page.goto(f"{site.url}/desk/work/0190b7a0-0000-7000-8000-000000000000")
    await check(page)
    desk.complaints.clear()  # the last page is an error on purpose


@pytest.mark.parametrize("language", ["en", "ur"])
async def test_nothing_is_cut_off_at_twice_the_size_or_on_a_narrow_screen(
    open_desk: Open, site: Site, language: str
) -> None:
    desk = await open_desk(viewport={"width": 640, "height": 450})
    page = desk.page
    await page.goto(f"{site.url}/desk/sign-in")
    if language == "ur":
        await page.locator(".languages button").click()
    await desk.sign_in()
    person = {"name": "N" * 80, "email": f"{'a' * 60}@{'b' * 60}.example.org"}
    await site.letter("one", subject="W" * 200, body="x" * 300 + URDU, language="ur", customer=person)
    await desk.accept()
    await _unfold(page)
    await site.visit("two", name="N" * 80, needs=["elderly", "disability"])
    await expect(page.locator(".offer")).to_be_visible()
    for width in (640, 320):
        await page.set_viewport_size({"width": width, "height": 450})
        wide = await page.evaluate("document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth")
        assert wide <= 0, f"the page is {wide} px wider than a screen of {width} px"
        small = await page.evaluate(TOO_SMALL, SMALLEST_FINGER)
        assert small == [], "too small for a finger"


async def test_from_right_to_left_everything_changes_sides_but_what_has_its_own_direction(
    open_desk: Open, site: Site
) -> None:
    desk = await open_desk()
    page = desk.page
    await page.goto(f"{site.url}/desk/sign-in")
    await page.locator(".languages button").click()
    await desk.sign_in()
    await site.letter("one", body="English words.\n" + URDU, language="ur")
    await desk.accept()
    rail, work = await page.locator(".rail").bounding_box(), await page.locator("#work").bounding_box()
    assert rail is not None
    assert work is not None
    assert rail["x"] > work["x"]
    title = await page.locator("#work-title").evaluate("e => getComputedStyle(e).fontFamily")
    assert title.startswith("Nastaliq, Telugu")  # a Telugu name above an Urdu page has its letters too
    assert await page.locator(".facts bdi[dir=ltr]").first.evaluate("e => getComputedStyle(e).direction") == "ltr"


def needs_axe() -> None:
    """The checker of pages is there; where it is not, the test is skipped, and in CI it fails."""
    if not AXE.exists():
        assert not os.environ.get("CI"), "axe-core is missing: npm ci"
        pytest.skip("axe-core is not here: npm ci")


async def check(page: Page) -> None:
    """No violation of any rule axe knows, best practices included."""
    await page.evaluate(AXE.read_text())
    found: dict[str, Any] = await page.evaluate("axe.run()")
    told = [
        f"{rule['id']}: {rule['help']}: {[node['html'][:200] for node in rule['nodes']]}"
        for rule in found["violations"]
    ]
    assert told == []
    assert len(found["passes"]) > 10


async def _unfold(page: Page) -> None:
    await page.evaluate("document.querySelectorAll('#work details').forEach(one => { one.open = true; })")


async def _set(site: Site, statement: str) -> None:
    connection = await asyncpg.connect(site.database)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
