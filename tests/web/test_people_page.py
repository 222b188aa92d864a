"""A customer at the desk: who may speak for them, who is the same person, and which of their contacts is about which case."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from app.loops.erasing import Erasing
from tests.api.conftest import sql
from tests.moving import turns
from tests.racing import HANG_SECONDS, LOOK_SECONDS
from tests.web.cases import SARA, Matter, held
from tests.web.conftest import Visitor, text_of

__all__ = ["sql"]
Sql = Callable[..., Any]
ALI = {"name": "Ali Khan", "phone": "+923001234567"}


async def person(who: Visitor, matter: Matter) -> str:
    """The address of the page of a case's customer."""
    found = (await who.house.call("supervisor", "GET", f"/v1/cases/{matter.case_id}")).json()
    return f"/desk/customers/{found['customer']['id']}"


async def standing(sql: Sql) -> list[Any]:
    return list(await sql("SELECT relation, consent, noted_by FROM proxy WHERE ended_at IS NULL"))


async def test_a_case_leads_to_its_customer_and_all_their_cases(ayesha: Visitor) -> None:
    matter = await held(ayesha, "a", subject="Roof")
    await held(ayesha, "b", subject="Gutter")
    path = await person(ayesha, matter)
    assert f'href="{path}"' in await ayesha.see(matter.work)
    page = await ayesha.see(path)
    for word in ("Sara Khan", "sara@example.org", "Gutter", "Roof", "Nobody but themselves."):
        assert word in text_of(page), word
    assert f'href="{matter.case}"' in page


async def test_a_child_speaks_for_a_parent_once_the_parent_has_agreed(ayesha: Visitor, sql: Sql) -> None:
    mother = await held(ayesha, "a")
    await held(ayesha, "b", customer=ALI)
    path = await person(ayesha, mother)
    noted = {"who": "+92 300 1234567", "relation": "child", "consent": "by_phone"}
    assert await ayesha.press(f"{path}/proxies", **noted) == f"{path}?said=proxy_noted#speakers"
    assert [tuple(row) for row in await standing(sql)] == [("child", "by_phone", "representative:ayesha")]
    page = await ayesha.see(path)
    assert "Ali Khan · child · agreed by telephone" in text_of(page)
    assert "May speak for them: Ali Khan (child)" in text_of(await ayesha.see(mother.work))
    (end,) = re.findall(rf'action="({path}/proxies/[^"]+/ending)"', page)
    assert await ayesha.press(end) == f"{path}?said=proxy_ended#speakers"
    assert await standing(sql) == []
    assert "May speak for them" not in text_of(await ayesha.see(mother.work))


@pytest.mark.parametrize(
    ("given", "status", "why"),
    [
        ({"who": "+923001234567", "relation": "child"}, 422, "how the customer agreed"),
        ({"who": "+923001234567", "consent": "by_phone"}, 422, "how the customer agreed"),
        ({"who": "+923009999999", "relation": "child", "consent": "by_phone"}, 404, "Nobody whom you may see"),
        ({"who": "", "relation": "child", "consent": "by_phone"}, 404, "Nobody whom you may see"),
        ({"who": "sara@example.org", "relation": "child", "consent": "by_phone"}, 422, "speaks for themselves"),
    ],
)
async def test_nothing_is_noted_without_consent_or_of_nobody_and_what_was_typed_is_kept(
    ayesha: Visitor, sql: Sql, given: dict[str, str], status: int, why: str
) -> None:
    matter = await held(ayesha, "a")
    await held(ayesha, "b", customer=ALI)
    answer, page = await ayesha.refused(f"{await person(ayesha, matter)}/proxies", **given)
    assert (answer, text_of(page).count(why)) == (status, 2), "on top, and at the form"
    assert '<details id="proxy" open>' in page
    assert f'value="{given["who"]}"' in page
    if "relation" in given:
        assert '<option value="child" selected>' in page
    assert await standing(sql) == []


