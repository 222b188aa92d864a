"""What a person has typed or turned to stays: while the page renews itself, after a refusal, and when the key works no more."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from app.deps import COOKIE
from app.queries.desk import case as desk_cases
from app.web import live
from tests.e2e.conftest import Open, Site

pytestmark = pytest.mark.e2e


async def test_a_further_leaf_of_a_list_stays_while_offers_arrive(
    open_desk: Open, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk_cases, "MOST_LISTED", 1)
    desk = await open_desk()
    page = desk.page
    await desk.sign_in()
    for ref in ("one", "two"):
        await site.letter(ref, subject=f"Matter {ref}", customer={"email": f"{ref}@example.org"})
        await desk.accept()
    await page.goto(f"{site.url}/desk/cases")
    first = await page.locator("#work .pieces a").inner_text()
    await page.locator("#work nav a[href*='after=']").click()
    leaf = page.locator("#work .pieces a")
    await expect(leaf).not_to_have_text(first)
    second = await leaf.inner_text()
    await site.visit("three", name="Ravi")
    await expect(page.locator(".offer")).to_be_visible()
    assert (await leaf.inner_text()).splitlines()[:2] == second.splitlines()[:2]


async def test_an_answer_sent_with_a_key_that_works_no_more_can_be_copied(
    open_desk: Open, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "PULSE_SECONDS", 1)
    desk = await open_desk(java_script_enabled=False)  # with a script, the page is led to the entrance by itself
    page = desk.page
    await desk.sign_in()
    await site.letter("one", body="Water!")
    await expect(page.frame_locator("iframe.pulse").get_by_role("link")).to_be_visible()
    await page.goto(f"{site.url}/desk")
    await desk.accept()
    await page.locator("#answer-body").fill("Dear Sara,\nwe come today.")
    await page.context.add_cookies([{"name": COOKIE, "value": "rk_representative_revoked", "url": site.url}])
    await page.locator("#answer button.primary").click()
    await expect(page.locator("#written")).to_have_value("Dear Sara,\nwe come today.")
    await expect(page.get_by_role("alert")).to_contain_text("You are not signed in")
    desk.complaints.clear()  # the refusal itself is told to the console


async def test_a_hand_over_that_is_refused_opens_its_form_again_as_it_was(open_desk: Open, site: Site) -> None:
    desk = await open_desk()
    page = desk.page
    await desk.sign_in()
    await site.letter("one", body="Water!")
    await desk.accept()
    await page.locator("#handing-on summary").click()
    await page.locator("#transfer-reason").fill("She knows the meter.")
    await page.locator("#handing-on button").click()
    await expect(page.locator("#word")).to_be_focused()
    await page.locator("#word a").click()
    await expect(page.locator("#handing-on .sorry")).to_be_visible()
    await expect(page.locator("#transfer-reason")).to_have_value("She knows the meter.")
    desk.complaints.clear()  # the refusal itself is told to the console


@pytest.mark.parametrize("language", ["en", "ur"])
async def test_the_line_that_renews_itself_without_a_script_is_read_whole_on_a_telephone(
    open_desk: Open, site: Site, language: str
) -> None:
    desk = await open_desk(java_script_enabled=False, viewport={"width": 320, "height": 640})
    page = desk.page
    await page.goto(f"{site.url}/desk/sign-in")
    if language == "ur":
        await page.locator(".languages button").click()
    await desk.sign_in(available=False)
    line, frame = page.frame_locator("iframe.pulse").locator("body"), page.locator("iframe.pulse")
    await expect(line).to_be_visible()
    words, room = await line.bounding_box(), await frame.bounding_box()
    assert words is not None
    assert room is not None
    assert words["y"] + words["height"] <= room["y"] + room["height"]
