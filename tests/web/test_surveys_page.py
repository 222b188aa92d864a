"""What customers said of what was called solved, at the desk of who leads: who is to be called, every answer, and nobody else's eyes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from app.actions.surveys.ask import answer
from app.db import now
from app.queries.desk import surveys as desk_surveys
from app.security import Actor
from app.tables import Survey
from tests.api.conftest import sql
from tests.web.cases import SARA, held
from tests.web.conftest import Visitor, text_of

__all__ = ["sql"]
Sql = Callable[..., Any]


async def answered(who: Visitor, sql: Sql, ref: str, **said: Any) -> str:
    """A letter was called solved, and its customer answered; the address of its case."""
    person = {"name": f"Sara {ref}", "email": f"{ref}@example.org"}
    matter = await held(who, ref, subject=f"Matter {ref}", customer=person)
    await who.press(f"{matter.case}/resolution", outcome="done")
    (found,) = await sql("SELECT id FROM survey WHERE case_id = $1::uuid", matter.case_id)
    async with who.house.app.state.service.database.session() as session:
        survey = await session.get_one(Survey, UUID(int=found["id"].int))
        page = Actor(role="system", key_id="page")
        given: dict[str, Any] = {"solved": None, "mark": None, "words": None, **said}
        await answer(session, survey, actor=page, now=await now(session), **given)
    return matter.case


async def test_who_is_not_content_is_called_and_that_is_said_with_one_press(
    ayesha: Visitor, supervisor: Visitor, sql: Sql
) -> None:
    case = await answered(ayesha, sql, "a", solved="no", mark=1, words="Nobody listened.")
    assert 'href="/desk/surveys"' in await supervisor.see("/desk/alarms")
    page = await supervisor.see("/desk/surveys")
    urgent = page[page.index('id="urgent"') : page.index('id="answers-title"')]
    for word in ("Sara a", "Matter a", "not solved", "1 of 5", "about Ayesha Malik", "Nobody listened."):
        assert word in text_of(urgent), word
    assert f'href="{case}"' in urgent
    (done,) = re.findall(r'action="(/desk/surveys/rescues/[^"]+)"', urgent)
    alarms = await supervisor.see("/desk/alarms")
    assert "Somebody has called them" in alarms, "who only looked has not called: the same task has the same button"
    assert "I have looked" not in alarms
    assert await supervisor.press(done) == "/desk/surveys?said=called"
    page = await supervisor.see("/desk/surveys")
    assert "Nobody waits to be called." in page
    assert page.count("Nobody listened.") == 1, "the answer itself stays"
    assert done.rpartition("/")[2] not in await supervisor.see("/desk/alarms"), "it is the same task there"


async def test_answers_stand_the_newest_first_and_are_leafed_through(
    ayesha: Visitor, supervisor: Visitor, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk_surveys, "MOST_LISTED", 2)
    for ref in "abc":
        await answered(ayesha, sql, ref, solved="yes", mark=5)
    page = await supervisor.see("/desk/surveys")
    assert -1 < page.index("Matter c") < page.index("Matter b")
    assert "Matter a" not in page
    assert "Nobody waits to be called." in page
    (further,) = re.findall(r'href="(/desk/surveys\?after=[^"]+)"', page)
    older = await supervisor.see(further)
    assert "Matter a" in older
    assert "Matter b" not in older
    assert 'href="/desk/surveys"' in older
    assert (await supervisor.browser.get("/desk/surveys?after=nonsense")).status_code == 422


async def test_no_representative_reads_what_was_said_or_ends_it(ayesha: Visitor, sql: Sql) -> None:
    case = await answered(ayesha, sql, "a", solved="no", mark=1, words="Nobody listened.")
    assert "Nobody listened." not in await ayesha.see("/desk/surveys", status=403)
    assert "/desk/surveys" not in await ayesha.see("/desk/alarms")
    assert "Nobody listened." not in await ayesha.see(case)
    (alarm,) = await sql("SELECT id FROM alarm WHERE kind = 'rescue'")
    assert (await ayesha.refused(f"/desk/surveys/rescues/{alarm['id']}"))[0] == 403
    assert len(await sql("SELECT 1 FROM alarm WHERE kind = 'rescue' AND done_at IS NULL")) == 1


async def test_the_story_says_what_was_sent_and_why_it_is_open_again(ayesha: Visitor, sql: Sql) -> None:
    case = await answered(ayesha, sql, "a", solved="no")
    words = text_of(await ayesha.see(case))
    assert "Notice sent: is it solved?" in words
    assert "Opened again: the customer answered that it is not solved" in words
    other = await held(ayesha, "b")
    await ayesha.press(f"{other.case}/resolution", outcome="done")
    await ayesha.house.arrive("c", channel="email", case_id=other.case_id, customer=SARA)
    assert "Opened again: the customer turned to us" in text_of(await ayesha.see(other.case))


@pytest.mark.parametrize("language", ["en", "ur"])
async def test_where_nobody_has_answered_it_says_so(supervisor: Visitor, language: str) -> None:
    await supervisor.browser.post("/desk/language", data={"language": language})
    page = await supervisor.see("/desk/surveys")
    assert f'<html lang="{language}"' in page
    assert ("Nobody has answered yet." in page) is (language == "en")
