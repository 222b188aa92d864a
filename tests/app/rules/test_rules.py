"""Versions of the rules: a draft changes nothing, publishing changes everything at once, and nobody's change is lost."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from app.actions.rules import versions as rules
from app.actions.rules.versions import Published
from app.db import Database, now
from app.errors import Conflict, Invalid, NotFound
from app.queries.rules import live_rules, live_version, rules_for, rules_of
from app.tables import RuleSet
from tests.documents import SPARE, document
from tests.shift import SUPERVISOR, Shift

LOST = {"en": "Lost", "ur": "گم", "te": "పోయింది"}


async def drafted(shift: Shift, wanted: dict[str, Any], **more: Any) -> int:
    row: RuleSet = await shift.do(rules.draft, wanted, **more)
    return row.version


async def published(shift: Shift, wanted: dict[str, Any], *, recompute: bool = False) -> Published:
    made: Published = await shift.do(rules.publish, await drafted(shift, wanted), recompute=recompute)
    return made


async def refused(shift: Shift, action: Any, *args: Any, **more: Any) -> str:
    """The code of the refusal; nothing at all may have changed."""
    before = await everything(shift)
    with pytest.raises((Conflict, Invalid, NotFound)) as caught:
        await shift.do(action, *args, **more)
    assert await everything(shift) == before
    return caught.value.code


async def everything(shift: Shift) -> dict[str, str | None]:
    """All rows but those that are counted beside the contacts, a little later."""
    return {name: rows for name, rows in (await shift.everything()).items() if name not in {"queue_day", "told_wait"}}


async def queue(shift: Shift, code: str) -> Any:
    rows = await shift.fetch("SELECT * FROM queue WHERE code = $1", code)
    return rows[0] if rows else None


async def states(shift: Shift) -> dict[int, str]:
    return {row["version"]: row["state"] for row in await shift.fetch("SELECT version, state FROM rule_set")}


async def test_before_anything_is_published_the_rules_are_the_tables_as_they_stand(shift: Shift) -> None:
    async with shift.db.connection() as connection:
        found = await live_rules(connection)
        assert await rules_of(connection, 0) == found
        assert await live_version(connection) == 0
    assert (found.version, found.queues["claims"].target_seconds) == (0, 120)
    assert found.requests["claim"].skills == {"claims": 2}
    assert found.reasons["elderly"].seconds == 300, "a reason nobody wrote of has its standing worth"


async def test_a_draft_changes_nothing_but_that_it_is_there(shift: Shift) -> None:
    before = await everything(shift)
    assert await drafted(shift, document(claims={"target_seconds": 60}), note="shorter") == 1
    after = await everything(shift)
    assert {name for name in after if after[name] != before[name]} == {"rule_set", "event"}
    async with shift.db.connection() as connection:
        assert (await live_rules(connection)).version == 0
        assert (await rules_of(connection, 1)).queues["claims"].target_seconds == 60
    assert await shift.story("1") == ["drafted"]


async def test_what_is_published_holds_from_then_on_and_stands_in_the_tables(shift: Shift) -> None:
    wanted = document(claims={"target_seconds": 60}, spare=SPARE)
    wanted["request_types"]["lost"] = {"queue": "spare", "letter": "L", "labels": LOST, "parent": "claim"}
    made = await published(shift, wanted)
    assert (made.row.version, made.row.state, made.row.published_by) == (1, "live", SUPERVISOR.label)
    async with shift.db.connection() as connection:
        assert (await live_rules(connection)).queues["claims"].target_seconds == 60
    assert (await queue(shift, "claims"))["target_seconds"] == 60
    assert (await queue(shift, "spare"))["name"] == "Spare"
    (lost,) = await shift.fetch("SELECT queue, parent, skills FROM request_type WHERE code = 'lost'")
    assert (lost["queue"], lost["parent"], lost["skills"]) == ("spare", "claim", {"claims": 2})
    assert await shift.story("1") == ["drafted", "published"]


async def test_what_was_live_is_past_and_can_still_be_read(shift: Shift) -> None:
    await published(shift, document())
    await published(shift, document(claims={"target_seconds": 60}))
    assert await states(shift) == {1: "past", 2: "live"}
    assert await shift.story("1") == ["drafted", "published", "superseded"]
    assert (await shift.last("1"))["data"] == {"by": 2}
    async with shift.db.connection() as connection:
        assert (await rules_of(connection, 1)).queues["claims"].target_seconds == 120


async def test_the_order_of_the_request_types_is_kept_as_it_was_written(shift: Shift) -> None:
    wanted = document()
    wanted["request_types"] = dict(reversed(wanted["request_types"].items()))
    await published(shift, wanted)
    rows = await shift.fetch("SELECT code FROM request_type ORDER BY place")
    assert [row["code"] for row in rows] == list(wanted["request_types"])


async def test_publishing_again_what_is_live_changes_nothing(shift: Shift) -> None:
    made = await published(shift, document())
    before = await everything(shift)
    again = await shift.do(rules.publish, made.row.version)
    assert again.row.version == made.row.version
    assert await everything(shift) == before


async def test_a_draft_that_others_have_overtaken_is_not_published(shift: Shift) -> None:
    first, second = await drafted(shift, document()), await drafted(shift, document(claims={"target_seconds": 60}))
    await shift.do(rules.publish, first)
    assert await refused(shift, rules.publish, second) == "rules_moved_on"
    assert await refused(shift, rules.draft, document(), based_on=0) == "rules_moved_on"


async def test_only_a_draft_is_published_or_discarded(shift: Shift) -> None:
    await published(shift, document())
    await published(shift, document())
    unwanted = await drafted(shift, document())
    await shift.do(rules.discard, unwanted)
    before = await everything(shift)
    await shift.do(rules.discard, unwanted)
    assert await everything(shift) == before, "discarding twice is once"
    assert await shift.story(str(unwanted)) == ["drafted", "discarded"]
    for action, version, code in (
        (rules.publish, 1, "not_a_draft"),
        (rules.publish, unwanted, "not_a_draft"),
        (rules.publish, 99, "unknown_rules"),
        (rules.discard, 1, "not_a_draft"),
        (rules.discard, 2, "not_a_draft"),
        (rules.roll_back, unwanted, "never_live"),
        (rules.roll_back, 99, "unknown_rules"),
    ):
        assert await refused(shift, action, version) == code, (action, version)


async def test_rolling_back_makes_a_new_version_of_the_old_rules_and_publishes_it(shift: Shift) -> None:
    await published(shift, document(claims={"target_seconds": 60}))
    await published(shift, document(claims={"target_seconds": 90}))
    row: RuleSet = await shift.do(rules.roll_back, 1)
    assert (row.version, row.state, row.based_on) == (3, "live", 2)
    assert await states(shift) == {1: "past", 2: "past", 3: "live"}
    assert (await queue(shift, "claims"))["target_seconds"] == 60
    told = await shift.fetch(
        "SELECT kind, data FROM event WHERE subject = 'rules' AND subject_id = '3' ORDER BY version"
    )
    assert [each["kind"] for each in told] == ["drafted", "published"]
    assert told[0]["data"] == {"based_on": 2, "rolled_back_to": 1}
    before = await everything(shift)
    assert (await shift.do(rules.roll_back, 3)).version == 3, "what is live stays as it is"
    assert await everything(shift) == before


async def test_wrong_rules_are_refused_with_the_path_of_every_fault(shift: Shift) -> None:
    before = await everything(shift)
    wrong = document(claims={"target_seconds": -1, "overflow": {"after_seconds": 10, "queue": "clams"}})
    wrong["queues"]["sales"]["target_secs"] = 5
    with pytest.raises(Invalid) as caught:
        await shift.do(rules.draft, wrong)
    assert caught.value.code == "wrong_rules"
    faults: Any = caught.value.members["faults"]
    assert {"queues.claims.target_seconds", "queues.sales.target_secs"} <= {fault["path"] for fault in faults}
    assert all(fault["reason"] for fault in faults)
    assert await everything(shift) == before


async def test_rules_have_a_size_and_drafts_a_number(shift: Shift, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MOST_DRAFTS", 2)
    await drafted(shift, document())
    last = await drafted(shift, document())
    assert await refused(shift, rules.draft, document()) == "too_many_drafts"
    await shift.do(rules.discard, last)
    await drafted(shift, document())
    monkeypatch.setattr(rules, "MOST_BYTES", 100)
    assert await refused(shift, rules.draft, document()) == "too_large"
    monkeypatch.setattr(rules, "MOST_BYTES", 1_000_000)
    assert await refused(shift, rules.draft, document(claims={"target_seconds": 2**70})) == "wrong_rules"


@pytest.mark.parametrize("named", ["queue", "overflow", "request_type", "default"])
async def test_what_somebody_still_names_is_not_removed(shift: Shift, named: str) -> None:
    wanted = document(spare=SPARE)
    wanted["request_types"]["lost"] = {"queue": "claims", "letter": "L", "labels": LOST}
    await published(shift, wanted)
    interaction = await shift.arrive(request_type="claim")
    if named == "queue":
        await shift.execute("UPDATE interaction SET queue = 'spare' WHERE id = $1", interaction)
    elif named == "overflow":
        await shift.execute("UPDATE interaction SET overflow_to = 'spare' WHERE id = $1", interaction)
    elif named == "request_type":
        await shift.execute("UPDATE interaction SET request_type = 'lost' WHERE id = $1", interaction)
    else:
        await shift.execute("UPDATE organisation SET default_request_type = 'lost'")
    smaller = await drafted(shift, document())
    assert await refused(shift, rules.publish, smaller) == "still_named"


async def test_a_queue_nothing_names_goes_with_its_rules(shift: Shift) -> None:
    await published(shift, document(spare=SPARE))
    await published(shift, document())
    assert await queue(shift, "spare") is None


async def test_of_two_who_publish_at_once_one_is_told_that_the_rules_moved_on(shift: Shift) -> None:
    for _ in range(5):
        versions = [await drafted(shift, document(claims={"target_seconds": 60 + each})) for each in range(4)]
        ended = await asyncio.gather(*(attempt(shift.db, version) for version in versions))
        assert sorted(ended) == ["published", "rules_moved_on", "rules_moved_on", "rules_moved_on"]
        for version, state in (await states(shift)).items():
            if state == "draft":
                await shift.do(rules.discard, version)


async def attempt(db: Database, version: int) -> str:
    try:
        async with db.session() as session:
            await rules.publish(session, version, actor=SUPERVISOR, now=await now(session))
    except Conflict as conflict:
        return conflict.code
    return "published"


async def test_drafts_made_at_once_have_numbers_of_their_own(shift: Shift) -> None:
    made = await asyncio.gather(*(drafted(shift, document()) for _ in range(8)))
    assert sorted(made) == list(range(1, 9))


async def test_a_version_is_read_once_and_kept(shift: Shift, monkeypatch: pytest.MonkeyPatch) -> None:
    await published(shift, document())
    async with shift.db.session() as session:
        assert await rules_for(session) is await rules_for(session)
    async with shift.db.connection() as connection:
        found = await live_rules(connection)
        assert found is await live_rules(connection)
        assert found is await rules_of(connection, 1)


async def test_the_hours_of_a_queue_stand_in_its_row_and_come_back_from_it(shift: Shift) -> None:
    hours = {"mon": ["09:00-13:00", "14:00-24:00"], "exceptions": {"2027-03-20": []}, "holidays": "PK"}
    await published(shift, document(claims={"hours": hours}))
    assert (await queue(shift, "claims"))["hours"] == {
        "timezone": "Asia/Karachi",
        "mon": [["09:00", "13:00"], ["14:00", "00:00"]],
        "exceptions": {"2027-03-20": []},
        "holidays": "PK",
    }
    async with shift.db.connection() as connection:
        written = (await live_rules(connection)).queues["claims"].hours
        stands = (await rules_of(connection, 0)).queues["claims"].hours
    assert written is not None
    assert stands is not None
    assert (stands.weekly, stands.exceptions, stands.holidays) == (written.weekly, written.exceptions, written.holidays)


@pytest.mark.parametrize(
    ("said", "mistake"),
    [
        ({"fone": {"units": 1}}, "channels.fone: there is no such channel"),
        ({"email": {"interrupts": True}}, "channels.email.interrupts: is for live work only"),
        ({"phone": {"beside_live": True}}, "channels.phone.beside_live: is for written work only"),
    ],
)
async def test_a_rule_for_a_channel_that_it_would_never_touch_is_refused(
    shift: Shift, said: dict[str, Any], mistake: str
) -> None:
    with pytest.raises(Invalid) as caught:
        await shift.do(rules.draft, {**document(), "channels": said})
    assert (caught.value.code, str(caught.value).partition(",")[0]) == ("wrong_rules", mistake)
    assert await states(shift) == {}
    await drafted(shift, {**document(), "channels": {"phone": {"interrupts": True}, "email": {"beside_live": True}}})