async def test_somebody_a_representative_never_served_cannot_be_found_by_trying_numbers(
    ayesha: Visitor, chandra: Visitor, sql: Sql
) -> None:
    matter = await held(ayesha, "a")
    await held(chandra, "b", code="chandra", customer=ALI)
    path = await person(ayesha, matter)
    for who in (ALI["phone"], "+923009999999"):
        status, page = await ayesha.refused(f"{path}/proxies", who=who, relation="child", consent="legal")
        assert (status, "Ali" in page) == (404, False)
        assert "Nobody whom you may see is known by that" in page, "the same for one who is known, and for nobody"
    assert await chandra.see(path, status=404)
    assert await chandra.press(f"{path}/proxies", who=ALI["phone"], relation="child", consent="legal") == (
        f"{path}?sorry=not_found"
    )
    assert await standing(sql) == []


async def test_whoever_was_only_offered_is_read_about_and_nothing_is_said_of_them(ayesha: Visitor, sql: Sql) -> None:
    matter = await held(ayesha, "a")
    told = await ayesha.house.arrive("b", channel="email", customer=ALI)
    await ayesha.house.offer(told["id"], "ayesha")
    sara, ali = [await person(ayesha, each) for each in (matter, replace(matter, case_id=told["case_id"]))]
    assert f'action="{ali}' not in await ayesha.see(ali)
    for path, who in ((sara, ALI["phone"]), (ali, SARA["email"])):
        status, page = await ayesha.refused(f"{path}/proxies", who=who, relation="child", consent="legal")
        assert (status, "It was only offered to you." in page) == (403, True), path
    assert await standing(sql) == []


async def test_two_customers_become_one_person_and_two_again_by_those_who_lead(
    ayesha: Visitor, supervisor: Visitor, sql: Sql
) -> None:
    first = await held(ayesha, "a", subject="Roof")
    second = await held(ayesha, "b", subject="Gutter", customer=ALI)
    path, other = await person(ayesha, first), await person(ayesha, second)
    assert await supervisor.press(f"{path}/merges", who=ALI["phone"]) == f"{path}?said=one_person#same"
    page = await supervisor.see(other)
    assert {"sara@example.org", "+923001234567"} <= set(re.findall(r'<bdi dir="ltr">([^<]+)</bdi>', page))
    assert "Gutter" in page
    assert "Roof" in page
    (undo,) = re.findall(rf'action="({path}/merges/[^"]+/undoing)"', page)
    status, page = await supervisor.refused(f"{path}/merges", who="+923009999999")
    assert (status, "Nobody whom you may see" in page) == (404, True)
    status, page = await supervisor.refused(f"{path}/merges", who=f"https://raabta.example{path}?said=x")
    assert (status, "Nothing can be joined with itself." in page) == (422, True)
    assert await supervisor.press(undo) == f"{path}?said=two_people#same"
    assert await sql("SELECT 1 FROM customer WHERE merged_into IS NOT NULL") == []
    assert "Gutter" not in await supervisor.see(path)


async def test_a_representative_says_of_nobody_that_they_are_one_person(
    ayesha: Visitor, supervisor: Visitor, sql: Sql
) -> None:
    first = await held(ayesha, "a")
    await held(ayesha, "b", customer=ALI)
    path = await person(ayesha, first)
    page = await ayesha.see(path)
    assert "/merges" not in page
    assert (await ayesha.refused(f"{path}/merges", who=ALI["phone"]))[0] == 403
    await supervisor.press(f"{path}/merges", who=ALI["phone"])
    (merge,) = await sql("SELECT id FROM merge")
    assert (await ayesha.refused(f"{path}/merges/{merge['id']}/undoing"))[0] == 403
    assert len(await sql("SELECT 1 FROM customer WHERE merged_into IS NOT NULL")) == 1


