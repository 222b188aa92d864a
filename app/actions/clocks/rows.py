"""The clocks of some cases, as rows that start, pause, move and end; each change with its event and its timers.

Decides what a change of a clock does to its row, and that a clock whose time was up before is late, whatever is heard of it
afterwards. Which event means what is decided elsewhere. The caller holds the locks of the cases.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import Final, Self
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.clocks.alarms import end_alarms_of
from app.actions.record import advance
from app.actions.timers import NewTimer, cancel_timers, set_timers
from app.db import uuid7
from app.queries.cases.clocks import WorkingTimes, working_times
from app.security import SYSTEM
from app.tables import Case, Clock
from routing.lifecycle import CLOCK, NEW
from routing.resolution.clocks import RESPONSES, ClockKind, Reading, due_at, near_at, spent_at, target
from routing.rules import Rules

WARNING: Final = "clock_warning"
BREACH: Final = "clock_breach"
ESCALATION: Final = "clock_escalation"
OPEN: Final = ("open", "awaiting_customer", "checking")
"""States of a case in which something is still owed."""


class Clocks:
    """`await Clocks.of(session, cases, rules, now)`, then any changes, then `await save()`."""

    def __init__(self, session: AsyncSession, rules: Rules, times: WorkingTimes, now: datetime) -> None:
        self.session, self.rules, self.times, self.now = session, rules, times, now
        self._known: dict[UUID, list[Clock]] = {}
        self._cases: dict[UUID, Case] = {}
        self._timers: dict[str, NewTimer | None] = {}
        self._done: list[Clock] = []

    @classmethod
    async def of(cls, session: AsyncSession, cases: Iterable[Case], rules: Rules, now: datetime) -> Self:
        """All clocks these cases have or had. The cases are locked."""
        made = cls(session, rules, await working_times(session, rules), now)
        made._cases = {case.id: case for case in cases}
        made._known = {case_id: [] for case_id in made._cases}
        chosen = select(Clock).where(col(Clock.case_id).in_(list(made._cases))).order_by(col(Clock.id))
        for clock in await session.exec(chosen.execution_options(populate_existing=True)):
            made._known[clock.case_id].append(clock)
        return made

    def case(self, case_id: UUID) -> Case:
        """One of the cases."""
        return self._cases[case_id]

    def had(self, case: Case, kind: ClockKind) -> bool:
        """Whether it ever had such a clock."""
        return any(clock.kind == kind for clock in self._known[case.id])

    def going(self, case: Case, kinds: Collection[ClockKind]) -> list[Clock]:
        """Those that run or are paused."""
        return [
            clock for clock in self._known[case.id] if clock.kind in kinds and CLOCK.allows(clock.state, "clock_met")
        ]

    def owed(self, case: Case, kinds: Collection[ClockKind]) -> list[Clock]:
        """Those whose time was up, and what they are about has not come yet."""
        late = (clock for clock in self._known[case.id] if clock.state == "breached" and clock.late_at is None)
        return [clock for clock in late if clock.kind in kinds]

    def start(self, case: Case, kind: ClockKind, at: datetime, *, spent: float = 0.0) -> None:
        """Start one, if there is such a target and none is going or owed."""
        seconds = target(self.rules.resolution.of(case.request_type).targets, kind)
        if seconds is None or self.going(case, [kind]) or self.owed(case, [kind]):
            return
        clock = Clock(
            id=uuid7(),
            case_id=case.id,
            kind=kind,
            state=NEW,
            target_seconds=seconds,
            spent_seconds=spent,
            started_at=at,
            since=at,
            queue=case.queue,
            rules_version=self.rules.version,
        )
        self._known[case.id].append(clock)
        self._run(clock)
        self._tell(clock, "clock_started")

    def pause(self, case: Case, at: datetime) -> None:
        """The customer's turn. One that is paused already stays as it is: there is one pause at a time."""
        for clock in self._running(case):
            if not self._up(clock, at):
                clock.spent_seconds = spent_at(self._reading(clock), at.timestamp(), self.times.of(clock.queue))
                clock.since, clock.due_at = max(at, clock.since), None
                self._tell(clock, "clock_paused")

    def resume(self, case: Case, at: datetime) -> None:
        """Our turn again."""
        for clock in self._known[case.id]:
            if clock.state == "paused":
                clock.since = max(at, clock.since)
                self._run(clock)
                self._tell(clock, "clock_resumed")

    def meet(self, case: Case, kinds: Collection[ClockKind], at: datetime) -> None:
        """What they are about has come: in time, or late."""
        for clock in self.owed(case, kinds):
            if clock.ended_at is not None and at < clock.ended_at:  # it came in time, and was heard of too late
                self._move(clock)
        for clock in self.going(case, kinds):
            if not self._up(clock, at):
                self._end(clock, "clock_met", at)
        for clock in self.owed(case, kinds):
            self._come(clock, at)

    def stop(self, case: Case, kinds: Collection[ClockKind], at: datetime) -> None:
        """There is nothing more to wait for."""
        for clock in self.going(case, kinds):
            if not self._up(clock, at):
                self._end(clock, "clock_stopped", at)
        for clock in self.owed(case, kinds):
            self._come(clock, at)

    def breach(self, clock: Clock) -> None:
        """Its time is up, at the instant it was due. Escalations begin to count."""
        assert clock.due_at is not None, "only a clock that runs is up"
        rule = self.rules.resolution.of(self._cases[clock.case_id].request_type).targets
        clock.ended_at, clock.due_at = clock.due_at, None
        self._tell(clock, "clock_breached", at=clock.ended_at)
        time = self.times.of(clock.queue)
        for step, escalation in enumerate(rule.escalate):
            due = time.after(clock.ended_at.timestamp(), escalation.after_seconds)
            self._set(ESCALATION, f"{ESCALATION}:{clock.id}:{step}", clock, due)

    def measure_anew(self, case: Case) -> None:
        """By the rules as they are now: what was spent before the last pause stays, the rest is due by the new calendar."""
        rule = self.rules.resolution.of(case.request_type).targets
        for clock in [*self.going(case, _ALL), *self.owed(case, _ALL)]:
            seconds = target(rule, _kind(clock))
            if seconds is None:
                self.stop(case, [_kind(clock)], self.now)
                continue
            clock.rules_version = self.rules.version
            changed = (clock.target_seconds, clock.queue) != (seconds, case.queue)
            clock.target_seconds, clock.queue = seconds, case.queue
            if clock.state == "paused":
                if changed:
                    self._tell(clock, "clock_moved")
            elif clock.state == "running":
                self._move_running(clock, changed=changed)
            elif self._due(clock) > self.now:
                self._move(clock)
        self._start_missing(case)
        case.clocks_version = self.rules.version

    async def save(self) -> None:
        """Write rows and timers, and close the alarms of what is done."""
        for clocks in self._known.values():
            self.session.add_all(clocks)
        await self.session.flush()
        await set_timers(self.session, [timer for timer in self._timers.values() if timer is not None])
        await cancel_timers(self.session, [key for key, timer in self._timers.items() if timer is None])
        await end_alarms_of(self.session, self._done, now=self.now)
        self._timers, self._done = {}, []

    def _start_missing(self, case: Case) -> None:
        """A target that is new counts from now: nobody has counted before."""
        if case.queue is None or case.merged_into is not None or case.state not in OPEN:
            return
        if case.first_answer_at is None and not self.had(case, "first_response"):
            self.start(case, "first_response", self.now)
        self.start(case, "resolution", self.now)
        if case.state == "awaiting_customer":
            self.pause(case, self.now)

    def _running(self, case: Case) -> list[Clock]:
        return [clock for clock in self._known[case.id] if clock.state == "running"]

    def _up(self, clock: Clock, at: datetime) -> bool:
        """Whether its time was up by then; then it is late from that moment on, whenever that is heard of."""
        if clock.due_at is None or clock.due_at >= at:
            return False
        self.breach(clock)
        return True

    def _come(self, clock: Clock, at: datetime) -> None:
        """Late, and never by less than nothing: the clock may have been set back since."""
        clock.late_at = max(at, clock.ended_at) if clock.ended_at is not None else at
        self._done.append(clock)

    def _end(self, clock: Clock, event: str, at: datetime) -> None:
        if clock.state == "running":
            clock.spent_seconds = spent_at(self._reading(clock), at.timestamp(), self.times.of(clock.queue))
        clock.due_at, clock.ended_at = None, max(at, clock.started_at)
        self._tell(clock, event)
        self._done.append(clock)

    def _move_running(self, clock: Clock, *, changed: bool) -> None:
        before = clock.due_at
        self._run(clock)
        if changed or clock.due_at != before:
            self._tell(clock, "clock_moved")

    def _move(self, clock: Clock) -> None:
        """What was late is not late any more."""
        clock.ended_at = None
        self._done.append(clock)
        self._run(clock)
        self._tell(clock, "clock_moved")

    def _run(self, clock: Clock) -> None:
        time = self.times.of(clock.queue)
        clock.due_at = self._due(clock)
        self._set(BREACH, f"{BREACH}:{clock.id}", clock, clock.due_at.timestamp())
        share = self.rules.resolution.of(self._cases[clock.case_id].request_type).targets.warn_at
        near = near_at(self._reading(clock), share, time)
        if near is None:
            return
        if near > self.now.timestamp():
            clock.warned_at = None
        if clock.warned_at is None:
            self._set(WARNING, f"{WARNING}:{clock.id}", clock, near)

    def _due(self, clock: Clock) -> datetime:
        return datetime.fromtimestamp(due_at(self._reading(clock), self.times.of(clock.queue)), UTC)

    def _reading(self, clock: Clock) -> Reading:
        return Reading(
            target_seconds=clock.target_seconds,
            spent_seconds=clock.spent_seconds,
            since=clock.since.timestamp(),
        )

    def _set(self, kind: str, key: str, clock: Clock, due: float) -> None:
        moment = datetime.fromtimestamp(due, UTC)
        self._timers[key] = NewTimer(key=key, kind=kind, case_id=clock.case_id, due_at=moment)

    def _tell(self, clock: Clock, event: str, *, at: datetime | None = None) -> None:
        clock.state = CLOCK.after(clock.state, event)
        if clock.state != "running":
            for kind in (WARNING, BREACH):
                self._timers[f"{kind}:{clock.id}"] = None
        due = at or clock.due_at
        fact = {"id": str(clock.id), "clock": clock.kind, "target_seconds": clock.target_seconds}
        fact |= {"due_at": due.isoformat()} if due is not None else {}
        advance(self.session, self._cases[clock.case_id], event, now=self.now, actor=SYSTEM, data=fact)


_ALL: Final[tuple[ClockKind, ...]] = (*RESPONSES, "resolution")


def _kind(clock: Clock) -> ClockKind:
    kind: ClockKind = clock.kind  # type: ignore[assignment]  # the database keeps it to these
    return kind
