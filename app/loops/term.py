"""One term of the dispatcher: a floor built from the tables, kept true by following the events, planned and written.

Decides in which order these things happen and what is read again. What goes to whom, `routing` decides; whether it still
holds when it is written, `app.actions.offers.offer`. All of it happens in one task over one connection, so that what is placed
on the floor is never older than what was followed.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from app import convert
from app.actions.offers.offer import WRITE, Made, Wanted, offer
from app.loops.comparing import SLICE, Comparing
from app.loops.loading import PAGE, Loader
from app.loops.measures import Measures
from app.queries.line import floor as queries
from app.queries.rules import live_rules
from routing.entry import kinds
from routing.floor import Floor
from routing.lifecycle import WAITING_STATES

log = logging.getLogger(__name__)

PLAN_LIMIT = 500
"""Offers per transaction: enough to be fast, few enough that nobody waits long for its locks. Where a plan was cut short by
it, the next is made while this one is written, so what is written was planned at most two writes ago."""
SENDING_SECONDS = 0.001
"""A statement of a whole plan is on its way by then."""
POLL_SECONDS = 0.5
COMPARE_SECONDS = 0.25
COMPARE_BUSY_SECONDS = 2.0
"""Between two slices while there is something to do: nobody should wait for them, but they must not starve either."""
READ_AGAIN = 1_000
CLOCK_BACK_SECONDS = 5.0
"""A smaller step back is waited out: the floor keeps the latest instant it was told."""
LOCKED_SECONDS = (0.01, 0.16)
"""First and longest pause after a plan of which nothing could be written: somebody else works on those rows just now."""


class EpochChanged(Exception):
    """The database is another than the one this floor was built from: build it anew."""


class ClockSetBack(Exception):
    """The database's clock went back: this floor has let happen what is yet to come. Build it anew."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pause:
    """What a cycle made, and how long to rest: at least so long, and at most so long if nobody rings."""

    made: int
    least_seconds: float = 0.0
    most_seconds: float = POLL_SECONDS


@dataclass(frozen=True, kw_only=True, slots=True)
class Planned:
    """A plan that was not written yet, with the versions it was made on; `cut`: the limit ended it, there is more."""

    wanted: list[Wanted]
    wake_at: float | None
    cut: bool


