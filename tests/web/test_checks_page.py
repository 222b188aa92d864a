"""A second person looks: listed to who may, taken by one, read whole, approved or returned with what is to be done."""

from __future__ import annotations

import re

from tests.web.cases import GREET, PHOTOS, Matter, held, ruled
from tests.web.conftest import Visitor, text_of

LOOKS = {"before": "resolution", "skill": "claims", "level": 3}


async def checked(ayesha: Visitor, **check: object) -> Matter:
    """A claim of Ayesha's that waits for a second person."""
    await ruled(ayesha, GREET, {**PHOTOS, "required": False}, checks=[{**LOOKS, **check}])
    matter = await held(ayesha, subject="My roof leaks", body="Water comes in.")
    solved = await ayesha.press(matter.at_work("resolution"), outcome="refunded", root_cause="weather")
    assert solved == f"{matter.work}?said=to_be_checked#stand"
    return matter


async def found(who: Visitor) -> str:
    """The address of the one check they are shown."""
    (path,) = re.findall(r'href="(/desk/checks/[^"]+)"', await who.see("/desk/checks"))
    return str(path)


async def test_what_waits_is_read_whole_by_who_takes_it_and_approved(ayesha: Visitor, chandra: Visitor) -> None:
    matter = await checked(ayesha)
    path = await found(chandra)
    words = text_of(await chandra.see(path))
    assert "Paid back" in words
    assert "Weather or power" in words
    assert "Ayesha Malik" in words
    assert "Water comes in." not in words, "not before they take it"
    assert await chandra.press(f"{path}/taking") == f"{path}?said=taken#work"
    page = await chandra.see(path)
    assert "Water comes in." in page
    assert f'action="{matter.case}' not in page, "they read, and change nothing"
    assert "Water comes in." in await chandra.see(matter.case)
    assert await chandra.press(f"{path}/approval", comment="Right") == "/desk/checks?said=approved"
    story = text_of(await ayesha.see(matter.case))
    assert "Approved by Chandra Rao" in story
    assert "solved, not yet confirmed" in story
    assert "Nothing waits for you" in await chandra.see("/desk/checks")


async def test_work_is_returned_with_words_never_without_and_its_owner_is_told(
    ayesha: Visitor, chandra: Visitor
) -> None:
    matter = await checked(ayesha)
    path = await found(chandra)
    await chandra.press(f"{path}/taking")
    status, page = await chandra.refused(f"{path}/return", comment="  ")
    assert (status, "Say what is to be done" in page) == (422, True)
    assert await chandra.press(f"{path}/return", comment="The photo is missing.") == "/desk/checks?said=returned"
    alarms = text_of(await ayesha.see("/desk/alarms"))
    assert "Your work was returned" in alarms
    assert "My roof leaks" in alarms
    story = text_of(await ayesha.see(matter.case))
    assert "Returned by Chandra Rao" in story
    assert "The photo is missing." in story


async def test_nobody_looks_at_their_own_work_and_one_at_a_time(
    ayesha: Visitor, chandra: Visitor, supervisor: Visitor
) -> None:
    await checked(ayesha)
    path = await found(ayesha)
    page = await ayesha.see("/desk/checks")
    assert "Your own work, being looked at" in page
    assert f'action="{path}/taking"' not in await ayesha.see(path)
    status, page = await ayesha.refused(f"{path}/taking")
    assert (status, "It is your own work" in page) == (403, True)
    await chandra.press(f"{path}/taking")
    status, page = await supervisor.refused(f"{path}/taking")
    assert (status, "Somebody is looking at this already" in page) == (409, True)
    assert await chandra.press(f"{path}/dropping") == "/desk/checks?said=given_back"
    assert await supervisor.press(f"{path}/taking") == f"{path}?said=taken#work"
    assert await supervisor.press(f"{path}/approval") == "/desk/checks?said=approved"


async def test_who_lacks_what_a_check_asks_for_does_not_know_of_it(ayesha: Visitor, chandra: Visitor) -> None:
    await checked(ayesha, level=4)
    assert "My roof leaks" not in await chandra.see("/desk/checks")
    path = await found(ayesha)
    assert "My roof leaks" not in await chandra.see(path, status=404)
    assert await chandra.press(f"{path}/taking") == f"{path}?sorry=not_found"


async def test_an_answer_is_held_until_a_second_person_has_read_it(ayesha: Visitor, chandra: Visitor) -> None:
    await ruled(ayesha, checks=[{"before": "message", "skill": "claims", "level": 3}])
    matter = await held(ayesha)
    sent = await ayesha.press(f"{matter.work}/messages", once="m", body="We pay 40.")
    assert sent == f"{matter.work}?said=held#story"
    path = await found(chandra)
    assert "We pay 40." in await chandra.see(path)
    await chandra.press(f"{path}/taking")
    await chandra.press(f"{path}/approval")
    assert "Answer approved by Chandra Rao" in text_of(await ayesha.see(matter.case))
