"""A matter at the desk in a real browser: its playbook and its customer by keyboard alone, live, from right to left, at twice the size, for everybody."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest
from playwright.async_api import Page, expect

from tests.e2e.conftest import Desk, Open, Site
from tests.e2e.test_desk import check, needs_axe, tab_to
from tests.ruling import document

pytestmark = pytest.mark.e2e

STEPS: list[dict[str, Any]] = [
    {"code": "greet", "do": "say", "words": {"en": "Good morning", "ur": "السلام علیکم"}},
    {"code": "photos", "do": "ask", "words": {"en": "Ask for photos", "ur": "تصویریں مانگیں"}, "required": True},
    {"code": "limit", "do": "check", "words": {"en": "Within the limit?"}, "required": True, "link": "/limits"},
]
RULES = {
    "playbooks": {"claim": {"steps": STEPS}},
    "resolution": {
        "request_types": {"claim": {"playbook": "claim", "touches": 2, "targets": {"resolution_seconds": 28_800}}}
    },
}


async def ruled(site: Site) -> None:
    """From now on claims go by a playbook, and by a clock."""
    headers = {"authorization": f"Bearer {site.keys['supervisor']}", "idempotency-key": "rules"}
    wanted = {"document": {**document(), **RULES}}
    made = await site.api.request("POST", "/v1/rules", headers=headers, json=wanted)
    assert made.is_success, made.text
    await site.call("supervisor", "PUT", f"/v1/rules/{made.json()['version']}/publication")


async def holding(desk: Desk, **letter: str) -> str:
    """A claim in hand, once all that follows from it is there; its case's address."""
    await ruled(desk.site)
    await desk.sign_in()
    interaction = await desk.site.letter("one", **{"subject": "My roof leaks", "body": "Water comes in.", **letter})
    await desk.accept()
    await expect(desk.page.locator(".step")).to_have_count(len(STEPS))
    case = (await desk.site.call("admin", "GET", f"/v1/interactions/{interaction}"))["case_id"]
    return f"{desk.site.url}/desk/cases/{case}"


async def test_the_playbook_is_gone_through_by_keyboard_alone(open_desk: Open, site: Site) -> None:
    desk = await open_desk()
    page = desk.page
    address = await holding(desk)
    for number, step in enumerate(STEPS, 1):
        await tab_to(page, f"#step-{step['code']} .tick")
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"**said=ticked#step-{step['code']}")
        await expect(page.locator("#word")).to_have_text("Ticked.")
        await expect(page.locator(f"#step-{step['code']} .tick")).to_have_attribute("aria-checked", "true")
        await expect(page.locator("#playbook-title")).to_contain_text(f"{number} of {len(STEPS)} done")
    await page.goto(address)
    await tab_to(page, "#resolution button")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**said=resolved#stand")
    await expect(page.locator("#stand")).to_contain_text("solved, not yet confirmed")


async def test_a_step_is_read_aloud_with_what_it_says_and_whether_it_is_done(open_desk: Open, site: Site) -> None:
    desk = await open_desk()
    await holding(desk)
    step = desk.page.get_by_role("checkbox", name="Ask required Ask for photos")
    await expect(step).not_to_be_checked()
    await step.click()
    await expect(desk.page.get_by_role("checkbox", name="Ask required Ask for photos")).to_be_checked()


async def test_what_colleagues_do_about_the_case_appears_by_itself(open_desk: Open, site: Site) -> None:
    desk = await open_desk()
    address = await holding(desk)
    case = address.rpartition("/")[2]
    await desk.page.locator("#promise-words").fill("Half a sen")
    await site.call("supervisor", "PUT", f"/v1/cases/{case}/awaiting", {"cause": "decision"})
    await expect(desk.page.locator("#stand")).to_contain_text("waiting for the customer")
    await expect(desk.page.locator("#promise-words")).to_have_value("Half a sen")


async def test_a_promise_that_is_refused_keeps_what_was_typed_while_offers_arrive(open_desk: Open, site: Site) -> None:
    desk = await open_desk()
    page = desk.page
    await holding(desk)
    await page.locator("#promise-due").fill("2001-01-01T10:00")
    await page.locator("#promise-words").fill("The roofer comes")
    await page.locator("#promise button").click()
    await expect(page.locator("#word")).to_contain_text("That time is over already")
    await expect(page.locator("#word")).to_be_focused()
    await site.visit("two")
    await expect(page.locator(".offer")).to_be_visible()
    await expect(page.locator("#promise-words")).to_have_value("The roofer comes")
    await page.locator("#promise-due").fill("2027-06-01T10:00")
    await page.locator("#promise button").click()
    await page.wait_for_url("**said=promised#promises")
    desk.complaints.clear()  # the refusal itself is told to the console


async def test_the_playbook_works_without_javascript(open_desk: Open, site: Site) -> None:
    desk = await open_desk(java_script_enabled=False)
    page = desk.page
    await ruled(site)
    await desk.sign_in()
    await site.letter("one", body="Water!")
    await expect(page.frame_locator("iframe.pulse").get_by_role("link")).to_be_visible()
    await page.goto(f"{site.url}/desk")
    await desk.accept()
    for _ in range(100):
        if await page.locator("#step-greet .tick").count():
            break
        await page.goto(f"{site.url}/desk")
    await page.locator("#step-greet .tick").click()
    await expect(page.locator("#word")).to_have_text("Ticked.")


