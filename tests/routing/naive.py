"""The floor's law said the slow way: everybody against everybody. What the tests hold the real floor against."""

from __future__ import annotations

from dataclasses import replace

from routing.capacity import could_ever_fit, fits
from routing.model import FOREVER, Instant, Needs, Offer, Staff, Waiting
from routing.needs import meets, standing
from routing.rank import Mark, mark, scarcity


class NaiveFloor:
    """No index, no memory of what changed: each plan looks at every pair."""

    def __init__(self) -> None:
        self.now: Instant = 0.0
        self.waiting: dict[int, Waiting] = {}
        self.staff: dict[str, Staff] = {}

    def plan(self, now: Instant) -> list[Offer]:
        """All offers at `now`, in due order, applied."""
        self.now = max(self.now, now)
        offers: list[Offer] = []
        for waiting in sorted(self.waiting.values(), key=lambda each: (each.due, each.id)):
            able = [staff for staff in self.staff.values() if self.could_take(waiting, staff)]
            if not able:
                continue
            preferred = [staff for staff in able if staff.id == waiting.preferred]
            chosen = preferred[0] if preferred else min(able, key=self.mark)
            needs = self.needs(waiting)
            self.staff[chosen.id] = replace(chosen, live=chosen.live + needs.live, units=chosen.units + needs.units)
            del self.waiting[waiting.id.int]
            offers.append(Offer(interaction=waiting.id, representative=chosen.id))
        return offers

    def needs(self, waiting: Waiting) -> Needs:
        return standing(waiting.needs, waiting.steps, self.now)[0]

    def could_take(self, waiting: Waiting, staff: Staff) -> bool:
        """Whether this representative may be offered this now."""
        return (
            waiting.not_before <= self.now
            and staff.available
            and staff.id not in self.excluded(waiting)
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
            and staff.id not in self.excluded(waiting)
            and meets(staff, self.needs(waiting))
            and could_ever_fit(staff.capacity, self.needs(waiting))
        )
        return waiting.preferred if held else None

    def wake_at(self) -> Instant | None:
        """The next instant at which time alone changes where somebody stands."""
        turns: list[Instant] = []
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

    def mark(self, staff: Staff) -> Mark:
        weight = sum(scarcity(self._holders(name, level)) for name, level in staff.skills)
        weight += sum(
            scarcity(sum(each in other.languages for other in self.staff.values())) for each in staff.languages
        )
        weight += sum(scarcity(sum(each in other.queues for other in self.staff.values())) for each in staff.queues)
        if staff.office is not None:
            weight += scarcity(sum(other.office == staff.office for other in self.staff.values()))
        return mark(weight, staff.units, staff.capacity, staff.idle_since, staff.id)

    def _holders(self, skill: str, level: int) -> int:
        return sum(any(name == skill and has >= level for name, has in other.skills) for other in self.staff.values())
