"""Two customers who are one person, visitors who are named by hand, and letters of those who were merged."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from app.actions.cases.describe import describe_customer
from app.actions.cases.merge import merge
from app.actions.customers.describe_visitor import Described, add_identities, make_customer, name_visitor, recognise
from app.actions.customers.merge import forget_merges, merge_customers, unmerge_customers
from app.actions.representatives.bar import Whose, bar
from app.errors import Conflict, Forbidden, NotFound
from app.tables import Merge
from channels.base import Person, Wrote
from tests.app.cases.test_cases import case_of, row_of
from tests.app.cases.test_merges import as_it_was
from tests.shift import Shift, person

AMINA = Person(name="Amina", phone="+923001234567")
PHONE = ("phone", "+923001234567")


async def undo(session: Any, made: UUID, **more: Any) -> Any:
    return await unmerge_customers(session, await session.get_one(Merge, made), **more)


async def customer_of(shift: Shift, interaction: UUID) -> UUID:
    found: UUID = (await shift.row(interaction))["customer_id"]
    return found


async def people(shift: Shift) -> list[Any]:
    rows = await shift.fetch("SELECT id, name, language, needs, state, merged_into, news_by FROM customer ORDER BY id")
    ways = await shift.fetch("SELECT * FROM identity ORDER BY kind, value")
    return [tuple(row) for row in (*rows, *ways)]


async def two(shift: Shift) -> tuple[UUID, UUID]:
    """One who wrote and said no name, and one who called."""
    letter = await shift.arrive("email", person=Person(email="amina@example.test"), language="ur")
    call = await shift.arrive("phone", person=Person(name="Amina", phone="+923001234567", needs=("elderly",)))
    return await customer_of(shift, letter), await customer_of(shift, call)


async def test_one_who_was_two_is_recognised_by_all_either_was_known_by(shift: Shift) -> None:
    one, other = await two(shift)
    before, rows = await people(shift), await as_it_was(shift)
    made = await shift.do(merge_customers, one, other, reason="same_person")
    assert await as_it_was(shift) == rows, "cases and contacts keep whose they were"
    assert await customer_of(shift, await shift.arrive("phone", person=AMINA)) == one
    row = (await shift.fetch("SELECT * FROM customer WHERE id = $1", one))[0]
    assert (row["name"], row["language"], row["needs"]) == ("Amina", "ur", ["elderly"])
    assert (await shift.do(merge_customers, one, other, reason=None)).id == made.id
    for _ in range(2):
        await shift.do(undo, made.id)
    assert await people(shift) == before
    assert await customer_of(shift, await shift.arrive("phone", person=AMINA)) == other
    assert (await shift.story(one), await shift.story(other)) == (["absorbed", "released"], ["merged", "unmerged"])


async def test_who_was_merged_before_comes_along_and_the_outer_merge_is_undone_first(shift: Shift) -> None:
    one, other = await two(shift)
    third = await customer_of(shift, await shift.arrive("phone", person=Person(phone="+923009999999")))
    inner = await shift.do(merge_customers, other, third, reason=None)
    outer = await shift.do(merge_customers, one, other, reason=None)
    with pytest.raises(Conflict) as refused:
        await shift.do(undo, inner.id)
    assert refused.value.code == "merged_since"
    await shift.do(undo, outer.id)
    await shift.do(undo, inner.id)
    assert [tuple(row) for row in await shift.fetch("SELECT DISTINCT state, merged_into FROM customer")] == [
        ("known", None)
    ]


async def test_cases_of_one_person_who_was_two_may_be_one(shift: Shift) -> None:
    letter = await shift.arrive("email", person=Person(email="amina@example.test"))
    call = await shift.arrive("phone", person=AMINA)
    one, other = await case_of(shift, letter), await case_of(shift, call)
    with pytest.raises(Conflict) as refused:
        await shift.do(merge, one, other, reason=None)
    assert refused.value.code == "two_customers"
    await shift.do(merge_customers, await customer_of(shift, letter), await customer_of(shift, call), reason=None)
    await shift.do(merge, one, other, reason=None)


async def test_an_answer_to_a_letter_is_proven_by_whichever_customer_wrote_it_first(shift: Shift) -> None:
    first = await shift.arrive("email", person=Person(email="amina@example.test"))
    call = await shift.arrive("phone", person=AMINA)
    known, writer = await customer_of(shift, call), await customer_of(shift, first)
    await shift.do(merge_customers, known, writer, reason=None)
    reference = (await shift.fetch("SELECT reference FROM message WHERE interaction_id = $1", first))[0]["reference"]
    answer = Wrote(ref="<a>", contact="<a>", content="a", body="Yes", references=(reference,),
                   person=Person(email="amina@example.test"))  # fmt: skip
    assert (await shift.take("email", answer)).interaction_id == first
    stranger = Wrote(ref="<b>", contact="<b>", content="b", body="Yes", references=(reference,),
                     person=Person(email="eve@example.test"))  # fmt: skip
    assert (await shift.take("email", stranger)).case_id != await case_of(shift, first)


async def test_whom_a_customer_must_not_meet_they_must_not_meet_by_any_name(shift: Shift) -> None:
    one, other = await two(shift)
    await shift.do(bar, Whose(customer_id=other), "esther", reason="complaint")
    letter = (await shift.fetch("SELECT id FROM interaction WHERE customer_id = $1", one))[0]["id"]
    made = await shift.do(merge_customers, one, other, reason=None)
    assert (await shift.row(letter))["barred"] == ["esther"]
    fresh = await shift.arrive("email", person=Person(email="amina@example.test"))
    assert (await shift.row(fresh))["barred"] == ["esther"]
    await shift.do(undo, made.id)
    assert (await shift.row(letter))["barred"] == []


async def test_of_the_erased_no_merge_remembers_by_what_they_were_known(shift: Shift) -> None:
    one, other = await two(shift)
    await shift.do(merge_customers, one, other, reason=None)
    async with shift.db.session() as session:
        await forget_merges(session, [one])
    (moved,) = await shift.fetch("SELECT moved::text AS said FROM merge")
    assert "+92" not in moved["said"]


async def test_a_visitor_without_a_name_is_a_person_too(shift: Shift) -> None:
    visit = await shift.bring("active", code="esther")
    assert await customer_of(shift, visit) is None
    made = await shift.do(
        name_visitor, visit, Described(name="Amina", identities=[PHONE], needs=["elderly"]), actor=person("esther")
    )
    assert (await customer_of(shift, visit), (await shift.case(visit))["customer_id"]) == (made.id, made.id)
    assert await customer_of(shift, await shift.arrive("phone", person=AMINA)) == made.id
    told = await shift.last(made.id)
    assert (told["kind"], told["data"]) == (
        "described", {"fields": ["name", "needs", "phone"], "interaction": str(visit)},
    )  # fmt: skip
    with pytest.raises(Conflict) as refused:
        await shift.do(name_visitor, visit, Described(name="Another"))
    assert refused.value.code == "known_already"


async def test_a_visitor_may_be_a_person_with_nothing_else_known(shift: Shift) -> None:
    visit = await shift.bring("active", code="esther")
    made = await shift.do(name_visitor, visit, Described(), actor=person("esther"))
    assert (await shift.fetch("SELECT name FROM customer WHERE id = $1", made.id))[0]["name"] is None


async def test_a_number_that_is_known_names_nobody_to_who_has_not_served_them(shift: Shift) -> None:
    await shift.arrive("phone", person=AMINA)
    visit = await shift.bring("active", code="esther")
    before = await shift.everything()
    said = Described(identities=[PHONE])
    with pytest.raises(Conflict) as told:
        await shift.do(name_visitor, visit, said)
    with pytest.raises(Conflict) as untold:
        await shift.do(name_visitor, visit, said, actor=person("esther"))
    known = (await shift.fetch("SELECT customer_id FROM identity"))[0]["customer_id"]
    assert (told.value.code, untold.value.code) == ("identity_known", "identity_known")
    assert (told.value.members, untold.value.members) == ({"customer_id": str(known)}, {})
    with pytest.raises(NotFound):
        await shift.do(recognise, visit, known, actor=person("esther"))
    assert await shift.everything() == before
    await shift.do(bar, Whose(customer_id=known), "bilal", reason="complaint")
    await shift.do(recognise, visit, known)
    assert await customer_of(shift, visit) == known
    assert (await shift.row(visit))["barred"] == ["bilal"]


async def test_only_who_has_the_visitor_says_who_they_are(shift: Shift) -> None:
    visit = await shift.bring("active", code="esther")
    with pytest.raises(NotFound):
        await shift.do(name_visitor, visit, Described(name="Amina"), actor=person("bilal"))
    other = await shift.arrive("phone", person=AMINA)
    with pytest.raises((NotFound, Forbidden)):
        await shift.do(name_visitor, other, Described(name="Amina"), actor=person("esther"))


async def test_the_elderly_visitor_who_later_phones_has_one_case(shift: Shift) -> None:
    visit = await shift.bring("completed", code="esther")
    await shift.do(name_visitor, visit, Described(name="Amina", identities=[PHONE]), actor=person("esther"))
    call = await shift.arrive("phone", person=AMINA)
    await shift.serve(call, "esther")
    visited, called = await case_of(shift, visit), await case_of(shift, call)
    assert visited != called, "identity alone joins nothing"
    await shift.do(merge, visited, called, reason="same_matter", actor=person("esther"))
    assert (await row_of(shift, called))["merged_into"] == visited


async def test_what_is_said_of_a_customer_is_told_without_their_words(shift: Shift) -> None:
    _, known = await two(shift)
    said = {"name": "Amina Bibi", "language": "te", "needs": [], "news_by": "person"}
    for _ in range(2):
        await shift.do(describe_customer, known, said)
    told = await shift.fetch("SELECT data FROM event WHERE subject = 'customer'")
    assert [each["data"] for each in told] == [
        {"fields": ["language", "name", "needs", "news_by"], "language": "te", "needs": [], "news_by": "person"}
    ]


async def test_one_more_number_is_one_more_way_to_be_known_and_nobody_elses(shift: Shift) -> None:
    one, other = await two(shift)
    mine = ("phone", "+923330000000")
    for _ in range(2):
        await shift.do(add_identities, one, [mine])
    with pytest.raises(Conflict):
        await shift.do(add_identities, other, [mine])
    with pytest.raises(Conflict):
        await shift.do(make_customer, Described(identities=[mine]))
    assert await shift.story(one) == ["described"]
    assert await customer_of(shift, await shift.arrive("phone", person=Person(phone=mine[1]))) == one
