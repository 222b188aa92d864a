"""A customer opens their page in a real browser: by keyboard, by touch, from right to left, twice as large, without JavaScript."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg
import pytest
from playwright.async_api import FilePayload, Page, expect

from app.actions.customers.page_links import page_token
from app.actions.record import locked
from app.db import Database
from app.tables import Case
from tests.e2e.conftest import Desk, Open, Site
from tests.e2e.test_desk import AXE, needs_axe, tab_to

pytestmark = pytest.mark.e2e

TELEPHONE: Final = {"width": 360, "height": 640}
SMALLEST_FINGER: Final = 44
PHOTOGRAPH: Final = b"\xff\xd8\xff\xe0" + b"A bill. " * 50
URDU: Final = "میری چھت سے پانی ٹپک رہا ہے۔"
TELUGU: Final = "మా ఇంటి పైకప్పు నుండి నీరు కారుతోంది."
ASKED: Final = {
    "en": "Please send us a photo of the damaged place and of your last bill.",
    "ur": "براہِ کرم خراب جگہ اور اپنے پچھلے بل کی تصویر بھیج دیجیے۔",
    "te": "దయచేసి పాడైన చోటు ఫోటో, మీ చివరి బిల్లు ఫోటో పంపండి.",
}
WORDS: Final = {"en": "Water comes in through the roof.", "ur": URDU, "te": TELUGU}


async def matter(site: Site, *, language: str = "en", state: str = "open") -> str:
    """A letter was taken up and what followed brought its case into this state; returns the link's path."""
    name = {"ur": "سارہ خان", "te": "సారా"}.get(language, "Sara Khan")
    body = {
        "subject": "Roof", "body": WORDS[language], "language": language,
        "customer": {"name": name, "email": "sara@example.org"},
    }  # fmt: skip
    interaction = await site.letter(f"letter-{language}-{state}", **body)
    await site.call("supervisor", "PUT", "/v1/representatives/esther/presence", {"status": "available"})
    case = UUID((await site.call("admin", "GET", f"/v1/interactions/{interaction}"))["case_id"])
    if state != "new":
        await _serve(site, interaction, case, state, language)
    async with Database(site.database) as database, database.session() as session:
        return f"/c/{await page_token(session, await locked(session, Case, case))}"


async def _serve(site: Site, interaction: str, case: UUID, state: str, language: str) -> None:
    assignment = await _offered(site, interaction)
    await site.call("esther", "PUT", f"/v1/assignments/{assignment}/acceptance")
    asks = {"asks": "missing_document"} if state == "awaiting_customer" else {}
    headers = {"authorization": f"Bearer {site.keys['esther']}", "idempotency-key": f"answer-{interaction}"}
    path = f"/v1/interactions/{interaction}/messages"
    written = await site.api.post(path, headers=headers, json={"body": ASKED[language], **asks})
    assert written.is_success, written.text
    if state in ("resolved", "closed"):
        await site.call("esther", "PUT", f"/v1/interactions/{interaction}/completion", {"outcome": "done"})
        await site.call("esther", "PUT", f"/v1/cases/{case}/resolution", {"outcome": "mended"})


async def _offered(site: Site, interaction: str) -> str:
    connection = await asyncpg.connect(site.database)
    try:
        for _ in range(600):
            found = await connection.fetchval(
                "SELECT id FROM assignment WHERE interaction_id = $1 AND ended_at IS NULL", UUID(interaction)
            )
            if found is not None:
                return str(found)
            await connection.fetchval("SELECT pg_sleep(0.1)")
    finally:
        await connection.close()
    pytest.fail("it was not offered")


async def test_a_customer_answers_by_keyboard_alone(open_desk: Open, site: Site) -> None:
    link = await matter(site, state="awaiting_customer")
    page = (await open_desk(java_script_enabled=True)).page
    await page.goto(site.url + link)
    await tab_to(page, ".skip")
    await tab_to(page, ".doors a.primary")
    await page.keyboard.press("Enter")
    await tab_to(page, "#words")
    await page.keyboard.type("The bill comes tomorrow.")
    await tab_to(page, "form[action*='/answer'] button")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**?said=sent")
    await expect(page.get_by_role("status")).to_contain_text("Thank you.")
    await expect(page.locator(".line.theirs .words").first).to_have_text("The bill comes tomorrow.")
    await expect(page.locator("#where ~ .big")).not_to_contain_text("We need your answer")


async def test_a_photograph_is_sent_from_a_telephone_without_javascript(open_desk: Open, site: Site) -> None:
    link = await matter(site, state="awaiting_customer")
    page = (await open_desk(java_script_enabled=False, viewport=TELEPHONE, has_touch=True)).page
    await page.goto(site.url + link)
    await page.locator(".doors a[href='#document']").tap()
    await page.locator("#file").set_input_files(
        [FilePayload(name="bill.jpg", mimeType="image/jpeg", buffer=PHOTOGRAPH)]
    )
    await page.locator("form[action*='/document'] button").tap()
    await page.wait_for_url("**?said=document")
    await expect(page.locator(".documents")).to_contain_text("bill.jpg")