class Term:
    """See the module's own words. `await open()`, then `cycle()` again and again; after an error, a new term."""

    def __init__(
        self, connection: asyncpg.Connection, *, measures: Measures, write: str = WRITE, limit: int = PLAN_LIMIT
    ) -> None:
        self._measures = measures
        self.floor = Floor()
        self.versions: dict[UUID, int] = {}
        """The version of each interaction on the floor: what it was planned on must still hold when it is written."""
        self._staff_versions: dict[str, int] = {}
        self._connection = connection
        self._write = write
        self._limit = limit
        self._own: list[str] = []
        self._stale: set[UUID] = set()
        self._stale_staff: set[str] = set()
        self._suspects: set[UUID] = set()
        self._loader = Loader(connection)
        self._comparing = Comparing(connection, self.versions)
        self._compared = self._offered = time.monotonic()
        self._locked_seconds = 0.0
        self._latest = 0.0
        self._ahead: Planned | None = None

    @property
    def loaded(self) -> bool:
        """Whether everybody who waited when the term began is on the floor."""
        return self._loader.done

    async def open(self) -> None:
        """Where to follow from, who works, and the earliest due of every queue; the rest comes with the cycles."""
        self._seen = await queries.seen_now(self._connection)
        await self._expect()
        code = ""
        while rows := await queries.staff_after(self._connection, code, limit=SLICE):
            self._seat(rows)
            code = rows[-1]["code"]
        for queue in await queries.queues(self._connection):
            self._place(await self._loader.first(queue))

    async def cycle(self) -> Pause:
        """Follow, load a page, plan, write. Raises `EpochChanged`, `ClockSetBack`."""
        now = await self._follow()
        await self._load()
        ahead, self._ahead = self._ahead, None
        planned = ahead or self._plan(now)
        made = await self._offer(planned, now=now)
        await self._compare()
        self._measures.floor.set(len(self.floor))
        return self._pause(planned, made, now=now, more=ahead is not None or self._ahead is not None)

    async def _follow(self) -> float:
        """Bring the floor up to date; returns the database's clock."""
        changes = await queries.changes(self._connection, self._seen, own=self._own, limit=READ_AGAIN)
        if changes.seen.epoch != self._seen.epoch:
            raise EpochChanged
        if changes.now < self._latest - CLOCK_BACK_SECONDS:
            raise ClockSetBack
        self._latest = max(self._latest, changes.now)
        self._seen, self._own = changes.seen, []
        self._count_corrections(changes.interactions)
        if changes.rows is not None:
            self._place(changes.rows)
            self._stale.difference_update(changes.interactions)
        else:
            self._stale.update(changes.interactions)
        if changes.rules:
            await self._expect()
        await self._read_again(self._stale, self._stale_staff.union(changes.staff))
        return changes.now

    async def _expect(self) -> None:
        """Tell the floor which kinds of work there are: for them it keeps representatives free."""
        self.floor.expect(kinds(await live_rules(self._connection)))

    def _count_corrections(self, told: Iterable[UUID]) -> None:
        """What looked different and was told of by now was only a moment ahead of us; the rest nobody ever told."""
        if untold := self._suspects.difference(told):
            self._measures.corrections.inc(len(untold))
            log.warning("the comparing puts right %d rows that no event told of", len(untold))
        self._suspects = set()

    async def _read_again(self, interactions: Collection[UUID], staff: Collection[str]) -> None:
        self._stale, self._stale_staff = set(), set()
        ids = list(interactions)
        for start in range(0, len(ids), READ_AGAIN):
            self._place(await queries.interactions(self._connection, ids[start : start + READ_AGAIN]))
        if staff:
            self._seat(await queries.staff(self._connection, list(staff)))

    async def _load(self) -> None:
        if self._loader.done:
            return
        rows = await self._loader.page()
        self._place(rows)
        if len(rows) == PAGE:
            # What is on the floor stays: a million of them need not be looked through for garbage again and again.
            gc.freeze()

    def _place(self, rows: Iterable[asyncpg.Record]) -> None:
        for row in rows:
            if row["state"] in WAITING_STATES:
                self.versions[row["id"]] = row["version"]
                self.floor.place(convert.waiting(row))
            else:
                self.versions.pop(row["id"], None)
                self.floor.remove(row["id"])

    def _seat(self, rows: Iterable[asyncpg.Record]) -> None:
        for row in rows:
            if row["presence"] == "offline" or row["retired"]:
                self._staff_versions.pop(row["code"], None)
                self.floor.dismiss(row["code"])
            else:
                self._staff_versions[row["code"]] = row["version"]
                self.floor.staff(convert.staff(row))

    def _plan(self, now: float) -> Planned:
        plan = self.floor.plan(now, limit=self._limit, traced=True)
        wanted = [
            Wanted(
                interaction=each.interaction,
                version=self.versions.pop(each.interaction),
                representative=each.representative,
                staff_version=self._staff_versions[each.representative],
                trace=convert.trace_text(each.trace) if each.trace is not None else None,
            )
            for each in plan.offers
        ]
        return Planned(wanted=wanted, wake_at=plan.wake_at, cut=len(wanted) == self._limit)

    async def _offer(self, planned: Planned, *, now: float) -> int:
        """Write it, and plan on meanwhile where there is more: the database and we are two."""
        if not planned.wanted:
            return 0
        writing = asyncio.ensure_future(offer(self._connection, planned.wanted, write=self._write))
        try:
            if planned.cut:
                await asyncio.sleep(SENDING_SECONDS)
                ahead = self._plan(now)
                self._ahead = ahead if ahead.wanted else None
        finally:
            made = await writing
        self._own.append(made.xid)
        self._offered = time.monotonic()
        self._drop_out(planned.wanted, made)
        return len(made.interactions)

    def _drop_out(self, wanted: Sequence[Wanted], made: Made) -> None:
        """Rows that changed meanwhile: the floor took them for given, so they are read again before the next plan."""
        missed = [each for each in wanted if each.interaction not in made.interactions]
        self._stale.update(each.interaction for each in missed)
        self._stale_staff.update(each.representative for each in missed)
        self._measures.offers.inc(len(made.interactions))
        self._measures.dropped.inc(len(missed))

    async def _compare(self) -> None:
        now = time.monotonic()
        pause = COMPARE_BUSY_SECONDS if now - self._offered < COMPARE_BUSY_SECONDS else COMPARE_SECONDS
        if not self.loaded or self._ahead is not None or now - self._compared < pause:
            return
        different = await self._comparing.different()
        self._suspects = different - self._stale
        self._stale |= different
        self._seat(await self._comparing.staff())
        self._compared = time.monotonic()

    def _pause(self, planned: Planned, made: int, *, now: float, more: bool) -> Pause:
        """`more`: what was followed in this cycle has not been planned, or what is planned not been written."""
        if planned.wanted and not made:
            first, longest = LOCKED_SECONDS
            self._locked_seconds = min(longest, self._locked_seconds * 2 or first)
            return Pause(made=0, least_seconds=self._locked_seconds, most_seconds=self._locked_seconds)
        self._locked_seconds = 0.0
        if self._stale or more or not self.loaded:
            return Pause(made=made, most_seconds=0.0)
        wait = POLL_SECONDS if planned.wake_at is None else planned.wake_at - now
        return Pause(made=made, most_seconds=min(POLL_SECONDS, max(0.0, wait)))
