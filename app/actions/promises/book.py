"""The promises of some locked cases, and what becomes of them, written together at the end.

Decides that row, event and timers of a promise move together, and that an open case has exactly one standing promise of news.
When that is called for, its users decide. The case is locked by the caller.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.alarms import over
from app.actions.outward.notify import UTC_ZONE, withdraw
from app.actions.record import advance
from app.actions.timers import NewTimer, cancel_timers, set_timers
from app.db import uuid7
from app.queries.customers.ways import places
from app.queries.rules import raw, rules_for
from app.security import SYSTEM, Actor
from app.tables import Case, Promise
from routing.lifecycle import PROMISE
from routing.resolution.promises import NEWS, OPEN_STATES, keeps, looked_at, next_news
from routing.resolution.quiet import leaves
from routing.rules import Rules

NEAR: Final = "promise_near"
DUE: Final = "promise_due"
LEFT: Final = "promise_left"
GRACE: Final = timedelta(seconds=1)
"""So long after its time a promise is held to it: what came at the last moment is on record by then."""


class Book:
    """Open it with the cases; then `make`, `end`, `keep` and `news`, and in the end `write`."""

    def __init__(
        self, session: AsyncSession, rules: Rules, zones: Mapping[str, ZoneInfo], *, now: datetime, actor: Actor
    ) -> None:
        self.session, self.rules, self.now, self.actor = session, rules, now, actor
        self._zones = zones
        self._standing: dict[UUID, list[Promise]] = {}
        self._made: list[Promise] = []
        self._timers: dict[str, NewTimer] = {}
        self._cancelled: set[str] = set()
        self._withdrawn: list[str] = []
        self._over: list[str] = []

    @classmethod
    async def open(
        cls, session: AsyncSession, cases: Collection[UUID], *, now: datetime, actor: Actor = SYSTEM
    ) -> Book:
        """With all that stands for these cases, which the caller has locked."""
        zones = {code: ZoneInfo(zone) for code, zone in (await places(await raw(session))).items()}
        book = cls(session, await rules_for(session), zones, now=now, actor=actor)
        found = select(Promise).where(col(Promise.case_id).in_(cases), Promise.state == "standing")
        again = found.order_by(col(Promise.due_at), col(Promise.id)).execution_options(populate_existing=True)
        for row in await session.exec(again):
            book._standing.setdefault(row.case_id, []).append(row)
        return book

    def standing(self, case_id: UUID, kinds: Collection[str] | None = None) -> list[Promise]:
        """What stands for a case, the earliest first."""
        return [row for row in self._standing.get(case_id, ()) if kinds is None or row.kind in kinds]

    def find(self, promise_id: str, case_id: UUID) -> Promise | None:
        """One that still stands."""
        return next((row for row in self.standing(case_id) if str(row.id) == promise_id), None)

    def called_back(self, interaction_id: UUID) -> Promise | None:
        """The standing promise to call this contact back."""
        every = (row for rows in self._standing.values() for row in rows)
        return next((row for row in every if row.interaction_id == interaction_id), None)

    def zone(self, case: Case) -> ZoneInfo:
        """The zone of the case's office, else of the first."""
        first = next(iter(self._zones.values()), UTC_ZONE)
        return self._zones.get(case.office, first) if case.office else first

    def leaves(self, case: Case) -> datetime:
        """When a notice written now would leave."""
        return leaves(self.now, self.rules.resolution.quiet, self.zone(case))

    def make(
        self,
        case: Case,
        kind: str,
        due_at: datetime,
        *,
        made_at: datetime,
        words: str | None = None,
        representative: str | None = None,
        interaction_id: UUID | None = None,
        promise_id: UUID | None = None,
    ) -> Promise:
        """A time was told. Of news the one that stood is moved to it."""
        row = Promise(
            id=promise_id or uuid7(),
            case_id=case.id,
            interaction_id=interaction_id,
            kind=kind,
            words=words,
            due_at=due_at,
            made_at=made_at,
            made_by=self.actor.label,
            representative=representative,
            state="standing",
        )
        if kind == NEWS:
            for before in self.standing(case.id, {NEWS}):
                self.end(before, case, "promise_moved", at=self.now, reason="promised_anew", moved_to=row.id)
        advance(
            self.session,
            case,
            "promised",
            now=self.now,
            actor=self.actor,
            data={**_fact(row), **_person(representative)},
        )
        self._made.append(row)
        self._standing.setdefault(case.id, []).append(row)
        self._watch(row, case)
        return row

    def move(
        self, row: Promise, case: Case, due_at: datetime, *, reason: str, words: str | None, made_at: datetime
    ) -> Promise:
        """Another time stands in its place; whose word it is stays."""
        after = uuid7()
        self.end(row, case, "promise_moved", at=max(made_at, row.made_at), reason=reason, moved_to=after)
        return self.make(
            case,
            row.kind,
            due_at,
            made_at=made_at,
            words=words or row.words,
            representative=row.representative,
            interaction_id=row.interaction_id,
            promise_id=after,
        )

    def end(
        self,
        row: Promise,
        case: Case,
        event: str,
        *,
        at: datetime,
        reason: str | None = None,
        moved_to: UUID | None = None,
    ) -> None:
        """It stands no more, since `at`: kept, broken, moved or released."""
        row.state = PROMISE.after(row.state, event)
        at = max(at, row.made_at)  # the clock may have been set back since
        row.ended_at, row.reason, row.moved_to = at, reason, moved_to
        fact = {**_fact(row), **({"reason": reason} if reason else {}), **({"to": str(moved_to)} if moved_to else {})}
        advance(self.session, case, event, now=self.now, actor=self.actor, data=fact)
        self._standing[row.case_id].remove(row)
        for key in (NEAR, DUE, LEFT):
            self._timers.pop(f"{key}:{row.id}", None)
            self._cancelled.add(f"{key}:{row.id}")
        if row.kind == NEWS:
            self._withdrawn.append(letter_key(row))
        if row.nudged_at is not None:
            self._over.append(f"{NEAR}:{row.id}")

    def keep(self, row: Promise, case: Case, *, at: datetime, by: str) -> bool:
        """What was promised came at `at`; False: it was too late. What came before the word was given, or with it, is another's."""
        if at <= row.made_at:
            return True
        kept = keeps(row.made_at, row.due_at, at)
        self.end(row, case, "promise_kept" if kept else "promise_broken", at=at if kept else row.due_at, reason=by)
        return kept

    def news(self, case: Case, *, at: datetime, due_at: datetime | None = None) -> Promise | None:
        """The next news are promised, counted from `at`, where the case is open and none are. `due_at`: as it was told.

        Who was forgotten is told nothing any more.
        """
        owed = case.state in OPEN_STATES and case.merged_into is None and case.erased_at is None
        if not owed or self.standing(case.id, {NEWS}):
            return None
        made_at = at
        due = due_at or self.next_news(case, at)
        if due <= self.now + GRACE:  # what was long ago is promised from today on
            made_at, due = self.now, self.next_news(case, self.now)
        return self.make(case, NEWS, due, made_at=made_at, representative=case.owner)

    def next_news(self, case: Case, at: datetime) -> datetime:
        """By when a customer who hears at `at` is to hear again."""
        seconds = self.rules.resolution.of(case.request_type).news_seconds
        return next_news(at, seconds=seconds, quiet=self.rules.resolution.quiet, zone=self.zone(case))

    def set(self, timer: NewTimer) -> None:
        """One more timer, written with the rest."""
        self._timers[timer.key] = timer

    async def write(self) -> None:
        """Everything, in a fixed number of statements. First what ended, so that one news promise stands at any time."""
        await self.session.flush()
        self.session.add_all(self._made)
        await self.session.flush()
        await cancel_timers(self.session, sorted(self._cancelled))
        await set_timers(self.session, list(self._timers.values()))
        await withdraw(self.session, self._withdrawn, now=self.now)
        await over(self.session, self._over, now=self.now)
        self._made, self._timers, self._cancelled, self._withdrawn, self._over = [], {}, set(), [], []

    def _watch(self, row: Promise, case: Case) -> None:
        rule = self.rules.resolution.of(case.request_type)
        look = looked_at(
            row.made_at,
            row.due_at,
            lead_seconds=rule.news_lead_seconds,
            quiet=self.rules.resolution.quiet if row.kind == NEWS else None,
            zone=self.zone(case),
        )
        for kind, at in ((NEAR, look), (DUE, row.due_at + GRACE)):
            self.set(
                NewTimer(kind=kind, key=f"{kind}:{row.id}", due_at=at, case_id=case.id, data={"promise": str(row.id)})
            )


def letter_key(row: Promise) -> str:
    """The key of the notice that says "still working" in time for this promise."""
    return f"news:{row.id}"


def _fact(row: Promise) -> dict[str, str]:
    return {"promise": str(row.id), "kind": row.kind, "due_at": row.due_at.isoformat()}


def _person(representative: str | None) -> dict[str, str]:
    return {"representative": representative} if representative else {}
