"""What is kept about a customer, to take along: all of their matters, and nothing of another customer."""

from __future__ import annotations

import json
from typing import Any, Final
from uuid import UUID

from app.actions.cases.merge import merge
from app.actions.cases.split import move
from app.actions.contacts.write import write
from app.actions.customers.proxies import name_proxy
from app.db import Database, uuid7
from app.queries.customers.export import export
from channels.base import Person
from tests.shift import Shift, person
from tests.solving import SANA

ALI: Final = Person(name="Ali", email="ali@example.test")
CONNECTIONS: Final = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'"
)


async def taken_along(shift: Shift, contact: UUID) -> dict[str, Any]:
    """What whoever made this contact is given."""
    pieces = [piece async for piece in await export(shift.db, (await shift.row(contact))["customer_id"])]
    found: dict[str, Any] = json.loads(b"".join(pieces))
    return found


async def case_of(shift: Shift, contact: UUID) -> UUID:
    found: UUID = (await shift.case(contact))["id"]
    return found


async def with_documents(shift: Shift, contact: UUID, *names: str) -> None:
    for name in names:
        await shift.execute(
            """INSERT INTO document (id, case_id, name, media_type, content, digest, author, at)
            VALUES ($1, $2, $3, 'text/plain', 'scan', 'x', 'customer', wall_clock())""",
            uuid7(), await case_of(shift, contact), name,
        )  # fmt: skip


async def test_a_visit_that_was_taken_into_their_case_is_taken_along(shift: Shift) -> None:
    letter, visit = await shift.arrive("email", person=SANA), await shift.arrive("walk_in")
    await with_documents(shift, visit, "passport", "receipt")
    assert (await shift.row(visit))["customer_id"] is None
    await shift.do(merge, await case_of(shift, letter), await case_of(shift, visit), reason=None)
    cases = {case["id"]: case for case in (await taken_along(shift, letter))["cases"]}
    taken = cases[str(await case_of(shift, visit))]
    assert [each["id"] for each in taken["contacts"]] == [str(visit)]
    assert [each["name"] for each in taken["documents"]] == ["passport", "receipt"]
    assert len(cases) == 2


async def test_the_case_of_another_that_was_taken_into_theirs_is_not_taken_along(shift: Shift) -> None:
    sana = await shift.arrive("email", person=SANA)
    ali = await shift.arrive("email", person=ALI, body="the words of Ali", reply_to=ALI.email)
    people = [(await shift.row(each))["customer_id"] for each in (sana, ali)]
    await shift.do(name_proxy, *people, relation="child", consent="in_person")
    await shift.do(merge, await case_of(shift, sana), await case_of(shift, ali), reason=None)
    hers, his = await taken_along(shift, sana), await taken_along(shift, ali)
    assert [case["id"] for case in hers["cases"]] == [str(await case_of(shift, sana))]
    assert [case["id"] for case in his["cases"]] == [str(await case_of(shift, ali))]
    assert "the words of Ali" not in json.dumps(hers)


async def test_where_another_wrote_from_on_their_case_is_not_taken_along(shift: Shift) -> None:
    sana = await shift.arrive("email", person=SANA)
    ali = await shift.arrive("email", person=ALI, reply_to=ALI.email, attributes={"from": "Ali"})
    await shift.arrive("email", person=ALI, reply_to=ALI.email, case_id=await case_of(shift, ali))
    people = [(await shift.row(each))["customer_id"] for each in (sana, ali)]
    await shift.do(name_proxy, *people, relation="child", consent="in_person")
    await shift.do(move, ali, await case_of(shift, sana), reason=None)
    found = await taken_along(shift, sana)
    (case,) = found["cases"]
    assert [each["id"] for each in case["contacts"]] == [str(sana), str(ali)]
    assert case["contacts"][0]["reply_to"] == "sana@example.test"
    assert "Ali" not in json.dumps(found)
    assert str(ALI.email) not in json.dumps(found)


async def test_who_takes_it_along_slowly_holds_no_transaction_open(shift: Shift) -> None:
    letters = [await shift.arrive("email", person=SANA) for _ in range(3)]
    await with_documents(shift, letters[0], "passport")
    await shift.serve(letters[0])
    await shift.do(write, letters[0], direction="out", subject=None, body="We will come", actor=person("esther"))
    customer = (await shift.row(letters[0]))["customer_id"]
    pieces = 0
    async with Database(shift.db.dsn) as looking:
        async for _ in await export(shift.db, customer):
            pieces += 1
            async with looking.connection() as connection:
                assert await connection.fetchval(CONNECTIONS) == 0
    assert pieces > len(letters), "it comes a case at a time"
