"""Whatever is done, in whatever order, by however many at once: every promise the tables can show is kept after it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg

from app.actions.cases.resolve import resolve
from app.actions.contacts.cancel import cancel
from app.actions.contacts.complete import complete
from app.actions.contacts.depart import depart, no_show
from app.actions.contacts.write import write
from app.actions.line.callback import request_callback, unreached
from app.actions.line.requeue import come_back, hand_back, park, transfer, wake
from app.actions.offers.accept import accept
from app.actions.offers.assign import assign
from app.actions.offers.consult import consult, hand_over
from app.actions.offers.expire import expire
from app.actions.offers.offer import Wanted, offer
from app.actions.offers.pull import pull
from app.actions.offers.reject import reject
from app.actions.representatives.bar import Whose, bar, unbar
from app.actions.representatives.let_go import let_go
from app.actions.representatives.presence import set_presence
from app.actions.representatives.wrap_up import wrap_up
from app.errors import Conflict, Forbidden, Invalid, NotFound, RaabtaError
from app.loops.bars import Bars
from app.loops.stepping import Exhaustion, Stepping
from app.loops.waking import Waking
from app.security import Actor
from channels.base import Arrived, Connected, Disconnected, Ended, Failed, Left, Person, Returned, Wrote
from tests.office import QUEUES, REPRESENTATIVES, REQUEST_TYPES
from tests.shift import SUPERVISOR, Shift, person

EXPECTED: Final = (Conflict, Forbidden, Invalid, NotFound)
STAFF: Final = tuple(REPRESENTATIVES)
BATCH: Final = 50

Step = Callable[[], Awaitable[Any]]


class Walker:
    """Does one thing after another, drawn by chance; what it may not do must be refused, and that is all."""

    def __init__(self, shift: Shift, chance: random.Random, *, name: str) -> None:
        self.shift = shift
        self.chance = chance
        self.name = name
        self.did: list[str] = []
        self.refused = 0
        self.steps: dict[str, tuple[int, Step]] = {
            "arrive": (5, self.arrive),
            "offer": (14, self.offer),
            "answer": (12, self.answer),
            "serve": (10, self.serve),
            "move": (5, self.move),
            "signal": (8, self.signal),
            "letter": (4, self.letter),
            "presence": (4, self.presence),
            "resolve": (2, self.resolve),
            "timers": (4, self.timers),
            "more": (7, self.more),
            "colleague": (3, self.colleague),
            "next": (2, self.next),
        }

    async def walk(self, steps: int) -> None:
        names = list(self.steps)
        weights = [self.steps[name][0] for name in names]
        for _ in range(steps):
            (name,) = self.chance.choices(names, weights)
            self.did.append(name)
            try:
                await self.steps[name][1]()
            except EXPECTED as refused:
                self.refused += 1
                self.did.append(f"  refused: {refused.code}")
            except RaabtaError as error:
                error.add_note(f"{self.name} did {self.did[-20:]}")
                raise
            except Exception as error:
                error.add_note(f"{self.name} did {self.did[-20:]}")
                raise

    async def arrive(self) -> None:
        channel = self.chance.choice(("walk_in", "phone", "email", "console"))
        kind: str | None = self.chance.choice(list(REQUEST_TYPES))
        if channel == "phone" and self.chance.random() < 0.5:
            kind = None
        case_id = None
        if self.chance.random() < 0.3:
            case_id = (await self._any('SELECT id FROM "case" ORDER BY id'))["id"]
        needs = ("elderly",) if self.chance.random() < 0.2 else ()
        sana = Person(email=f"sana{self.chance.randrange(3)}@example.test", needs=needs)
        await self.shift.arrive(channel, kind, case_id=case_id, person=sana)

    async def offer(self) -> None:
        """As the dispatcher does, with versions that may be stale by now; several at once."""
        rows = await self.shift.fetch(
            "SELECT i.id, i.version, r.code, r.version AS staff FROM interaction i, representative r"
            " WHERE i.state = 'queued' AND r.presence = 'available' ORDER BY i.id, r.code"
        )
        rows = self.chance.sample(rows, min(len(rows), 3))
        wanted = [
            Wanted(
                interaction=row["id"], version=row["version"], representative=row["code"], staff_version=row["staff"]
            )
            for row in {row["id"]: row for row in rows}.values()
        ]
        async with self.shift.db.transaction() as connection:
            made = await offer(connection, wanted)
        self.did.append(f"  offered {len(made.interactions)} of {len(wanted)}")

    async def answer(self) -> None:
        live = "ended_at IS NULL" if self.chance.random() < 0.9 else "true"
        assignment = (await self._any(f"SELECT id FROM assignment WHERE {live} ORDER BY id"))["id"]
        if self.chance.random() < 0.75:
            await self._do(accept, assignment)
        else:
            await self._do(reject, assignment, reason="busy")

    async def serve(self) -> None:
        action: Any = self.chance.choice((complete, depart, no_show, park, write))
        words: dict[Any, dict[str, Any]] = {
            complete: {"outcome": "answered"}, depart: {"reason": "left"}, no_show: {}, park: {"until": None, "reason": None},
            write: {"direction": self.chance.choice(("out", "note")), "subject": None, "body": "Words"},
        }  # fmt: skip
        await self._do(action, await self._interaction("active"), **words[action])

    async def move(self) -> None:
        action: Any = self.chance.choice((cancel, transfer, wake, come_back, hand_back))
        words: dict[Any, dict[str, Any]] = {
            cancel: {"reason": "asked"}, wake: {}, come_back: {}, hand_back: {"reason": "test"},
            transfer: {
                "queue": self.chance.choice([*QUEUES, None, "nowhere"]),
                "representative": self.chance.choice([*STAFF, None, None, None, "nobody"]),
                "reason": None,
            },
        }  # fmt: skip
        await self._do(action, await self._interaction("queued"), **words[action])

    async def signal(self) -> None:
        row = await self._any("SELECT channel, contact FROM interaction ORDER BY id")
        contact, ref = row["contact"], f"{row['contact']}:{self.chance.randrange(40)}"
        signal = self.chance.choice(
            (
                Ended(ref=ref, contact=contact, reason="completed"),
                Left(ref=ref, contact=contact, reason="left"),
                Returned(ref=ref, contact=contact),
                Connected(ref=ref, contact=contact),
                Disconnected(ref=ref, contact=contact, reason="completed"),
                Failed(ref=ref, contact=contact, reason="busy"),
                Arrived(ref=ref, contact=contact, request_type="order"),
            )
        )
        await self.shift.take(row["channel"], signal)

    async def letter(self) -> None:
        token = (await self._any('SELECT token FROM "case" ORDER BY id'))["token"]
        ref = f"<{self.chance.randrange(60)}>"
        automatic = self.chance.random() < 0.2
        await self.shift.take(
            "email", Wrote(ref=ref, contact=ref, content=ref, body="Words", case_token=token, automatic=automatic)
        )

    async def presence(self) -> None:
        code = self.chance.choice(STAFF)
        status = self.chance.choice(("available", "available", "away", "offline"))
        await self.shift.do(set_presence, code, status=status, reason=None, actor=self._actor())

    async def resolve(self) -> None:
        case = await self._any('SELECT id FROM "case" ORDER BY id')
        await self._do(resolve, case["id"], outcome=None)

    async def timers(self) -> None:
        """All that time brings about; the clock has moved on by a minute or so."""
        if self.chance.random() < 0.5:
            await self.chance.choice((Stepping, Exhaustion, Waking, Bars))(self.shift.db).turn()
            return
        chore: Any = self.chance.choice((expire, wrap_up, let_go))
        async with self.shift.db.transaction() as connection:
            await chore(connection, limit=BATCH)

    async def more(self) -> None:
        """Callbacks, bars, and work given by hand."""
        someone = self.chance.choice(STAFF)
        what = self.chance.choice(("callback", "attempt", "bar", "unbar", "assign"))
        if what == "callback":
            until = datetime.now(UTC) + timedelta(minutes=self.chance.choice((-5, 5)))
            number = self.chance.choice((None, "+923001234567"))
            await self._do(request_callback, await self._interaction("queued"), number=number, at=until)
        elif what == "attempt":
            await self._do(unreached, await self._interaction("active"), result="busy")
        elif what == "assign":
            override = self.chance.choice((None, "asked"))
            waiting = await self._interaction("queued")
            await self.shift.do(assign, waiting, representative=someone, override=override)
        else:
            row = await self._any("SELECT customer_id, case_id FROM interaction ORDER BY id")
            whose = Whose(case_id=row["case_id"])
            if row["customer_id"] is not None and self.chance.random() < 0.5:
                whose = Whose(customer_id=row["customer_id"])
            if what == "bar":
                await self.shift.do(bar, whose, someone, reason="complaint")
            else:
                await self.shift.do(unbar, whose, someone)

    async def colleague(self) -> None:
        asked = await self.shift.fetch(
            "SELECT id, attributes ->> 'consults' AS about FROM interaction WHERE attributes ? 'consults' ORDER BY id"
        )
        if asked and self.chance.random() < 0.6:
            row = self.chance.choice(asked)
            await self._do(hand_over, UUID(row["about"]), consultation=row["id"], reason=None)
        else:
            colleague = self.chance.choice((None, *STAFF))
            await self._do(
                consult,
                await self._interaction("active"),
                representative=colleague,
                queue="inquiries" if colleague is None else None,
                reason=None,
            )

    async def next(self) -> None:
        await self._do(pull, self.chance.choice(STAFF))

    async def _do(self, action: Any, what: Any, **more: Any) -> None:
        await self.shift.do(action, what, actor=self._actor(), **more)

    def _actor(self) -> Actor:
        return SUPERVISOR if self.chance.random() < 0.7 else person(self.chance.choice(STAFF))

    async def _interaction(self, state: str) -> UUID:
        """One in this state if there is any, and now and then any other."""
        rows = await self.shift.fetch("SELECT id, state FROM interaction ORDER BY id")
        fitting = [row for row in rows if row["state"] == state]
        found: UUID = self.chance.choice(fitting if fitting and self.chance.random() < 0.8 else rows)["id"]
        return found

    async def _any(self, query: str) -> asyncpg.Record:
        """One of the rows; where there is none, nothing is to be done."""
        rows = await self.shift.fetch(query)
        if not rows:
            raise NotFound("There is none.")
        return self.chance.choice(rows)


async def begin(shift: Shift) -> None:
    """A few contacts and everybody at work, so that every step finds something."""
    await shift.come_to_work(*STAFF)
    for channel in ("walk_in", "phone", "email"):
        await shift.serve(await shift.arrive(channel), "esther" if channel == "email" else "ayesha" if channel == "phone" else "bilal")  # fmt: skip


async def enough_was_done(shift: Shift, walkers: list[Walker]) -> None:
    """A walk that is always refused, or never goes anywhere, would prove nothing."""
    did = [step for walker in walkers for step in walker.did if not step.startswith("  ")]
    refused = sum(walker.refused for walker in walkers)
    assert 0.02 < refused / len(did) < 0.7
    kinds = {row["kind"] for row in await shift.fetch("SELECT DISTINCT kind FROM event")}
    assert len(kinds) > 15, kinds


async def test_whatever_is_done_in_whatever_order_the_audit_finds_nothing(shift: Shift, seed: int) -> None:
    await begin(shift)
    walker = Walker(shift, random.Random(seed), name="one")
    for _ in range(6):
        await walker.walk(50)
        await shift.pass_time(walker.chance.uniform(1, 200))
        await shift.sound()
    await enough_was_done(shift, [walker])


async def test_many_hands_at_once_keep_every_promise_and_never_wait_in_a_circle(shift: Shift, seed: int) -> None:
    await begin(shift)
    walkers = [Walker(shift, random.Random(seed + number), name=f"hand {number}") for number in range(6)]
    for _ in range(3):
        await asyncio.gather(*(walker.walk(25) for walker in walkers))
        await shift.pass_time(walkers[0].chance.uniform(1, 200))
        await shift.sound()
    await enough_was_done(shift, walkers)
