"""The demo's own judgement: it must notice what it is there to notice."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from app.cli.demo.edge import Edge
from app.cli.demo.ledger import Ledger, verdict
from app.cli.demo.script import WAYS, script
from app.cli.demo.watch import Watch, share
from app.cli.demo.world import Target, World


def interaction(ref: str, *, identity: str = "1", state: str = "completed", version: int = 1) -> dict[str, Any]:
    return {"ref": ref, "id": identity, "state": state, "version": version}


def ledger_of(*refs: str) -> Ledger:
    ledger = Ledger()
    for ref in refs:
        ledger.acknowledge(ref, way="email", answer={"id": "1", "case_id": "c"})
    return ledger


def event(version: int, kind: str, *, place: str | None = None, data: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "id": place or f"p{version}", "type": f"interaction.{kind}", "subject": "interaction", "subject_id": "1",
        "version": version, "at": f"2026-01-01T00:00:0{version}Z", "actor": "system", "data": data or {},
    }  # fmt: skip


@pytest.fixture
def watch() -> Watch:
    target = Target(url="http://127.0.0.1:1", keys={"SUPERVISOR_KEY": "k"})
    return Watch(World(target=target, edge=Edge(target.url), contacts=[]))


def test_a_contact_that_is_there_once_and_over_is_well() -> None:
    assert list(verdict(ledger_of("a"), [interaction("a"), interaction("somebody else's", state="queued")], {})) == []


def test_a_lost_contact_is_noticed() -> None:
    assert list(verdict(ledger_of("a", "b"), [interaction("a")], {})) == ["lost: email b"]


def test_a_doubled_contact_is_noticed() -> None:
    doubled = [interaction("a"), interaction("a", identity="2")]
    assert list(verdict(ledger_of("a"), doubled, {})) == ["doubled: email a is 1 and 2"]


def test_a_contact_left_behind_is_noticed() -> None:
    assert list(verdict(ledger_of("a"), [interaction("a", state="active")], {})) == [
        "left behind: email a is still active"
    ]


def test_a_repeat_that_is_answered_as_another_contact_is_noticed() -> None:
    ledger = ledger_of("a")
    ledger.acknowledge("a", way="email", answer={"id": "2", "case_id": "c"})
    assert ledger.complaints == ["a was taken twice: as 1 and as 2"]


@pytest.mark.parametrize(
    ("bodies", "words"),
    [(["(a) hello"], []), ([], ["lost: letter a"]), (["(a)", "(a)"], ["doubled: letter a stands 2 times on its case"])],
)
def test_a_second_letter_stands_once_on_its_case(bodies: list[str], words: list[str]) -> None:
    ledger = Ledger()
    ledger.acknowledge("a", way="email", answer={"id": "1", "case_id": "c"}, follows="first")
    assert list(verdict(ledger, [], {"c": bodies})) == words


def test_events_are_folded_by_version_in_whatever_order_they_come(watch: Watch) -> None:
    for told in (event(2, "offered"), event(3, "accepted"), event(1, "queued", data={"queue": "claims"})):
        watch._hear(told)
    assert watch.queues() == {"claims": Counter(active=1)}
    assert list(watch.missing([interaction("a", version=3)])) == []
    assert watch.answer_seconds == [2.0]


def test_an_event_that_was_never_told_is_noticed(watch: Watch) -> None:
    for told in (event(1, "queued"), event(3, "accepted")):
        watch._hear(told)
    assert list(watch.missing([interaction("a", version=3)])) == ["feed: 1 is at version 3, heard of 1"]


def test_an_event_that_was_told_twice_is_noticed(watch: Watch) -> None:
    for _ in range(2):
        watch._hear(event(1, "queued", place="p"))
    assert watch._world.ledger.complaints == ["feed: event p was told twice"]


def test_the_same_seed_plays_the_same_hour_and_every_way_in_is_used() -> None:
    hour = script(contacts=200, seconds=60, seed=3)
    assert hour == script(contacts=200, seconds=60, seed=3)
    assert hour != script(contacts=200, seconds=60, seed=4)
    assert {contact.way for contact in hour} == set(WAYS)
    assert {contact.manner for contact in hour} == {"stays", "hangs_up", "no_show", "returns", "writes_again"}
    assert len({contact.ref for contact in hour}) == 200
    assert [contact.at_seconds for contact in hour] == sorted(contact.at_seconds for contact in hour)


def test_shares_of_nothing_are_nothing() -> None:
    assert share([], 0.5) == 0.0
    assert share([3.0, 1.0, 2.0], 0.5) == 2.0