async def test_a_contact_goes_to_the_case_it_is_about(ayesha: Visitor, sql: Sql) -> None:
    roof = await held(ayesha, "a", subject="Roof")
    gutter = await held(ayesha, "b", subject="Gutter")
    stray = await ayesha.house.arrive("c", channel="email", case_id=roof.case_id, customer=SARA)
    page = await ayesha.see(roof.case)
    assert re.search(rf'<select id="move-chosen" name="other">\s*<option value="{gutter.case_id}"', page)
    moved = await ayesha.press(roof.at_work("moves"), contact=stray["id"], other=gutter.case_id)
    assert moved == f"{roof.work}?said=moved#belongs"
    (row,) = await sql("SELECT case_id FROM interaction WHERE id = $1::uuid", stray["id"])
    assert str(row["case_id"]) == gutter.case_id
    assert (await sql("SELECT count(*) AS n FROM merge"))[0]["n"] == 0, "the case keeps its first contact"
    address = f"https://raabta.example{roof.case}?said=ticked#stand"
    again = await ayesha.press(f"{gutter.case}/moves", contact=stray["id"], other=gutter.case_id, address=address)
    assert again == f"{gutter.case}?said=moved#belongs"
    (row,) = await sql("SELECT case_id FROM interaction WHERE id = $1::uuid", stray["id"])
    assert str(row["case_id"]) == roof.case_id, "what was typed goes before what was chosen"


async def test_a_contact_that_cannot_go_there_says_why_beside_what_was_typed(ayesha: Visitor, sql: Sql) -> None:
    roof = await held(ayesha, "a")
    other = await held(ayesha, "b", customer=ALI)
    stray = await ayesha.house.arrive("c", channel="email", case_id=roof.case_id, customer=SARA)
    form = {"contact": stray["id"], "address": "their other case"}
    status, page = await ayesha.refused(f"{roof.case}/moves", **form)
    assert (status, text_of(page).count("Say which case")) == (422, 2)
    assert '<details id="move" open>' in page
    assert 'value="their other case"' in page
    status, page = await ayesha.refused(f"{roof.case}/moves", contact=stray["id"], address=other.case)
    assert (status, text_of(page).count("two different customers")) == (409, 2)
    status, page = await ayesha.refused(f"{roof.case}/merges", address=other.case)
    assert (status, text_of(page).count("two different customers")) == (409, 2)
    assert '<details id="merge-other" open>' in page
    assert len(await sql("SELECT 1 FROM interaction WHERE case_id = $1::uuid", roof.case_id)) == 2


async def test_cases_of_a_parent_and_a_child_are_joined_by_the_address_once_one_may_speak(ayesha: Visitor) -> None:
    mother = await held(ayesha, "a")
    child = await held(ayesha, "b", customer=ALI)
    path = await person(ayesha, mother)
    await ayesha.press(f"{path}/proxies", who=ALI["phone"], relation="child", consent="in_person")
    joined = await ayesha.press(f"{mother.case}/merges", address=f"https://raabta.example{child.case}")
    assert joined == f"{mother.case}?said=merged#belongs"


async def test_of_a_customer_who_was_forgotten_nothing_is_left_to_do(
    ayesha: Visitor, supervisor: Visitor, sql: Sql
) -> None:
    matter = await held(ayesha, "a")
    path = await person(ayesha, matter)
    gone = await ayesha.house.call("admin", "PUT", f"/v1{path.removeprefix('/desk')}/erasure")
    assert gone.status_code < 300, gone.text
    async with asyncio.timeout(HANG_SECONDS):
        while await sql("SELECT 1 FROM customer WHERE state <> 'erased'"):
            await turns(Erasing(ayesha.house.app.state.service.database))
            await asyncio.sleep(LOOK_SECONDS)
    page = await supervisor.see(path)
    assert "Sara" not in page
    assert "forgotten at their wish" in page
    assert f'action="{path}' not in page


async def test_what_customers_are_called_stays_text(supervisor: Visitor, ayesha: Visitor) -> None:
    evil = "<script>alert(1)</script>'\"{{ 7*7 }}"
    mother = await held(ayesha, "a", customer={**SARA, "name": evil})
    await held(ayesha, "b", customer={**ALI, "name": evil})
    path = await person(ayesha, mother)
    await supervisor.press(f"{path}/proxies", who=ALI["phone"], relation="child", consent="legal")
    await supervisor.press(f"{path}/merges", who=ALI["phone"])
    page = await supervisor.see(path)
    assert "alert(1)</script>" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 4