async def test_a_photograph_that_is_too_large_is_told_of_in_the_page_and_not_by_the_browser(
    open_desk: Open, site: Site
) -> None:
    link = await matter(site)
    page = (await open_desk()).page
    await page.goto(site.url + link)
    large = FilePayload(name="bill.jpg", mimeType="image/jpeg", buffer=PHOTOGRAPH + bytes(12_000_000))
    await page.locator("#file").set_input_files([large])
    await page.locator("form[action*='/document'] button").click()
    await expect(page.get_by_role("alert")).to_contain_text("too large")


async def test_one_touch_says_that_it_is_solved_and_another_that_it_is_not(open_desk: Open, site: Site) -> None:
    link = await matter(site, language="ur", state="resolved")
    page = (await open_desk(java_script_enabled=False, viewport=TELEPHONE, has_touch=True)).page
    await page.goto(site.url + link)
    await expect(page.locator("html")).to_have_attribute("dir", "rtl")
    await page.locator("button[value=yes]").tap()
    await page.wait_for_url("**?said=yes")
    await page.reload()
    await expect(page.locator(".big")).to_contain_text("حل ہو گیا اور بند ہے")
    await page.locator("#remains").fill("بائیں طرف سے اب بھی ٹپکتا ہے۔")
    await page.locator("button[value=no]").tap()
    await page.wait_for_url("**?said=no")
    await expect(page.locator(".line.theirs").first).to_contain_text("بائیں طرف سے")


async def test_the_representative_is_marked_by_keyboard_apart_from_the_matter(open_desk: Open, site: Site) -> None:
    link = await matter(site, state="resolved")
    page = (await open_desk()).page
    await page.goto(site.url + link)
    await tab_to(page, ".marks input")
    await page.keyboard.press("ArrowDown")
    await tab_to(page, "#mark-words")
    await page.keyboard.type("Very kind.")
    await tab_to(page, "form[action*='/mark'] button")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**?said=mark")
    await expect(page.locator("button[value=yes]")).to_be_visible()


@pytest.mark.parametrize("state", ["new", "awaiting_customer", "resolved", "closed"])
@pytest.mark.parametrize("language", ["en", "ur", "te"])
async def test_the_page_is_for_everybody(open_desk: Open, site: Site, language: str, state: str) -> None:
    needs_axe()
    link = await matter(site, language=language, state=state)
    desk = await open_desk(viewport=TELEPHONE, bypass_csp=True)  # only so that axe may be put into the page
    page = desk.page
    await page.goto(site.url + link)
    if state == "closed":
        await page.locator("button[value=yes]").click()
        await page.wait_for_url("**said=yes")
    await expect(page.locator("html")).to_have_attribute("lang", language)
    await keep(page, f"{language}-{state}")
    await check(page)
    await fits(page)
    small = await page.evaluate(
        "least => [...document.querySelectorAll('a, button, textarea, .marks label, input[type=file]')]"
        ".filter(e => !e.matches('.skip') && e.getBoundingClientRect().height < least).map(e => e.outerHTML)",
        SMALLEST_FINGER,
    )
    assert small == [], "too small for a finger"
    assert float(await page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)")) >= 18


async def test_a_page_that_cannot_be_shown_is_for_everybody(open_desk: Open, site: Site) -> None:
    needs_axe()
    desk = await open_desk(viewport=TELEPHONE, bypass_csp=True)
    await desk.page.goto(f"{site.url}/c/{'A' * 22}")
    await keep(desk.page, "gone")
    await check(desk.page)
    await fits(desk.page)
    desk.complaints.clear()  # the page is an error on purpose


async def test_nothing_of_the_page_comes_from_elsewhere_and_nothing_is_told_elsewhere(
    open_desk: Open, site: Site
) -> None:
    link = await matter(site, language="ur")
    desk: Desk = await open_desk()
    asked: list[tuple[str, str | None]] = []
    desk.page.on("request", lambda request: asked.append((request.url, request.headers.get("referer"))))
    await desk.page.goto(site.url + link)
    await desk.page.locator("#words").fill(URDU)
    await desk.page.locator("form[action*='/answer'] button").click()
    await desk.page.wait_for_url("**said=sent")
    assert {url.startswith(site.url) for url, _ in asked} == {True}
    token = link.rpartition("/")[2]
    assert [referer for _, referer in asked if token in (referer or "")] == []  # fonts name the style that wants them


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


async def fits(page: Page) -> None:
    """Nothing is wider than the screen: on the smallest, and at 200 % on one of 640 (which is 320 to the page)."""
    for width, size in ((320, "100%"), (320, "200%")):
        await page.set_viewport_size({"width": width, "height": 480})
        await page.evaluate("size => { document.documentElement.style.fontSize = size; }", size)
        wide = await page.evaluate("document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth")
        assert wide <= 0, f"{wide} px wider than a screen of {width} px at {size}"
    await page.evaluate("document.documentElement.style.fontSize = ''")
    await page.set_viewport_size({"width": TELEPHONE["width"], "height": TELEPHONE["height"]})


async def keep(page: Page, name: str) -> None:
    """A picture to look at, where somebody asked for them."""
    folder = os.environ.get("PICTURES")
    if folder:
        await page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
