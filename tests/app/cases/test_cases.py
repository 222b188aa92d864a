"""What a case learns from its contacts, and where a contact goes that belongs to one."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest

from app.actions.cases.awaiting import await_customer, stop_awaiting
from app.actions.cases.describe import describe_case
from app.actions.cases.merge import merge
from app.actions.cases.split import move, split
from app.actions.contacts.cases import alone
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.loops.tending import Tending
from channels.base import Person, Wrote
from tests.moving import turns
from tests.shift import Shift, person

SANA = Person(name="Sana", email="sana@example.test")


async def case_of(shift: Shift, interaction: UUID) -> UUID:
    found: UUID = (await shift.case(interaction))["id"]
    return found


async def row_of(shift: Shift, case: UUID) -> Any:
    return (await shift.fetch('SELECT * FROM "case" WHERE id = $1', case))[0]


async def stays_closed(shift: Shift, interaction: UUID, *, seconds: float = -1) -> UUID:
    """Closed, and opened again only by what comes within so many seconds from now."""
    case = await case_of(shift, interaction)
    await shift.execute(
        "INSERT INTO event (subject, subject_id, version, kind, at, actor) SELECT 'case', id::text, version + n, kind,"
        " wall_clock(), 'system' FROM \"case\", (VALUES (1, 'resolved'), (2, 'confirmed')) AS told (n, kind) WHERE id = $1",
        case,
    )
    await shift.execute(
        "UPDATE \"case\" SET state = 'closed', closed_by = 'customer', closed_at = wall_clock(), version = version + 2,"
        " resolved_at = wall_clock(), reopen_until = wall_clock() + make_interval(secs => $2) WHERE id = $1",
        case, seconds,
    )  # fmt: skip
    return case


async def awaits(session: Any, case: UUID, **more: Any) -> Any:
    return await await_customer(session, await alone(session, case), cause="missing_document", **more)


async def goes_on(session: Any, case: UUID, **more: Any) -> Any:
    return await stop_awaiting(session, await alone(session, case), **more)


async def test_a_case_learns_where_it_began_and_whose_it_is(shift: Shift) -> None:
    visit = await shift.arrive("walk_in", "claim", language="ur", office="hyderabad")
    await shift.serve(visit, "esther")
    await turns(Tending(shift.db))
    row = await shift.case(visit)
    assert (row["queue"], row["request_type"], row["office"], row["channel"], row["language"], row["owner"]) == (
        "claims", "claim", "hyderabad", "walk_in", "ur", "esther",
    )  # fmt: skip
    accepted = await shift.fetch("SELECT at FROM event WHERE kind = 'accepted'")
    assert row["first_answer_at"] == accepted[0]["at"]
    assert row["tended_at"] is not None
    told = await shift.fetch("SELECT data FROM event WHERE subject_id = $1 AND kind = 'owned'", str(row["id"]))
    assert [each["data"] for each in told] == [{"representative": "esther"}]


async def test_a_letter_is_answered_when_it_is_answered_and_not_when_it_is_taken(shift: Shift) -> None:
    letter = await shift.arrive("email", "claim")
    await shift.serve(letter, "esther")
    await turns(Tending(shift.db))
    row = await shift.case(letter)
    assert (row["owner"], row["first_answer_at"]) == ("esther", None)


async def test_who_accepted_first_owns_it_whoever_comes_later(shift: Shift) -> None:
    first = await shift.bring("completed", code="esther")
    await turns(Tending(shift.db))
    second = await shift.arrive(case_id=await case_of(shift, first))
    await shift.serve(second, "chandra")
    await turns(Tending(shift.db))
    assert (await shift.case(first))["owner"] == "esther"


async def test_what_a_case_learns_does_not_depend_on_how_many_events_come_at_once(shift: Shift) -> None:
    class OneByOne(Tending):
        batch = 1

    for _ in range(2):
        await shift.bring("completed")
    await turns(OneByOne(shift.db))
    rows = await shift.fetch('SELECT queue, request_type, channel, owner, first_answer_at IS NULL AS none FROM "case"')
    assert {tuple(row) for row in rows} == {("inquiries", "inquiry", "walk_in", "esther", False)}


async def test_the_supervisors_case_is_not_taken_by_the_next_who_accepts(shift: Shift) -> None:
    first = await shift.arrive()
    await turns(Tending(shift.db))
    await shift.execute('UPDATE "case" SET supervised = true')
    await shift.serve(first, "esther")
    await turns(Tending(shift.db))
    assert (await shift.case(first))["owner"] is None


async def test_within_its_time_a_contact_opens_a_closed_case_again_and_after_it_one_that_follows(shift: Shift) -> None:
    first = await shift.arrive("email", "claim", person=SANA)
    case = await stays_closed(shift, first, seconds=60)
    again = await shift.arrive("email", "claim", case_id=case)
    assert await case_of(shift, again) == case
    row = await row_of(shift, case)
    assert (row["state"], row["reopened"], row["closed_by"], row["closed_at"]) == ("open", 1, None, None)

    await stays_closed(shift, first)
    late = await shift.arrive("email", "claim", case_id=case)
    following = await row_of(shift, await case_of(shift, late))
    assert (following["follows"], following["state"], following["request_type"]) == (case, "open", "claim")
    assert following["customer_id"] == row["customer_id"] is not None
    assert (await row_of(shift, case))["state"] == "closed"
    told = await shift.last(case)
    assert (told["kind"], told["data"]) == (
        "follow_up_opened",
        {"case": str(following["id"]), "interaction": str(late)},
    )
    assert (await shift.row(late))["head_start_seconds"] == 0


async def test_a_letter_on_an_old_thread_finds_the_case_that_follows(shift: Shift) -> None:
    first = await shift.arrive("email", "claim", person=SANA)
    case = await stays_closed(shift, first)
    token = (await row_of(shift, case))["token"]
    letters = [
        await shift.take("email", Wrote(ref=f"<{n}>", contact=f"<{n}>", content=f"{n}", body="?", case_token=token))
        for n in range(2)
    ]
    assert letters[0].interaction_id == letters[1].interaction_id, "the second is appended to the open one"
    assert letters[0].case_id != case
    by_phone = await shift.arrive("phone", "claim", case_id=case)
    assert await case_of(shift, by_phone) == UUID(str(letters[0].case_id))
    assert (await row_of(shift, case))["state"] == "closed"


async def test_two_late_contacts_at_once_begin_one_case_that_follows(shift: Shift) -> None:
    case = await stays_closed(shift, await shift.arrive())
    late = await asyncio.gather(*(shift.arrive(case_id=case) for _ in range(6)))
    assert len({await case_of(shift, each) for each in late}) == 1
    assert (await shift.story(case)).count("follow_up_opened") == 1


async def test_a_machines_letter_on_a_case_that_stays_closed_begins_nothing(shift: Shift) -> None:
    case = await stays_closed(shift, await shift.arrive("email", "claim"))
    token = (await row_of(shift, case))["token"]
    away = Wrote(ref="<away>", contact="<away>", content="x", body="away", case_token=token, automatic=True)
    assert (await shift.take("email", away)).case_id == case
    assert (await shift.story(case))[-1] == "joined"


async def test_a_case_awaits_the_customer_until_they_speak_or_somebody_takes_it_up(shift: Shift) -> None:
    case = await case_of(shift, await shift.bring("completed"))
    for _ in range(2):
        await shift.do(awaits, case)
    assert (await shift.story(case))[-1:] == ["awaited"]
    assert (await shift.story(case)).count("awaited") == 1
    for _ in range(2):
        await shift.do(goes_on, case)
    assert (await shift.last(case))["data"] == {"by_hand": True}
    await shift.do(awaits, case)
    await shift.arrive(case_id=case)
    assert (await row_of(shift, case))["state"] == "open"


async def test_what_is_said_of_a_case_is_told_in_codes_and_numbers_only(shift: Shift) -> None:
    case = await case_of(shift, await shift.arrive())
    said = {"amount": 12.5, "area": "gulberg", "subject": "My secret", "owner": "bilal"}
    for _ in range(2):
        await shift.do(describe_case, case, said)
    row = await row_of(shift, case)
    assert (row["amount"], row["area"], row["subject"], row["owner"]) == (12.5, "gulberg", "My secret", "bilal")
    told = await shift.fetch("SELECT kind, data FROM event WHERE subject_id = $1 AND version > 1", str(case))
    assert [(each["kind"], each["data"]) for each in told] == [
        ("owned", {"representative": "bilal", "by_hand": True}),
        ("described", {"fields": ["amount", "area", "subject"], "amount": 12.5, "area": "gulberg"}),
    ]


@pytest.mark.parametrize(
    ("said", "code"),
    [({"owner": "nobody"}, "unknown_representative"), ({"request_type": "nothing"}, "unknown_request_type")],
)
async def test_what_there_is_not_cannot_be_said_of_a_case(shift: Shift, said: dict[str, str], code: str) -> None:
    case = await case_of(shift, await shift.arrive())
    before = await shift.everything()
    with pytest.raises(Invalid) as refused:
        await shift.do(describe_case, case, said)
    assert refused.value.code == code
    assert await shift.everything() == before


async def test_only_a_supervisor_names_the_owner_of_what_supervisors_own(shift: Shift) -> None:
    case = await case_of(shift, await shift.bring("active"))
    await shift.execute('UPDATE "case" SET supervised = true, owner = NULL')
    with pytest.raises(Forbidden):
        await shift.do(describe_case, case, {"owner": "esther"}, actor=person("esther"))
    await shift.do(describe_case, case, {"owner": "esther"})
    row = await row_of(shift, case)
    assert (row["owner"], row["supervised"]) == ("esther", False)


async def test_some_contacts_become_a_case_of_their_own_with_their_words(shift: Shift) -> None:
    first = await shift.arrive("email", "claim", person=SANA)
    case = await case_of(shift, first)
    other = await shift.arrive("phone", "order", case_id=case)
    letter = await shift.arrive("email", "order", case_id=case)
    made = await shift.do(split, case, [other, letter], reason="two_matters")
    assert {await case_of(shift, each) for each in (other, letter)} == {made.id}
    assert await case_of(shift, first) == case
    words = await shift.fetch("SELECT case_id FROM message WHERE interaction_id = $1", letter)
    assert [row["case_id"] for row in words] == [made.id]
    row = await row_of(shift, made.id)
    assert (row["request_type"], row["customer_id"]) == ("order", (await row_of(shift, case))["customer_id"])
    await turns(Tending(shift.db))
    assert (await row_of(shift, made.id))["queue"] == "sales"
    assert (await shift.story(made.id))[:2] == ["opened", "joined_by_split"]
    assert "split_off" in await shift.story(case)


async def test_a_split_leaves_no_case_without_a_contact_and_takes_no_strangers(shift: Shift) -> None:
    first, stranger = await shift.arrive(), await shift.arrive()
    case = await case_of(shift, first)
    with pytest.raises(Conflict) as left:
        await shift.do(split, case, [first], reason=None)
    with pytest.raises(Invalid) as foreign:
        await shift.do(split, case, [stranger], reason=None)
    with pytest.raises(NotFound):
        await shift.do(split, case, [first], reason=None, actor=person("bilal"))
    assert (left.value.code, foreign.value.code) == ("nothing_left", "not_of_this_case")


async def test_a_contact_joins_another_case_by_a_persons_choice(shift: Shift) -> None:
    first = await shift.arrive("phone", person=Person(phone="+923001234567"))
    await shift.arrive("phone", case_id=await case_of(shift, first))
    second = await shift.arrive("phone", person=Person(phone="+923001234567"))
    other = await case_of(shift, second)
    third = await shift.arrive("phone", case_id=other)
    for _ in range(2):
        await shift.do(move, third, await case_of(shift, first), reason=None)
    assert await case_of(shift, third) == await case_of(shift, first)
    assert await case_of(shift, second) == other
    assert (await shift.story(other))[-1] == "split_off"


async def test_the_only_contact_of_a_case_takes_it_along_and_opens_what_was_resolved(shift: Shift) -> None:
    first = await shift.bring("completed")
    case = await stays_closed(shift, first, seconds=60)
    second = await shift.arrive()
    other = await case_of(shift, second)
    await shift.do(move, second, case, reason="customer_said_so")
    assert (await row_of(shift, other))["merged_into"] == case
    row = await row_of(shift, case)
    assert (row["state"], row["reopened"]) == ("open", 1)
    assert (await shift.story(case))[-2:] == ["reopened", "absorbed"]


async def test_a_contact_does_not_join_a_case_that_stays_closed(shift: Shift) -> None:
    case = await stays_closed(shift, await shift.bring("completed"))
    second = await shift.arrive()
    before = await shift.everything()
    with pytest.raises(Conflict) as refused:
        await shift.do(move, second, case, reason=None)
    assert refused.value.code == "stays_closed"
    assert await shift.everything() == before


async def test_a_representative_moves_only_between_cases_they_have_served(shift: Shift) -> None:
    mine = await shift.bring("active", code="esther")
    foreign = await shift.bring("completed", code="chandra")
    before = await shift.everything()
    for contact, target in ((mine, foreign), (foreign, mine)):
        with pytest.raises(NotFound):
            await shift.do(move, contact, await case_of(shift, target), reason=None, actor=person("esther"))
    assert await shift.everything() == before


async def test_who_knows_a_case_is_kept_for_the_case_that_follows_and_for_one_that_was_merged(shift: Shift) -> None:
    first = await shift.bring("completed", code="esther")
    second = await shift.bring("completed", code="chandra")
    one, two = await case_of(shift, first), await case_of(shift, second)
    await shift.do(merge, one, two, reason=None)
    again = await shift.arrive(case_id=one)
    told = (await shift.last(again))["data"]
    assert told.get("preferred") == "chandra"
