"""Configuration as code: what a file says is what the tables hold, and a wrong file changes nothing."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlmodel import col, select, update

from app.actions.rules.apply import Differences, apply, differences
from app.actions.rules.rows import Change
from app.actions.rules.versions import publish
from app.configuration import Configuration, WrongConfiguration, read, read_text
from app.configuration.references import unserved
from app.db import Database, now
from app.errors import Conflict
from app.security import SYSTEM
from app.tables import EventRow, Office, Organisation, Queue, Representative, RequestType, RuleSet

SAMPLE = Path(__file__).parents[3] / "sample" / "office.toml"


@pytest.fixture
async def db(database: str) -> AsyncIterator[Database]:
    async with Database(database) as opened:
        yield opened


async def applied(db: Database, wanted: Configuration) -> list[Change]:
    """Everything the file says holds, its rules too; tells what changed for it."""
    return (await written(db, wanted, publish=True)).all


async def written(db: Database, wanted: Configuration, *, publish: bool = False) -> Differences:
    async with db.session() as session:
        return await apply(session, wanted, publish=publish, actor=SYSTEM, now=await now(session))


async def rule_sets(db: Database) -> list[tuple[int, str]]:
    async with db.reading() as session:
        rows = await session.exec(select(RuleSet).order_by(col(RuleSet.version)))
        return [(row.version, row.state) for row in rows]


async def target(db: Database) -> int:
    async with db.reading() as session:
        return (await session.exec(select(Queue.target_seconds).where(Queue.code == "claims"))).one()


def sample(*replacements: tuple[str, str]) -> Configuration:
    return read_text(changed_sample(*replacements), name="office.toml")


def changed_sample(*replacements: tuple[str, str]) -> str:
    """The sample with other words in it, for whichever rules are live."""
    text = re.sub(r"^rules_version.*", "", SAMPLE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    for old, new in replacements:
        assert old in text, f"the sample has no {old!r} any more"
        text = text.replace(old, new, 1)
    return text


def without(text: str, table: str) -> str:
    """The text without one table, down to the next."""
    before, _, after = text.partition(f"[{table}]\n")
    assert after, f"the sample has no [{table}]"
    return before + after[after.index("\n[") + 1 :]


async def representative(db: Database, code: str) -> Representative:
    async with db.reading() as session:
        return (await session.exec(select(Representative).where(Representative.code == code))).one()


async def test_the_sample_holds_the_office_it_promises(db: Database) -> None:
    await applied(db, read(SAMPLE))
    async with db.reading() as session:
        assert len((await session.exec(select(Office))).all()) == 2
        assert len((await session.exec(select(Queue))).all()) == 5
        types = (await session.exec(select(RequestType).where(col(RequestType.parent).is_(None)))).all()
        people = (await session.exec(select(Representative))).all()
        organisation = (await session.exec(select(Organisation))).one()
    assert {kind.code for kind in types} == {
        "claim", "suggestion", "inquiry", "order", "information", "technical_service",
    }  # fmt: skip
    assert organisation.languages == ["en", "ur", "te"]
    assert len(people) == 12
    assert all(person.presence == "offline" and person.version == 1 for person in people)


def test_nobody_who_asks_the_sample_office_waits_for_ever() -> None:
    configuration = read(SAMPLE)
    assert list(unserved(configuration)) == []
    for office in configuration.offices:  # a visit is served where the visitor stands
        here = {code: person for code, person in configuration.representatives.items() if person.office == office}
        assert list(unserved(configuration.model_copy(update={"representatives": here}))) == []


async def test_a_second_run_has_nothing_to_change(db: Database) -> None:
    assert await applied(db, read(SAMPLE))
    assert await applied(db, read(SAMPLE)) == []


async def test_looking_at_the_differences_writes_nothing(db: Database) -> None:
    async with db.session() as session:
        assert (await differences(session, read(SAMPLE))).all
    async with db.reading() as session:
        assert (await session.exec(select(Office))).all() == []
        assert (await session.exec(select(RuleSet))).all() == []


async def test_only_what_differs_is_changed_and_told(db: Database) -> None:
    await applied(db, read(SAMPLE))
    wanted = sample(("target_seconds = 120", "target_seconds = 90"), ('name = "Asma Qureshi"', 'name = "Asma Q."'))
    changes = await applied(db, wanted)
    assert changes == [
        Change(kind="changed", what="queue", code="claims", fields={"target_seconds": (120, 90)}),
        Change(kind="changed", what="representative", code="asma", fields={"name": ("Asma Qureshi", "Asma Q.")}),
    ]
    async with db.reading() as session:
        query = select(EventRow).where(EventRow.subject_id == "asma").order_by(col(EventRow.version))
        events = (await session.exec(query)).all()
    assert [(event.version, event.kind) for event in events] == [(1, "joined"), (2, "changed")]
    facts = {
        "skills": {"claims": 5}, "languages": ["ur", "en"], "queues": ["claims", "front_desk", "feedback"],
        "groups": [], "office": "lahore", "capacity": 3, "pull": False,
    }  # fmt: skip
    assert events[0].data == {"staff": facts}
    assert events[1].data == {"fields": ["name"], "staff": facts}, "an event names fields and codes, never people"


async def test_a_child_has_what_its_parent_has_where_it_does_not_say_otherwise(db: Database) -> None:
    await applied(db, read(SAMPLE))
    async with db.reading() as session:
        repair = (await session.exec(select(RequestType).where(RequestType.code == "repair"))).one()
        installation = (await session.exec(select(RequestType).where(RequestType.code == "installation"))).one()
    assert (repair.queue, repair.letter, repair.skills) == ("technical", "T", {"technical": 3})
    assert installation.skills == {"technical": 2}


async def test_a_lowered_capacity_drains_instead_of_failing(db: Database) -> None:
    await applied(db, read(SAMPLE))
    async with db.session() as session:
        await session.exec(update(Representative).where(col(Representative.code) == "farah").values(units=4, live=1))
    await applied(db, sample(("capacity = 4", "capacity = 1")))
    farah = await representative(db, "farah")
    assert (farah.capacity, farah.ceiling, farah.units) == (1, 4, 4)


async def test_a_raised_capacity_is_there_at_once(db: Database) -> None:
    await applied(db, read(SAMPLE))
    await applied(db, sample(("capacity = 4", "capacity = 9")))
    farah = await representative(db, "farah")
    assert (farah.capacity, farah.ceiling) == (9, 9)


async def test_who_is_not_in_the_file_any_more_is_retired_and_not_deleted(db: Database) -> None:
    await applied(db, read(SAMPLE))
    async with db.session() as session:
        await session.exec(
            update(Representative).where(col(Representative.code) == "ravi").values(presence="available")
        )
    smaller = read_text(without(changed_sample(), "representatives.ravi"), name="office.toml")
    assert await applied(db, smaller) == [Change(kind="retired", what="representative", code="ravi")]
    assert await applied(db, smaller) == []
    ravi = await representative(db, "ravi")
    assert (ravi.retired, ravi.presence) == (True, "offline")


async def test_who_is_back_in_the_file_is_back_at_work(db: Database) -> None:
    await applied(db, read(SAMPLE))
    await applied(db, read_text(without(changed_sample(), "representatives.ravi"), name="office.toml"))
    assert await applied(db, read(SAMPLE)) == [Change(kind="returned", what="representative", code="ravi")]
    assert not (await representative(db, "ravi")).retired
    assert await applied(db, read(SAMPLE)) == []


async def test_a_queue_nothing_names_is_removed(db: Database) -> None:
    spare = '[queues.spare]\nname = "Spare"\ntarget_seconds = 1\noffer_timeout_seconds = 1\n\n[queues.claims]'
    await applied(db, sample(("[queues.claims]", spare)))
    assert await applied(db, read(SAMPLE)) == [Change(kind="removed", what="queue", code="spare")]


async def test_a_request_type_that_cases_name_stays_and_so_does_everything_else(db: Database) -> None:
    await applied(db, read(SAMPLE))
    async with db.transaction() as connection:
        await connection.execute(
            'INSERT INTO "case" (id, token, request_type, state, opened_at, version)'
            " VALUES (gen_random_uuid(), 't', 'repair', 'open', wall_clock(), 1)"
        )
    text = without(changed_sample(("target_seconds = 120", "target_seconds = 90")), "request_types.repair")
    with pytest.raises(Conflict) as caught:
        await applied(db, read_text(text, name="office.toml"))
    assert caught.value.code == "still_named"
    assert "'repair'" in caught.value.detail
    assert await applied(db, read(SAMPLE)) == [], "the other change was taken back with it"


@pytest.mark.parametrize("named", ["queue", "office", "request_type"])
async def test_what_a_contact_names_stays(db: Database, named: str) -> None:
    """Nobody is ever offered who waits in a queue that is gone."""
    spare = {
        "queue": '[queues.spare]\nname = "Spare"\ntarget_seconds = 1\noffer_timeout_seconds = 1\n\n',
        "office": '[offices.spare]\nname = "Spare"\ntimezone = "Asia/Karachi"\n\n',
        "request_type": '[request_types.spare]\nqueue = "claims"\nletter = "Z"\nlabels = { en = "S", ur = "S", te = "S" }\n\n',
    }
    await applied(db, sample(("[queues.claims]", spare[named] + "[queues.claims]")))
    values = {"queue": "claims", "office": None, "request_type": None, named: "spare"}
    async with db.transaction() as connection:
        case = await connection.fetchval(
            'INSERT INTO "case" (id, token, state, opened_at, version)'
            " VALUES (gen_random_uuid(), 't', 'open', wall_clock(), 1) RETURNING id"
        )
        await connection.execute(
            "INSERT INTO interaction (id, case_id, channel, contact, state, queue, office, request_type, live, units,"
            " arrived_at, state_at, version)"
            " VALUES (gen_random_uuid(), $1, 'email', 'x', 'queued', $2, $3, $4, false, 1, wall_clock(), wall_clock(), 1)",
            case, values["queue"], values["office"], values["request_type"],
        )  # fmt: skip
    with pytest.raises(Conflict, match="'spare'") as caught:
        await applied(db, read(SAMPLE))
    assert caught.value.code == "still_named"


async def test_two_at_once_wait_for_each_other(db: Database) -> None:
    first, second = await asyncio.gather(applied(db, read(SAMPLE)), applied(db, read(SAMPLE)))
    assert sorted((bool(first), bool(second))) == [False, True]


SHORTER = ("target_seconds = 120", "target_seconds = 90")


async def test_the_first_rules_are_live_at_once(db: Database) -> None:
    found = await written(db, read(SAMPLE))
    assert (found.live, found.drafted, found.published) == (0, 1, True)
    assert await rule_sets(db) == [(1, "live")]
    assert await target(db) == 120


async def test_later_rules_are_a_draft_until_somebody_publishes_them(db: Database) -> None:
    await written(db, read(SAMPLE))
    found = await written(db, sample(SHORTER, ('name = "Asma Qureshi"', 'name = "Asma Q."')))
    assert (found.drafted, found.published) == (2, False)
    assert await rule_sets(db) == [(1, "live"), (2, "draft")]
    assert await target(db) == 120
    assert (await representative(db, "asma")).name == "Asma Q.", "who works holds at once"
    async with db.session() as session:
        await publish(session, 2, actor=SYSTEM, now=await now(session))
    assert await target(db) == 90
    assert (await written(db, sample(SHORTER, ('name = "Asma Qureshi"', 'name = "Asma Q."')))).all == []


async def test_the_same_file_again_makes_no_second_draft_and_publishes_the_first(db: Database) -> None:
    await written(db, read(SAMPLE))
    await written(db, sample(SHORTER))
    again = await written(db, sample(SHORTER))
    assert (again.drafted, again.to_do(publish=False), again.to_do(publish=True)) == (2, False, True)
    assert (await written(db, sample(SHORTER), publish=True)).drafted == 2
    assert await rule_sets(db) == [(1, "past"), (2, "live")]


async def test_a_file_made_from_other_rules_than_the_live_ones_is_refused_whole(db: Database) -> None:
    named = ("skills = [", "rules_version = 1\nskills = [")
    await written(db, read(SAMPLE))
    await written(db, sample(named, SHORTER), publish=True)
    assert (await written(db, sample(named, SHORTER))).all == [], "the rules are what the file says: nothing moved on"
    with pytest.raises(Conflict) as caught:
        await written(db, sample(named, ('name = "Asma Qureshi"', 'name = "Asma Q."')), publish=True)
    assert caught.value.code == "rules_moved_on"
    assert "version 1" in caught.value.detail
    assert "version 2" in caught.value.detail
    assert await rule_sets(db) == [(1, "past"), (2, "live")]
    assert (await representative(db, "asma")).name == "Asma Qureshi", "nothing at all was changed"


async def test_who_we_are_cannot_need_rules_that_are_not_live(db: Database) -> None:
    """Letters that nothing claims would be refused, were their request type only in a draft."""
    await written(db, read(SAMPLE))
    lost = '[request_types.lost]\nqueue = "claims"\nletter = "L"\nlabels = { en = "Lost", ur = "گم", te = "పోయింది" }\n\n'
    more = sample(
        ('default_request_type = "inquiry"', 'default_request_type = "lost"'),
        ("[request_types.claim]\n", lost + "[request_types.claim]\n"),
    )
    with pytest.raises(Conflict) as caught:
        await written(db, more)
    assert caught.value.code == "publish_needed"
    assert await rule_sets(db) == [(1, "live")]
    assert (await written(db, more, publish=True)).published


async def test_a_rule_that_no_table_holds_is_a_difference_too(db: Database) -> None:
    await written(db, read(SAMPLE))
    share = "[reasons.veteran]\nseconds = 400\n\n[queues.claims]"
    (change,) = await applied(db, sample(("[queues.claims]", share)))
    assert (change.kind, change.what, change.code) == ("added", "reason", "veteran")


async def test_request_types_in_another_order_are_a_difference(db: Database) -> None:
    await written(db, read(SAMPLE))
    wanted = read(SAMPLE)
    document = dict(wanted.rules_document)
    kinds = document["request_types"]
    first, second, *others = kinds
    document["request_types"] = {
        code: {**kinds[code], "place": place} for place, code in enumerate([second, first, *others])
    }
    (change,) = await applied(db, wanted.model_copy(update={"rules_document": document}))
    old, new = change.fields["order"]
    assert (old[:2], new[:2]) == ([first, second], [second, first])
    async with db.reading() as session:
        rows = (await session.exec(select(RequestType.code).order_by(col(RequestType.place)))).all()
    assert rows[:2] == [second, first]


async def test_an_office_in_another_time_zone_takes_the_hours_of_its_queues_with_it(db: Database) -> None:
    await written(db, read(SAMPLE))
    await written(db, sample(('timezone = "Asia/Karachi"', 'timezone = "Asia/Dubai"')))
    assert await rule_sets(db) == [(1, "live")], "the rules themselves are the same"
    async with db.reading() as session:
        hours = (await session.exec(select(Queue.hours).where(Queue.code == "feedback"))).one()
    assert hours["timezone"] == "Asia/Dubai"


@pytest.mark.parametrize(
    ("old", "new", "mistake"),
    [
        ("target_seconds = 120", 'target_seconds = "120"', "queues.claims.target_seconds: must be a whole number"),
        ("target_seconds = 120", "target_seconds = -1", "queues.claims.target_seconds: must be between 0 and"),
        ("target_seconds = 120", "target_secs = 120", "queues.claims.target_secs: there is no such setting"),
        ("[queues.orders]", "[queues.Orders]", "queues.Orders: a code has lower-case letters"),
        ('timezone = "Asia/Kolkata"', 'timezone = "Asia/Nowhere"', "offices.hyderabad.timezone: there is no time zone"),
        ('parent = "order"', 'parent = "ordr"', "request_types.order_new.parent: there is no request type 'ordr'; did"),
        ('queues = ["claims"', 'queues = ["claim"', "representatives.asma.queues: there is no queue 'claim'; did you"),
        ('languages = ["ur", "en"]', 'languages = ["fr"]', "representatives.asma.languages: there is no language 'fr'"),
        ("claims = 5 }", "claims = 6 }", "representatives.asma.skills.claims: input should be less than or equal to 5"),
        ('office = "lahore"', 'office = "delhi"', "representatives.asma.office: there is no office 'delhi'"),
        ('mon = ["09:00-18:00"]', 'mon = ["9:00-18:00"]', "queues.feedback.hours.mon.0: must be like"),
        ('name = "Asma Qureshi"', 'name = "Asma\\u0000"', "representatives.asma.name: holds characters that cannot"),
        (', te = "సూచన"', "", "request_types.suggestion.labels: has no word in te"),
        ('= "inquiry"', '= "enquiry"', "organisation.default_request_type: there is no request type 'enquiry'; did you"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_line(old: str, new: str, mistake: str) -> None:
    text = changed_sample((old, new))
    with pytest.raises(WrongConfiguration) as caught:
        read_text(text, name="office.toml")
    line = text[: text.index(new) if new else text.index('labels = { en = "Suggestion"')].count("\n") + 1
    assert f"office.toml:{line}: {mistake}" in caught.value.detail


def test_every_mistake_is_told_in_the_order_of_the_file() -> None:
    text = changed_sample(
        ("target_seconds = 120", "target_seconds = -1"), ('timezone = "Asia/Kolkata"', "timezone = 5")
    )
    with pytest.raises(WrongConfiguration) as caught:
        read_text(text, name="office.toml")
    assert [line.split(": ")[1] for line in caught.value.lines] == [
        "offices.hyderabad.timezone", "queues.claims.target_seconds",
    ]  # fmt: skip


def test_a_file_that_is_no_toml_is_refused_with_its_line() -> None:
    with pytest.raises(WrongConfiguration) as caught:
        read_text('[organisation]\nname = "x\n', name="office.toml")
    assert caught.value.detail.startswith("office.toml:2: ")


def test_a_tree_that_goes_in_a_circle_is_refused() -> None:
    text = changed_sample(("[request_types.claim]\nlabels", '[request_types.claim]\nparent = "claim_new"\nlabels'))
    with pytest.raises(WrongConfiguration, match="goes in a circle"):
        read_text(text, name="office.toml")


def test_what_nobody_can_serve_is_found() -> None:
    configuration = sample(
        ("skills = { technical = 2 }", "skills = { plumbing = 2 }"),
        ('skills = ["claims"', 'skills = ["plumbing", "claims"'),
    )
    assert "request_types.installation: nobody can serve it in en" in list(unserved(configuration))
