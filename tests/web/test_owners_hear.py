"""Whoever owns a case hears at their desk what happens to it, holding a contact of it or not; nobody else does."""

from __future__ import annotations

from typing import Any

from tests.web.cases import SARA, Matter, held, tended
from tests.web.conftest import Visitor


async def owned(who: Visitor) -> Matter:
    """A case of Ayesha's; she has nothing in hand any more."""
    matter = await held(who)
    await who.press(f"{matter.work}/completion", outcome="follow_up")
    await tended(who)
    found = (await who.house.call("supervisor", "GET", f"/v1/cases/{matter.case_id}")).json()
    assert found["owner"] == "ayesha"
    return matter


async def heard(who: Visitor, code: str, **query: Any) -> list[str]:
    """What the feed tells this representative, by its types: their desk's stream tells the same."""
    return [each["type"] for each in await who.house.feed(code, **query)]


async def now_at(who: Visitor) -> str:
    """The end of the feed."""
    await who.house.feed("admin")
    after = (await who.house.call("admin", "GET", "/v1/events", params={"limit": 200})).json()["next"]
    return str(after)


async def test_an_owner_hears_what_colleagues_and_customers_do_about_their_case(ayesha: Visitor) -> None:
    matter = await owned(ayesha)
    after = await now_at(ayesha)
    await ayesha.house.call("supervisor", "PUT", f"/v1/cases/{matter.case_id}/awaiting", {"cause": "decision"})
    await ayesha.house.arrive("b", channel="email", case_id=matter.case_id, customer=SARA)
    mine = await heard(ayesha, "ayesha", after=after)
    assert "case.awaited" in mine
    assert "interaction.arrived" in mine or "interaction.queued" in mine
    assert await heard(ayesha, "chandra", after=after) == []


async def test_an_owner_hears_that_the_case_went_to_somebody_else_and_then_no_more(ayesha: Visitor) -> None:
    matter = await owned(ayesha)
    after = await now_at(ayesha)
    path = f"/v1/cases/{matter.case_id}"
    assert (await ayesha.house.call("supervisor", "PATCH", path, {"owner": "chandra"})).status_code == 200
    assert "case.owned" in await heard(ayesha, "ayesha", after=after)
    assert "case.owned" in await heard(ayesha, "chandra", after=after)
    after = await now_at(ayesha)
    await ayesha.house.call("supervisor", "PUT", f"{path}/awaiting", {"cause": "decision"})
    assert await heard(ayesha, "ayesha", after=after) == []
    assert "case.awaited" in await heard(ayesha, "chandra", after=after)


async def test_the_owner_of_the_case_that_survives_hears_of_what_was_taken_in(ayesha: Visitor) -> None:
    matter = await owned(ayesha)
    other = await held(ayesha, "b", code="chandra")
    await ayesha.house.call(
        "supervisor", "POST", f"/v1/cases/{matter.case_id}/merges", {"case_id": other.case_id},
        headers={"idempotency-key": "m"},
    )  # fmt: skip
    after = await now_at(ayesha)
    ended = await ayesha.house.call("chandra", "PUT", f"/v1/interactions/{await contact(ayesha, other)}/completion", {})
    assert ended.status_code == 200, ended.text
    assert "interaction.completed" in await heard(ayesha, "ayesha", after=after)


async def contact(who: Visitor, matter: Matter) -> str:
    """The contact behind a piece of work."""
    found = await who.house.call("supervisor", "GET", f"/v1/assignments/{matter.work.rpartition('/')[2]}")
    return str(found.json()["interaction_id"])
