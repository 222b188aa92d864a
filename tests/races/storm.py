"""Everything at once on a few cases: people who do all that can be done to one, each in an order of their own.

Decides what each of them does, and how often: the same on any machine. On what, and who comes first, is left to luck. Never
what must hold afterwards: that the test says.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg
from sqlalchemy.exc import DBAPIError

from app.actions.cases.describe import describe_case
from app.actions.cases.merge import merge, unmerge
from app.actions.cases.reopen import reopen_by_hand
from app.actions.cases.resolve import resolve
from app.actions.cases.split import move, split
from app.actions.checks import decide as checks
from app.actions.contacts.complete import complete
from app.actions.contacts.write import write
from app.actions.customers.describe_visitor import Described, name_visitor, recognise
from app.actions.customers.erase import ask_erasure
from app.actions.customers.merge import merge_customers, unmerge_customers
from app.actions.incidents import attach
from app.actions.incidents import declare as incidents
from app.actions.incidents import reach as incidents_reach
from app.actions.incidents.declare import Change, Told, Touched
from app.actions.line.requeue import park
from app.actions.promises.given import give_promise, move_promise, promise_kept
from app.actions.surveys.ask import answer, say
from app.db import now
from app.errors import RaabtaError
from app.loops.busy import is_busy
from app.tables import Case, Merge, Survey
from channels.base import Arrived, Person, Wrote
from tests.shift import SUPERVISOR, Shift, person
from tests.solving import CHANDRA, CUSTOMER

PEOPLE: Final = [Person(name=f"P{number}", email=f"p{number}@example.test") for number in range(5)]
ACTS: Final = {
    "arrive": 4, "serve": 3, "work": 3, "solve": 3, "answer": 2, "say": 1, "reopen": 1, "merge": 2, "undo": 1, "split": 1,
    "know": 1, "erase": 1, "incident": 2, "promise": 2, "describe": 1, "check": 1, "wait": 1,
}  # fmt: skip
"""What everybody does, and how often, in an order of their own."""
WAITS: Final = (600, 7_200, 90_000, 86_400 * 3)
"""Seconds: until the next promise, the next day, or until a window is over."""


class Somebody:
    """One of those who act. `shift`: the service they use. `number`: which of them they are; the same with the same `seed`."""

    def __init__(self, shift: Shift, number: int, *, seed: int) -> None:
        self.shift, self.number = shift, number
        self.chance = random.Random(seed + number)
        self.did: Counter[str] = Counter()
        """What was tried, refused or not."""
        self.refused: Counter[str] = Counter()

    async def act(self) -> None:
        """All that there is to do. What is refused by one of our own errors was tried; anything else is raised."""
        for name in self._order():
            try:
                await getattr(self, name)()
            except RaabtaError:
                self.refused[name] += 1
            except (DBAPIError, asyncpg.PostgresError) as error:
                if not is_busy(error):  # else the service answers that they may try again
                    raise
                self.refused[name] += 1
            self.did[name] += 1

    async def arrive(self) -> None:
        """A customer turns to us: for the first time, about a known case, or by an answer to an old letter."""
        case, letter = await self._case(), await self._contact("channel = 'email'")
        how, request = self.chance.random(), self.chance.choice(["inquiry", "claim"])
        name = f"{self.number}-{sum(self.did.values())}"
        who: dict[str, Any] = {"person": self.chance.choice(PEOPLE), "content": name, "ref": name, "contact": name}
        if how < 0.2:
            await self.shift.take("walk_in", Arrived(ref=name, contact=name, request_type=request, language="en"))
        elif how < 0.6 or case is None or letter is None:
            await self._write(Wrote(body="Words", language="en", request_type=request, reply_to=_address(who), **who))
        elif how < 0.8:
            await self._write(Wrote(body="More", language="en", reply_to=_address(who), **who), case_id=case["id"])
        else:
            (of,) = await self.shift.fetch('SELECT token FROM "case" WHERE id = $1', letter["case_id"])
            who["contact"] = letter["contact"]
            await self._write(Wrote(body="Again", case_token=of["token"], reply_to=_address(who), **who))

    async def serve(self) -> None:
        """Somebody who is free takes one that waits."""
        waiting, code = await self._contact("state = 'queued'"), self.chance.choice(["esther", "chandra", "ayesha"])
        if waiting is not None and code not in waiting["barred"]:
            try:
                await self.shift.serve(waiting["id"], code)
            except AssertionError:  # somebody else was there first
                self.refused["serve"] += 1

    async def work(self) -> None:
        """Whoever holds one answers, asks, lays it aside or is done with it."""
        held = await self._one(
            "SELECT a.* FROM assignment a JOIN interaction i ON i.id = a.interaction_id"
            " WHERE a.ended_at IS NULL AND i.state IN ('active', 'wrapping') ORDER BY a.id LIMIT 20"
        )
        if held is None:
            return
        contact, how, who = held["interaction_id"], self.chance.random(), person(held["representative"])
        if how < 0.3:
            asks = self.chance.choice([None, "missing_document"])
            await self.shift.do(write, contact, direction="out", subject=None, body="Words", asks=asks, actor=who)
        elif how < 0.4:
            await self.shift.do(park, contact, until=None, reason=None, actor=who)
        else:
            await self.shift.do(complete, contact, outcome=None, actor=who)

    async def solve(self) -> None:
        """A case is called solved."""
        if case := await self._case("state <> 'closed'"):
            await self.shift.do(resolve, case["id"], outcome="mended", root_cause="worn_out")

    async def answer(self) -> None:
        """The customer answers what they were asked, or what they were asked before."""
        if asked := await self._one("SELECT id FROM survey ORDER BY asked_at DESC, id LIMIT 10"):
            solved, mark = self.chance.choice(["yes", "no", "partly"]), self.chance.choice([None, 1, 5])
            async with self.shift.db.session() as session:
                survey, at = await session.get_one(Survey, asked["id"]), await now(session)
                await answer(session, survey, solved=solved, mark=mark, words="Words", actor=CUSTOMER, now=at)

    async def say(self) -> None:
        """The customer speaks on their page, asked or not."""
        if case := await self._case("state IN ('resolved', 'closed')"):
            solved = self.chance.choice(["yes", "no"])
            async with self.shift.db.session() as session:
                row, at = await session.get_one(Case, case["id"]), await now(session)
                await say(session, row, solved=solved, mark=None, words=None, actor=CUSTOMER, now=at)

    async def reopen(self) -> None:
        """A person opens a case again."""
        if case := await self._case("state IN ('resolved', 'closed')"):
            await self.shift.do(reopen_by_hand, case["id"], reason="told", words="Again")

    async def merge(self) -> None:
        """Two cases, or two customers, become one."""
        if self.chance.random() < 0.7:
            one, other = await self._case(), await self._case()
            if one and other:
                await self.shift.do(merge, one["id"], other["id"], reason=None)
        else:
            first, second = await self._customer(), await self._customer()
            if first and second:
                await self.shift.do(merge_customers, first, second, reason=None)

    async def undo(self) -> None:
        """What became one is two again."""
        made = await self._one("SELECT id, kind FROM merge WHERE undone_at IS NULL ORDER BY made_at DESC, id LIMIT 5")
        if made is not None:
            async with self.shift.db.session() as session:
                row, part = await session.get_one(Merge, made["id"]), unmerge_customers
                if made["kind"] == "case":
                    part = unmerge
                await part(session, row, actor=SUPERVISOR, now=await now(session))

    async def split(self) -> None:
        """A contact is about something else: a case of its own, or another one."""
        contact, case = await self._contact(), await self._case()
        if contact and self.chance.random() < 0.5:
            await self.shift.do(split, contact["case_id"], [contact["id"]], reason=None)
        elif contact and case:
            await self.shift.do(move, contact["id"], case["id"], reason=None)

    async def know(self) -> None:
        """A visitor says who they are."""
        visitor, customer = await self._contact("customer_id IS NULL"), await self._customer()
        if visitor and customer and self.chance.random() < 0.5:
            await self.shift.do(recognise, visitor["id"], customer)
        elif visitor:
            await self.shift.do(name_visitor, visitor["id"], Described(name="V"))

    async def erase(self) -> None:
        """Now and then somebody wants to be forgotten."""
        if self.chance.random() < 0.3 and (customer := await self._customer("state = 'known'")):
            await self.shift.do(ask_erasure, customer)

    async def incident(self) -> None:
        """A fault is declared; then it is told of, changed, ended, and cases are put to it and taken off."""
        live, case, at = (
            await self._one("SELECT id FROM incident WHERE state = 'declared'"),
            await self._case(),
            await self._now(),
        )
        requests = self.chance.choice([["inquiry"], ["claim"], ["inquiry", "claim"]])
        told = Told(words={"en": "News."}, promised_at=at + timedelta(hours=self.chance.choice([1, 3])))
        how = self.chance.random()
        if live is None:
            since = at - timedelta(days=2)
            await self.shift.do(incidents.declare, told, Touched(request_types=requests), since=since)
        elif how < 0.25:
            await self.shift.do(incidents.update, live["id"], told)
        elif how < 0.4:
            await self.shift.do(incidents.close, live["id"], {"en": "Over."})
        elif how < 0.55:
            await self.shift.do(incidents.change, live["id"], Change(touched={"request_types": requests}))
        elif how < 0.7 and (customer := await self._customer()):
            await self.shift.do(incidents_reach.tell, live["id"], [customer])
        elif case is not None:
            await self.shift.do(attach.attach if how < 0.85 else attach.detach, live["id"], case["id"])

    async def promise(self) -> None:
        """A time is given, moved, or said to have been kept."""
        due, how = await self._now() + timedelta(minutes=self.chance.choice([1, 60, 600])), self.chance.random()
        standing = await self._one("SELECT id FROM promise WHERE state = 'standing' ORDER BY id DESC LIMIT 30")
        case = await self._case()
        if case and (how < 0.5 or standing is None):
            kind = self.chance.choice(["news", "solution"])
            given: dict[str, Any] = {"kind": kind, "due_at": due, "words": "Words", "representative": "esther"}
            await self.shift.do(give_promise, case["id"], **given)
        elif standing and how < 0.8:
            await self.shift.do(move_promise, standing["id"], due_at=due, reason="part_missing", words=None, tell=True)
        elif standing:
            await self.shift.do(promise_kept, standing["id"])

    async def describe(self) -> None:
        """Another owner, another area, another request."""
        if case := await self._case():
            said = {
                "owner": self.chance.choice(["esther", "bilal", None]),
                "area": self.chance.choice(["north", "south"]),
                "request_type": self.chance.choice(["inquiry", "claim"]),
            }
            await self.shift.do(describe_case, case["id"], said)

    async def check(self) -> None:
        """A second person looks."""
        found = await self._one(
            "SELECT id, state FROM second_check WHERE state IN ('waiting', 'taken') ORDER BY id LIMIT 20"
        )
        if found is None:
            return
        how = self.chance.random()
        if found["state"] == "waiting":
            await self.shift.do(checks.take, found["id"], actor=CHANDRA)
        elif how < 0.5:
            await self.shift.do(checks.approve, found["id"], actor=CHANDRA)
        elif how < 0.75:
            await self.shift.do(checks.send_back, found["id"], comment="No", actor=CHANDRA)
        else:
            await self.shift.do(checks.drop, found["id"], actor=CHANDRA)

    async def wait(self) -> None:
        """Time passes."""
        await self.shift.pass_time(self.chance.choice(WAITS))

    def _order(self) -> Iterator[str]:
        names = [name for name, often in ACTS.items() for _ in range(often)]
        self.chance.shuffle(names)
        return iter(names)

    async def _write(self, letter: Wrote, case_id: UUID | None = None) -> None:
        await self.shift.take("email", letter, case_id=case_id)

    async def _one(self, query: str, *args: object) -> Any:
        rows = await self.shift.fetch(query, *args)
        return self.chance.choice(rows) if rows else None

    async def _case(self, where: str = "true") -> Any:
        return await self._one(f'SELECT * FROM "case" WHERE {where} ORDER BY opened_at DESC, id LIMIT 10')

    async def _contact(self, where: str = "true") -> Any:
        return await self._one(f"SELECT * FROM interaction WHERE {where} ORDER BY arrived_at DESC, id LIMIT 15")

    async def _customer(self, where: str = "true") -> UUID | None:
        found = await self._one(f"SELECT id FROM customer WHERE {where} ORDER BY id DESC LIMIT 6")
        return found["id"] if found else None

    async def _now(self) -> Any:
        return (await self.shift.fetch("SELECT wall_clock() AS at"))[0]["at"]


def _address(who: dict[str, Any]) -> str:
    return str(who["person"].email)