@pytest.mark.parametrize("language", ["en", "ur"])
async def test_nothing_of_a_case_is_cut_off_at_twice_the_size_or_on_a_narrow_screen(
    open_desk: Open, site: Site, language: str
) -> None:
    desk = await open_desk(viewport={"width": 640, "height": 450})
    page = desk.page
    await in_language(page, site, language)
    address = await holding(desk, subject="W" * 200, body="x" * 300)
    for path in (page.url, address, await person(desk, address), f"{site.url}/desk/cases"):
        await page.goto(path)
        await unfold(page)
        for width in (640, 320):
            await page.set_viewport_size({"width": width, "height": 450})
            wide = await page.evaluate("document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth")
            assert wide <= 0, f"{path} is {wide} px wider than a screen of {width} px"


async def test_from_right_to_left_ticks_and_times_change_sides(open_desk: Open, site: Site) -> None:
    desk = await open_desk()
    page = desk.page
    await in_language(page, site, "ur")
    await holding(desk)
    tick = await page.locator("#step-greet .tick").bounding_box()
    text = await page.locator("#step-greet-words").bounding_box()
    assert tick is not None
    assert text is not None
    assert tick["x"] > text["x"]
    assert "السلام علیکم" in (await page.locator("#step-greet-words").text_content() or "")
    assert await page.locator("#step-limit-words [lang=en]").get_attribute("dir") == "ltr"


@pytest.mark.parametrize("look", ["light", "dark", "urdu"])
async def test_the_pages_of_cases_are_for_everybody(open_desk: Open, site: Site, look: str) -> None:
    needs_axe()
    desk = await open_desk(color_scheme="dark" if look == "dark" else "light")
    page = desk.page
    await in_language(page, site, "ur" if look == "urdu" else "en")
    address = await holding(desk)
    await page.locator("#step-greet .tick").click()
    lists = [f"{site.url}/desk/{name}" for name in ("cases", "alarms", "checks")]
    for path in (address, await person(desk, address), *lists):
        await page.goto(path)
        await unfold(page)
        await check(page)


@pytest.mark.parametrize("language", ["en", "ur"])
async def test_what_customers_said_is_for_everybody_who_leads(open_desk: Open, site: Site, language: str) -> None:
    needs_axe()
    desk = await open_desk()
    address = await answered(desk)
    page = (await open_desk(viewport={"width": 640, "height": 450})).page
    await in_language(page, site, language)
    await page.locator("#key").fill(site.keys["supervisor"])
    await page.locator("#key").press("Enter")
    await page.wait_for_url("**/desk/alarms?said=signed_in")
    for path in (f"{site.url}/desk/surveys", await person(desk, address), address):
        await page.goto(path)
        await unfold(page)
        await check(page)
        wide = await page.evaluate("document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth")
        assert wide <= 0, f"{path} is {wide} px wider than the screen"


async def test_who_may_speak_is_noted_and_a_contact_moved_by_keyboard_alone(open_desk: Open, site: Site) -> None:
    desk = await open_desk()
    page = desk.page
    address = await holding(desk)
    await site.letter("two", subject="Gutter", customer={"name": "Ali Khan", "phone": "+923001234567"})
    await desk.accept()
    await page.goto(await person(desk, address))
    await tab_to(page, "#proxy summary")
    await page.keyboard.press("Enter")
    for field, typed in (("who", "+923001234567"), ("relation", "child"), ("consent", "by telephone")):
        await tab_to(page, f"#proxy-{field}")
        await page.keyboard.type(typed)
    await tab_to(page, "#proxy button")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**said=proxy_noted#speakers")
    await expect(page.locator("#speakers")).to_contain_text("Ali Khan · child · agreed by telephone")
    await page.goto(address)
    await tab_to(page, "#move summary")
    await page.keyboard.press("Enter")
    await tab_to(page, "#move-address")
    await page.keyboard.type("nowhere")
    await page.keyboard.press("Enter")
    await expect(page.locator("#move .sorry")).to_contain_text("Say which case")
    await expect(page.locator("#move-address")).to_have_value("nowhere")
    desk.complaints.clear()  # the refusal itself is told to the console


async def answered(desk: Desk) -> str:
    """A claim that was called solved, and a customer who says on their page that it is not; the case's address."""
    address = await holding(desk, subject="W" * 100)
    for step in STEPS:
        await desk.page.locator(f"#step-{step['code']} .tick").click()
        await desk.page.wait_for_url(f"**said=ticked#step-{step['code']}")
    await desk.page.goto(address)
    await desk.page.locator("#resolution button").click()
    await desk.page.wait_for_url("**said=resolved#stand")
    connection = await asyncpg.connect(desk.site.database)
    token = await connection.fetchval('SELECT page_token FROM "case" WHERE id = $1::uuid', address.rpartition("/")[2])
    await connection.close()
    for form, fields in (("solved", {"solved": "no"}), ("mark", {"mark": "1", "words": "x" * 300})):
        answer = await desk.site.api.post(f"/c/{token}/{form}", data=fields)
        assert answer.status_code == 303, answer.text
    return address


async def person(desk: Desk, address: str) -> str:
    """The address of the page of a case's customer."""
    case = await desk.site.call("supervisor", "GET", f"/v1/cases/{address.rpartition('/')[2]}")
    return f"{desk.site.url}/desk/customers/{case['customer']['id']}"


async def in_language(page: Page, site: Site, language: str) -> None:
    """The pages speak it from now on."""
    await page.goto(f"{site.url}/desk/sign-in")
    if language != "en":
        await page.locator(f".languages button[value={language}]").click()


async def unfold(page: Page) -> None:
    """Everything that is folded away is open."""
    await page.evaluate("document.querySelectorAll('#work details').forEach(one => { one.open = true; })")
