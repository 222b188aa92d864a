"""Customers from the door to the offer: they come, wait, lose patience, are called back, try again.

Decides how a simulated customer behaves; where they wait and what happens when nothing helped is the rules'.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from routing.entry import QueueNow
from routing.estimate import wait
from routing.model import Instant
from routing.simulation.customers import Customer, Profile
from routing.simulation.desk import look
from routing.simulation.tally import UNREASONED, Tally
from routing.simulation.times import drawing

if TYPE_CHECKING:
    from routing.simulation.engine import Day


class Line:
    """Everybody who waits, or will again."""

    def __init__(self, day: Day) -> None:
        self._day = day
        self._floor = day.floor
        self._agenda = day.agenda
        self._desk = day.desk
        self._within = day.scenario.within_seconds
        self._counts: dict[tuple[Profile, str], tuple[Tally, ...]] = {}
        self._waits: dict[tuple[Profile, str], tuple[list[float], ...]] = {}
        """The same tallies' waits."""
        self._served = day.slots.served
        self._here = day.here
        self._counted_from = day.counted_from
        self._places = day.scenario.places
        self._closes = day.scenario.calendar.closes
        self._estimates = any(
            rule.when in ("wait", "closing") for queue in day.rules.queues.values() for rule in queue.on_entry
        )

    def enter(self, customer: Customer) -> None:
        """At the door, for the first time or again."""
        day, desk = self._day, self._desk
        customer.asked = queue = desk.asked(customer)
        self._here[customer.number] = customer
        if not desk.plain[queue]:
            answer = desk.admit(customer, queue, self._look)
            queue = answer.queue
            if answer.then == "turn_away":
                self._gone(customer, "turned_away")
                return
            if answer.then == "callback":
                self._call_back(customer)
            if answer.overflowed_from is not None:
                self.count(customer, "overflowed")
        if not customer.attempt and (customer.profile.reasons or customer.profile.head_start_seconds):
            customer.head_start = desk.head_start(customer, queue)
        if customer.returns:
            customer.preferred = self._known(customer, queue)
        customer.state = "waiting"
        customer.row = row = desk.file(customer, queue, now=self._agenda.now)
        self._floor.place(row)
        day.plan()
        if customer.state != "served":
            self._wait(customer)

    def back(self, customer: Customer) -> None:
        """A missed offer is over: back to the old place, with the rest its row now says."""
        assert customer.row is not None
        customer.state = "waiting"
        customer.person = None
        self._floor.place(customer.row)
        if customer.exhausts is not None and customer.exhausts <= self._agenda.now:
            self._mind_exhaustion(customer)

    def count(self, customer: Customer, what: str) -> None:
        """One more of this, if the customer counts."""
        if customer.came >= self._day.counted_from:
            for tally in self._tallies(customer):
                setattr(tally, what, getattr(tally, what) + 1)

    def answered(self, customer: Customer) -> None:
        """Somebody serves them now."""
        if customer.came < self._counted_from:
            return
        seconds = self._agenda.now - customer.came
        self._served.append((customer.came, seconds))
        # Only the waits are kept: how many they are, and how many in time, is counted when the day is over.
        for waits in self._waits.get((customer.profile, customer.asked)) or self._waits_of(customer):
            waits.append(seconds)

    def leave(self, customer: Customer) -> None:
        """Out of the house, served or not."""
        customer.state = "gone"
        customer.person = None
        self._day.ended = self._agenda.now
        del self._here[customer.number]

    def _wait(self, customer: Customer) -> None:
        """Nobody serves them at once: they take a place, if there is one, and wait as long as they will."""
        full = self._places is not None and len(self._floor) > self._places
        if full and customer.state == "waiting" and not customer.calling_back:
            self._floor.remove(customer.id)
            self._gone(customer, "blocked")
            return
        if customer.patience is not None and not customer.calling_back:
            self._agenda.at(customer.came + customer.patience, self._give_up, (customer, customer.attempt))
        self._mind_exhaustion(customer)

    def _give_up(self, timer: tuple[Customer, int]) -> None:
        customer, attempt = timer
        if customer.attempt != attempt or customer.calling_back or customer.state not in ("waiting", "offered"):
            return
        if customer.state == "offered":
            self._day.service.withdraw(customer)
        else:
            self._floor.remove(customer.id)
        seconds = self._agenda.now - customer.came
        if customer.came >= self._day.counted_from:
            self._day.slots.abandoned[self._day.slots.of(customer.came)] += 1
            for tally in self._tallies(customer):
                tally.gave_up.append(seconds)
                if seconds <= tally.within:
                    tally.abandoned_within += 1
        self._gone(customer, "abandoned")
        self._day.plan()

    def _gone(self, customer: Customer, how: str) -> None:
        """Out of the house unserved; perhaps they try again."""
        self.count(customer, how)
        if how != "abandoned" and customer.came >= self._day.counted_from:
            self._day.slots.others[self._day.slots.of(customer.came)] += 1
        self.leave(customer)
        customer.left = self._agenda.now if how == "abandoned" else None
        redial = customer.redial
        if redial is None or customer.attempt >= redial.at_most:
            return
        chance = self._day.streams.moment(f"redial/{customer.number}/{customer.attempt}")
        if chance.random() < redial.chance:
            self._agenda.at(self._agenda.now + drawing(redial.after, chance)(customer.period), self._return, customer)

    def _return(self, customer: Customer) -> None:
        """They try again: within the grace time from their old place, later as anybody."""
        now = self._agenda.now
        if now >= self._closes:
            return
        customer.attempt += 1
        customer.came = now
        grace = self._day.rules.queues[customer.asked].grace_seconds
        if customer.left is None or now - customer.left > grace:
            customer.arrived = now
        patience = None if customer.source is None else customer.source.patience
        if patience is not None:
            chance = self._day.streams.moment(f"patience/{customer.number}/{customer.attempt}")
            customer.patience = drawing(patience, chance)(customer.period)
        customer.misses = 0
        self.count(customer, "returned")
        self.enter(customer)

    def _mind_exhaustion(self, customer: Customer) -> None:
        if customer.exhausts is not None:
            self._agenda.at(customer.exhausts, self._exhausted, (customer, customer.exhausts))

    def _exhausted(self, timer: tuple[Customer, Instant]) -> None:
        """All the steps did not help."""
        customer, instant = timer
        if customer.exhausts != instant:
            return
        if customer.state != "waiting":
            return  # whoever is asked at this moment may still take it; a miss brings this up again
        place = self._desk.place(customer)
        customer.exhausts = None
        if place.exhausted == "overflow" and place.overflow_to is not None:
            self.count(customer, "overflowed")
            customer.row = self._desk.file(customer, place.overflow_to, now=self._agenda.now)
            self._floor.place(customer.row)
            self._mind_exhaustion(customer)
            self._day.plan()
        elif place.exhausted == "callback":
            self._call_back(customer)
        elif place.exhausted == "supervisor":
            self.count(customer, "escalated")

    def _call_back(self, customer: Customer) -> None:
        """They hang up and keep their place."""
        if not customer.calling_back:
            customer.calling_back = True
            self.count(customer, "called_back")

    def _known(self, customer: Customer, queue: str) -> str | None:
        """Whom they would rather have: one of those who serve this queue, by a number that came with them."""
        able = [person for person in self._day.crew.people.values() if queue in person.team.queues]
        return able[int(customer.returns * len(able)) % len(able)].id if able else None

    def _look(self, queue: str) -> QueueNow:
        waiting = self._floor.waiting().get(queue, 0)
        estimate = partial(self._estimate, waiting=waiting) if self._estimates else None
        on_shift = self._day.crew.on_shift.get(queue, 0)
        return look(queue, desk=self._desk, now=self._agenda.now, waiting=waiting, on_shift=on_shift, estimate=estimate)

    def _estimate(self, queue: str, *, waiting: int) -> float | None:
        people = [each for each in self._day.crew.people.values() if each.on and queue in each.team.queues]
        told = wait(
            waiting + 1,
            representatives=len(people),
            busy=sum(each.pieces > 0 for each in people),
            handle_seconds=self._day.rules.queues[queue].mean_handle_seconds,
        )
        return None if told is None else float(told.high_seconds)

    def _waits_of(self, customer: Customer) -> tuple[list[float], ...]:
        found = tuple([tally.waits for tally in self._tallies(customer)])
        self._waits[customer.profile, customer.asked] = found
        return found

    def _tallies(self, customer: Customer) -> tuple[Tally, ...]:
        """Where a customer is counted: in the queue asked for, and under each of their reasons."""
        key = customer.profile, customer.asked
        found = self._counts.get(key)
        if found is None:
            day = self._day
            reasons = customer.profile.reasons or (UNREASONED,)
            for reason in reasons:
                day.reasons.setdefault(reason, Tally(self._within))
            found = self._counts[key] = (day.queues[customer.asked], *(day.reasons[reason] for reason in reasons))
        return found
