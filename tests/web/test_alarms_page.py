"""Alarms: a representative's own, all of them for who leads; looked at once; and what nobody may read stays unread."""

from __future__ import annotations

import re
from typing import Any

import pytest

from app.actions.alarms import raise_alarm
from app.db import uuid7
from app.tables import Case
from tests.web.cases import Matter, held
from tests.web.conftest import Visitor, text_of


async def alarmed(who: Visitor, matter: Matter, kind: str, *, representative: str | None) -> None:
    """An alarm about a case is raised."""
    database = who.house.app.state.service.database
    async with database.session() as session:
        case: Any = await session.get(Case, matter.case_id, with_for_update=True)
        await raise_alarm(session, kind, key=str(uuid7()), case=case, representative=representative, now=case.opened_at)


def forms(page: str) -> list[str]:
    return re.findall(r'action="(/desk/alarms/[^"]+/done)"', page)


async def test_an_alarm_says_what_about_whom_and_is_done_with_one_press(ayesha: Visitor, chandra: Visitor) -> None:
    matter = await held(ayesha, subject="My roof leaks")
    await alarmed(ayesha, matter, "promise_near", representative="ayesha")
    page = await ayesha.see("/desk/alarms")
    assert "A promise is near, and nothing new was told" in page
    assert f'<a href="{matter.case}">' in page
    assert "1 open" in text_of(page), "on the way there, too"
    (done,) = forms(page)
    assert await chandra.press(done) == "/desk/alarms?sorry=not_yours"
    assert await ayesha.press(done) == "/desk/alarms?said=looked"
    assert "No alarms." in await ayesha.see("/desk/alarms")


async def test_who_leads_sees_all_or_only_what_is_nobodys(ayesha: Visitor, supervisor: Visitor) -> None:
    matter = await held(ayesha, subject="My roof leaks")
    await alarmed(ayesha, matter, "promise_near", representative="ayesha")
    await alarmed(ayesha, matter, "touch_budget", representative=None)
    every = text_of(await supervisor.see("/desk/alarms"))
    assert "for Ayesha Malik" in every
    assert "for the supervisors" in every
    page = await supervisor.see("/desk/alarms?show=ours")
    assert "for Ayesha Malik" not in text_of(page)
    assert await supervisor.press(forms(page)[0]) == "/desk/alarms?said=looked"


async def test_of_a_case_they_may_not_read_they_see_only_that_there_is_something(
    ayesha: Visitor, chandra: Visitor
) -> None:
    matter = await held(ayesha, subject="My roof leaks")
    await alarmed(ayesha, matter, "clock_near", representative="chandra")
    page = await chandra.see("/desk/alarms")
    assert "A deadline is near" in page
    assert "My roof leaks" not in page
    assert "Sara" not in page


@pytest.mark.parametrize("path", ["/desk/cases", "/desk/alarms", "/desk/checks"])
@pytest.mark.parametrize("language", ["en", "ur"])
async def test_empty_lists_say_so_in_both_languages(ayesha: Visitor, path: str, language: str) -> None:
    await ayesha.browser.post("/desk/language", data={"language": language})
    page = await ayesha.see(path)
    assert f'<html lang="{language}"' in page
    assert ("There is none." in page) is (language == "en" and path == "/desk/cases")
    assert '<li><a href="/desk/cases" aria-current' in page if path == "/desk/cases" else 'aria-current="page"' in page
    assert (await ayesha.browser.get(f"{path}?after=nonsense")).status_code == 422


async def test_an_alarm_about_many_contacts_leads_to_the_faults_of_who_leads(
    ayesha: Visitor, supervisor: Visitor
) -> None:
    matter = await held(ayesha)
    await alarmed(ayesha, matter, "surge", representative=None)
    database = ayesha.house.app.state.service.database
    async with database.transaction() as connection:
        await connection.execute("UPDATE alarm SET case_id = NULL")
    page = await supervisor.see("/desk/alarms")
    alarm = page[page.index("Many similar contacts") : page.index("</li>", page.index("Many similar contacts"))]
    assert '<a href="/desk/incidents">Incidents</a>' in alarm
