"""The floor's law said the slow way: everybody against everybody. What the tests hold the real floor against."""

from __future__ import annotations

from dataclasses import replace

from routing.capacity import could_ever_fit, fits, room, units_of
from routing.explain import rule_out
from routing.model import FOREVER, Instant, Needs, Offer, Ranked, Staff, Trace, Waiting
from routing.needs import meets, standing
from routing.rank import KEYS, NEEDED, ORDERS, Mark, place

REASONS = ("queue", "language", "office", "skills", "capacity", "barred", "declined", "away", "resting", "busy")


class NaiveFloor:
    """No index, no memory of what changed: each plan looks at every pair."""

    def __init__(self, *, kinds: frozenset[Needs] = frozenset()) -> None:
        self.now: Instant = 0.0
        self.kinds = kinds
        self.waiting: dict[int, Waiting] = {}
        self.staff: dict[str, Staff] = {}

    def plan(self, now: Instant) -> list[Offer]:
        """All offers at `now`, in due order, traced and applied."""
        self.now = max(self.now, now)
        offers: list[Offer] = []
        for waiting in sorted(self.waiting.values(), key=lambda each: (each.due, each.id)):
            able = [staff for staff in self.staff.values() if self.could_take(waiting, staff)]
            if not able:
                continue
            chosen = self.in_order(waiting, able)[0]
            offers.append(Offer(interaction=waiting.id, representative=chosen.id, trace=self.trace(waiting, chosen)))
            needs = self.needs(waiting)
            self.staff[chosen.id] = replace(chosen, live=chosen.live + needs.live, units=chosen.units + units_of(needs))
            del self.waiting[waiting.id.int]
        return offers

    def needs(self, waiting: Waiting) -> Needs:
        return standing(waiting.needs, waiting.steps, self.now)[0]

    def could_take(self, waiting: Waiting, staff: Staff) -> bool:
        """Whether this representative may be offered this now."""
        return (
            waiting.not_before <= self.now
            and staff.available
            and staff.resting_until <= self.now
            and staff.id not in self.excluded(waiting) | waiting.barred
            and meets(staff, self.needs(waiting))
            and fits(staff, self.needs(waiting))
            and self.held_for(waiting) in (None, staff.id)
        )

    def excluded(self, waiting: Waiting) -> frozenset[str]:
        """Who must not be asked now."""
        return waiting.excluded if self.now < waiting.excluded_until else frozenset()

    def held_for(self, waiting: Waiting) -> str | None:
        """Whom they wait for alone."""
        staff = self.staff.get(waiting.preferred or "")
        held = (
            staff is not None
            and self.now < waiting.preferred_until
            and staff.available
            and staff.resting_until <= self.now
            and staff.id not in self.excluded(waiting) | waiting.barred
            and meets(staff, self.needs(waiting))
            and could_ever_fit(staff.capacity, self.needs(waiting))
        )
        return waiting.preferred if held else None

    def wake_at(self) -> Instant | None:
        """The next instant at which time alone changes where somebody stands."""
        turns = [
            staff.resting_until for staff in self.staff.values() if staff.available and staff.resting_until > self.now
        ]
        for waiting in self.waiting.values():
            if waiting.not_before > self.now:
                turns.append(waiting.not_before)
                continue
            turns += [step.deadline for step in waiting.steps if step.deadline > self.now]
            if self.excluded(waiting) and waiting.excluded_until != FOREVER:
                turns.append(waiting.excluded_until)
            if self.held_for(waiting) is not None:
                turns.append(waiting.preferred_until)
        return min(turns, default=None)

    def in_order(self, waiting: Waiting, able: list[Staff]) -> list[Staff]:
        """Preferred first, then by the order the needs name."""
        parts = [KEYS.index(key) for key in ORDERS[self.needs(waiting).order]]
        marks = {staff.id: self.mark(staff) for staff in able}
        return sorted(
            able,
            key=lambda staff: (staff.id != waiting.preferred, [marks[staff.id][part] for part in parts], staff.id),
        )

    def trace(self, waiting: Waiting, chosen: Staff) -> Trace:
        """Everybody on the floor, either able or ruled out by their first reason."""
        reasons = {staff.id: rule_out(staff, waiting, now=self.now) for staff in self.staff.values()}
        able = [staff for staff in self.staff.values() if reasons[staff.id] is None]
        counts = [(reason, sum(each == reason for each in reasons.values())) for reason in REASONS]
        return Trace(
            rules=waiting.rules,
            step=sum(step.deadline <= self.now for step in waiting.steps),
            chosen=self.ranked(waiting, chosen),
            runners_up=tuple(
                self.ranked(waiting, staff) for staff in self.in_order(waiting, able) if staff.id != chosen.id
            )[:5],
            ruled_out=tuple(each for each in counts if each[1]),
        )

    def ranked(self, waiting: Waiting, staff: Staff) -> Ranked:
        weight, load, idle_since, _ = self.mark(staff)
        return Ranked(
            representative=staff.id,
            preferred=staff.id == waiting.preferred,
            scarcity=weight * 100 / NEEDED,
            load=load,
            idle_since=idle_since,
        )

    def mark(self, staff: Staff) -> Mark:
        others = self.staff.values()
        holders = [[other for other in others if each in other.languages] for each in staff.languages]
        if staff.office is not None:
            holders.append([other for other in others if other.office == staff.office])
        if self.kinds:
            holders += [[other for other in others if meets(other, kind)] for kind in self.kinds if meets(staff, kind)]
        else:
            holders += [[other for other in others if each in other.queues] for each in staff.queues]
            holders += [
                [other for other in others if any(name == skill and has >= level for name, has in other.skills)]
                for skill, level in staff.skills
            ]
        weight = 0
        for each in holders:
            free = sum(self.room(other) for other in each)
            weight += NEEDED // max(1, free) ** 2
        return weight, *place(staff, staff.units)

    def room(self, staff: Staff) -> int:
        free = staff.available and staff.resting_until <= self.now
        return room(staff.live, staff.units, staff.capacity) if free else 0
