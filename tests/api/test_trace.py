"""Why it went where it went, and why it still waits: over the API, for whoever may know."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from app.db import uuid7
from app.loops.measures import Measures
from app.loops.term import Term
from tests.api.conftest import House


async def dispatch(house: House) -> None:
    """One term of the dispatcher: everything that can be offered now, is."""
    from app.loops.line import line

    async with line(house.app.state.service.database) as connection:
        term = Term(connection, measures=Measures())
        await term.open()
        await term.cycle()


async def trace(house: House, interaction: str, who: str = "supervisor", **more: Any) -> dict[str, Any]:
    answer = await house.call(who, "GET", f"/v1/interactions/{interaction}/trace", params=more)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_supervisor_reads_who_was_chosen_and_what_spoke_against_the_others(house: House) -> None:
    await house.available("ayesha", "bilal", "chandra", "esther")
    told = await house.arrive("letter-1", language="en")
    await dispatch(house)
    [offer] = (await trace(house, told["id"]))["offers"]
    kept = offer["trace"]
    sorted_by = [kept["chosen"], *kept["runners_up"]]
    assert kept["chosen"]["representative"] == offer["representative"]
    assert {each["representative"] for each in sorted_by} == {"ayesha", "chandra", "esther"}
    assert [each["scarcity"] for each in sorted_by] == sorted(each["scarcity"] for each in sorted_by)
    assert kept["ruled_out"] == {"queue": 1}
    assert offer["by"] is None


async def test_one_who_waits_is_told_their_place_what_would_have_to_change_and_who_cannot_take_them_why(
    house: House,
) -> None:
    await house.available("bilal", "devi", "farid")
    first = await house.arrive("letter-1", language="en")
    await dispatch(house)
    second = await house.arrive("letter-2", language="en")
    await dispatch(house)
    assert (await trace(house, first["id"]))["waiting"] is None
    found = (await trace(house, second["id"]))["waiting"]
    assert found["position"] == 1
    assert found["changes"] == ["free"]
    assert {each["reason"]: each["representatives"] for each in found["ruled_out"]} == {
        "queue": ["bilal", "devi"],
        "busy": ["farid"],
    }
    assert found["overdue_seconds"] < 0


async def test_a_replayed_offer_lists_everybody_who_was_there_and_chooses_the_same_one(house: House) -> None:
    await house.available("ayesha", "bilal", "chandra", "esther")
    contacts = [await house.arrive(f"letter-{number}", language="en") for number in range(6)]
    await dispatch(house)
    await house.call("supervisor", "PUT", "/v1/representatives/chandra/presence", {"status": "away"})
    for told in contacts:
        [offer] = (await trace(house, told["id"]))["offers"]
        replay = (await trace(house, told["id"], at=offer["assignment"]))["replay"]
        assert replay["agrees"]
        assert not replay["approximate"]
        able = [each for each in replay["representatives"] if each["reason"] is None]
        kept = offer["trace"]
        assert able[0]["representative"] == kept["chosen"]["representative"]
        assert [each["representative"] for each in able[1:6]] == [each["representative"] for each in kept["runners_up"]]
        assert len(replay["representatives"]) == 4
        assert {each["representative"]: each["reason"] for each in replay["representatives"]}["bilal"] == "queue"


async def test_what_was_given_by_hand_says_so_and_has_no_trace(house: House) -> None:
    await house.available("ayesha")
    told = await house.arrive("letter-1", language="en")
    given = await house.call(
        "supervisor",
        "POST",
        f"/v1/interactions/{told['id']}/assignments",
        {"representative": "ayesha"},
        headers={"idempotency-key": str(uuid7())},
    )
    assert given.status_code == 201, given.text
    [offer] = (await trace(house, told["id"]))["offers"]
    assert offer["trace"] is None
    assert offer["by"].startswith("supervisor")


async def test_a_representative_reads_the_trace_of_what_they_hold_and_of_nothing_else(house: House) -> None:
    told = await house.arrive("letter-1", language="en")
    assignment = await house.offer(told["id"], "ayesha")
    assert [each["assignment"] for each in (await trace(house, told["id"], "ayesha"))["offers"]] == [assignment]
    answer = await house.call("bilal", "GET", f"/v1/interactions/{told['id']}/trace")
    assert answer.status_code == 404


@pytest.mark.parametrize("interaction", [UUID(int=0), None])
async def test_an_offer_of_something_else_cannot_be_replayed(house: House, interaction: UUID | None) -> None:
    told = await house.arrive("letter-1", language="en")
    path = f"/v1/interactions/{interaction or told['id']}/trace?at={uuid7()}"
    answer = await house.call("supervisor", "GET", path)
    assert answer.status_code == 404


async def test_one_who_waits_for_a_counter_that_calls_by_itself_is_told_so(
    house: House, sql: Callable[..., Any]
) -> None:
    await sql("UPDATE representative SET pull = true")
    await house.available("ayesha")
    told = await house.arrive("letter-1", language="en")
    stands = (await trace(house, told["id"]))["waiting"]
    assert (stands["changes"], stands["pulling"], stands["able"]) == (["pull"], ["ayesha"], [])
    contact = {"channel": "console", "request_type": "claim", "language": "en"}
    tried = await house.call("supervisor", "POST", "/v1/routing/dry-run", {"contact": contact})
    assert (tried.json()["offer"], tried.json()["waiting"]["pulling"]) == (None, ["ayesha"])
