"""Configuration as code: what a file says is what the tables hold, and a wrong file changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlmodel import col, select, update

from app.actions.apply import Change, apply, differences
from app.configuration import Configuration, WrongConfiguration, read, read_text
from app.configuration.references import unserved
from app.db import Database, now
from app.errors import Conflict
from app.security import SYSTEM
from app.tables import EventRow, Office, Organisation, Queue, Representative, RequestType

SAMPLE = Path(__file__).parents[2] / "sample" / "office.toml"


@pytest.fixture
async def db(database: str) -> AsyncIterator[Database]:
    async with Database(database) as opened:
        yield opened


async def applied(db: Database, wanted: Configuration) -> list[Change]:
    async with db.session() as session:
        return await apply(session, wanted, actor=SYSTEM, now=await now(session))


def sample(*replacements: tuple[str, str]) -> Configuration:
    return read_text(changed_sample(*replacements), name="office.toml")


def changed_sample(*replacements: tuple[str, str]) -> str:
    text = SAMPLE.read_text(encoding="utf-8")
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
        assert await differences(session, read(SAMPLE))
    async with db.reading() as session:
        assert (await session.exec(select(Office))).all() == []


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
    assert events[1].data == {"fields": ["name"]}, "an event names fields, never people"


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


@pytest.mark.parametrize(
    ("old", "new", "mistake"),
    [
        ("target_seconds = 120", 'target_seconds = "120"', "queues.claims.target_seconds: must be a whole number"),
        ("target_seconds = 120", "target_seconds = -1", "queues.claims.target_seconds: input should be greater"),
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
    configuration = sample(("skills = { technical = 2 }", "skills = { plumbing = 2 }"))
    assert "request_types.installation: nobody can serve it in en" in list(unserved(configuration))
