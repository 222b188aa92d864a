"""The door of a simulated day: where a customer comes to stand, with what needs, and by when due.

Decides nothing itself: `routing.entry` does, with the rules in hand. What it says of one holds for all who are alike, moved
in time, so it is asked once for each kind.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from uuid import UUID

from routing import entry
from routing.entry import Admission, Contact, Filing, QueueNow
from routing.hours import Hours, closes_next, is_open, opens_next
from routing.model import Instant, Needs, Step, Waiting
from routing.rules.model import Exhausted, Rules
from routing.rules.timetable import hours_of
from routing.simulation.clocks import Clock
from routing.simulation.customers import Customer, Profile
from routing.simulation.making import row
from routing.simulation.scenario import Calendar

ANY = UUID(int=0)
LEAST_GRANTS = 5
"""So many head starts of a reason are granted a day, however few come."""

Estimate = Callable[[str], float | None]
"""The high end of the wait, in seconds, of one who joins this queue now."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A filing for one who first stood in line at instant 0: for whoever came at `t`, everything is `t` later."""

    needs: Needs
    steps: tuple[Step, ...]
    due: Instant
    preferred_until: Instant
    exhausted_at: Instant | None
    exhausted: Exhausted | None
    overflow_to: str | None


class Desk:
    """Files everybody who comes."""

    def __init__(self, rules: Rules, calendar: Calendar) -> None:
        self.rules = rules
        self._version = rules.version
        self._hours: dict[str, tuple[Hours, Clock]] = {}
        for code, queue in rules.queues.items():
            if (rule := queue.hours) is not None:
                hours = hours_of(rule, calendar.holidays.get(rule.holidays or "", frozenset()))
                assert hours is not None, "there is a rule"
                self._hours[code] = hours, Clock(calendar, rule.timezone)
        self.plain = {code: not (queue.split or queue.on_entry) for code, queue in rules.queues.items()}
        for code in self._hours:
            self.plain[code] = False
        """Where one simply waits: nothing is asked on entry."""
        self._places: dict[tuple[Profile, str, float, bool], Place] = {}
        self._asked: dict[Profile, str] = {}
        self._arrivals = dict.fromkeys(rules.queues, 0)
        self._granted: dict[tuple[str, str], int] = {}
        self.refused: dict[str, int] = {}
        """Head starts that were not granted, by reason: their share of the day was used up."""

    def asked(self, customer: Customer) -> str:
        """The queue a customer asks for, and now counts as an arrival of."""
        profile = customer.profile
        queue = self._asked.get(profile)
        if queue is None:
            queue = self._asked[profile] = profile.queue or self.rules.requests[profile.request or ""].queue
        self._arrivals[queue] += 1
        return queue

    def admit(self, customer: Customer, queue: str, look: Callable[[str], QueueNow]) -> Admission:
        """The answer to one who comes."""
        chosen = entry.split(self.rules, queue, customer.id)
        if self.plain[chosen]:
            return Admission(then="join", queue=chosen)
        return entry.admit(self.rules, chosen, look)

    def head_start(self, customer: Customer, queue: str) -> float:
        """The seconds granted for their reasons, today's shares being what they are."""
        profile = customer.profile
        seconds = profile.head_start_seconds
        for reason in profile.reasons:
            rule = self.rules.reasons[reason]
            granted = self._granted.get((queue, reason), 0)
            if granted < max(LEAST_GRANTS, rule.share * self._arrivals[queue]):
                self._granted[queue, reason] = granted + 1
                seconds += rule.seconds
            else:
                self.refused[reason] = self.refused.get(reason, 0) + 1
        return seconds

    def file(self, customer: Customer, queue: str, *, now: Instant) -> Waiting:
        """The customer as they wait in this queue; `customer` keeps when that is exhausted.

        Everything counts from when they first stood in line, but for the hold for whom they would rather have: from `now`.
        """
        key = customer.profile, queue, customer.head_start, customer.preferred is not None
        place = self._places.get(key)
        if place is None:
            place = self._places[key] = self._place(*key)
        arrived = customer.arrived
        customer.queue = queue
        customer.exhausts = None if place.exhausted_at is None else arrived + place.exhausted_at
        if not place.steps and customer.preferred is None:
            return row(customer.id, place.needs, due=arrived + place.due, steps=(), rules=self._version)
        return Waiting(
            id=customer.id,
            needs=place.needs,
            due=arrived + place.due,
            steps=tuple([Step(deadline=arrived + step.deadline, needs=step.needs) for step in place.steps]),
            preferred=customer.preferred,
            preferred_until=now + place.preferred_until,
            rules=self.rules.version,
        )

    def place(self, customer: Customer) -> Place:
        """What holds for the customer where they wait now."""
        return self._places[customer.profile, customer.queue, customer.head_start, customer.preferred is not None]

    def hours(self, queue: str, now: Instant) -> QueueNow:
        """Whether a queue is open, and when that changes; nothing else is filled in."""
        if queue not in self._hours:
            return QueueNow()
        hours, clock = self._hours[queue]
        local = clock.local(now)
        if not is_open(hours, local):
            opens = opens_next(hours, local)
            return QueueNow(open=False, opens_at=None if opens is None else clock.instant(opens))
        closes = closes_next(hours, local)
        seconds = None if closes is None else clock.instant(closes) - now
        return QueueNow(closes_in_seconds=None if seconds is None or seconds > 86_400 else seconds)

    def _place(self, profile: Profile, queue: str, head_start: float, preferred: bool) -> Place:
        contact = Contact(
            id=ANY,
            request=profile.request,
            channel=profile.channel,
            live=profile.live,
            units=profile.units,
            language=profile.language,
            office=profile.office,
            head_start_seconds=head_start,
            preferred="somebody" if preferred else None,
        )
        filing: Filing = entry.file(self.rules, contact, queue=queue)
        return Place(
            needs=filing.needs,
            steps=filing.steps,
            due=filing.due,
            preferred_until=filing.preferred_until,
            exhausted_at=filing.exhausted_at,
            exhausted=filing.exhausted,
            overflow_to=filing.overflow_to,
        )


def look(queue: str, *, desk: Desk, now: Instant, waiting: int, on_shift: int, estimate: Estimate | None) -> QueueNow:
    """How a queue stands, as far as the answer on entry depends on it."""
    return replace(
        desk.hours(queue, now),
        waiting=waiting,
        on_shift=on_shift,
        wait_high_seconds=None if estimate is None else estimate(queue),
    )
