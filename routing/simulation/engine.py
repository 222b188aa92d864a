"""One simulated day: customers and representatives meet on the floor the service itself runs.

Decides nothing about routing: `routing.entry` says where one waits, `Floor.plan` who gets whom, `routing.plan` how long a
missed offer rests. Here time passes: people come, answer, finish, lose patience, try again, and go home. Same scenario,
same seed, same day.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from routing.entry import kinds
from routing.floor import Floor
from routing.model import FOREVER, Instant, Offer
from routing.rules.model import Rules
from routing.simulation.agenda import Agenda
from routing.simulation.crew import Crew
from routing.simulation.customers import Customer, crowds
from routing.simulation.desk import Desk
from routing.simulation.line import Line
from routing.simulation.scenario import Scenario
from routing.simulation.service import Service
from routing.simulation.streams import Streams
from routing.simulation.tally import Figures, Slots, Tally, Work

LONGEST_SECONDS = 86_400.0
"""So long after closing whoever is still there is left: a scenario may let work come back for ever."""


class Day:
    """The day's world: everything its parts share."""

    def __init__(self, scenario: Scenario, *, number: int = 0) -> None:
        calendar = scenario.calendar
        self.scenario = scenario
        self.rules: Rules = scenario.rules
        self.streams = Streams(scenario.seed, number)
        self.agenda = Agenda(calendar.opens)
        self.floor = Floor(now=calendar.opens)
        self.floor.expect(kinds(scenario.rules))
        self.crew = Crew(scenario.teams, calendar=calendar, agenda=self.agenda, floor=self.floor, plan=self.plan)
        self.desk = Desk(scenario.rules, calendar)
        self.here: dict[int, Customer] = {}
        """Everybody in the house, by number: waiting, offered or served."""
        self.ended = calendar.opens
        self.offers = 0
        self.counted_from = calendar.opens + calendar.warm_up_seconds
        self.queues = {code: Tally(scenario.within_seconds) for code in scenario.rules.queues}
        self.reasons: dict[str, Tally] = {}
        self.slots = Slots(calendar)
        self.service = Service(self)
        self.line = Line(self)
        self._wake: Instant = FOREVER

    def run(self) -> Figures:
        """From the opening until the last one is gone; what happened."""
        calendar = self.scenario.calendar
        for crowd in crowds(self.scenario, self.streams):
            self._expect(crowd)
        self.agenda.run(calendar.closes)
        if calendar.finish and self.here:
            self.agenda.run_while(self._open, calendar.closes + LONGEST_SECONDS)
        # Where somebody is left, everybody else stayed until nothing could happen any more.
        self.ended = max(self.agenda.now if self.here else self.ended, calendar.closes)
        for customer in self.here.values():
            if not customer.answered:
                self.line.count(customer, "left")
        self.crew.close(self.ended)
        return self._figures()

    def plan(self) -> None:
        """Whoever fits is offered; and when time alone changes something, it is looked at again."""
        plan = self.floor.plan(self.agenda.now)
        offers = plan.offers
        if offers:
            for offer in offers:
                self.offer(offer)
            # Only when all of one plan are made is anybody asked: an answer shows how busy they are now.
            here, ask = self.here, self.service.ask
            for offer in offers:
                ask(here[offer.interaction.int])
        wake = plan.wake_at
        if wake is not None and wake < self._wake:
            self._wake = wake
            self.agenda.at(wake, self._look_again, wake)

    def offer(self, offer: Offer) -> None:
        """One offer of a plan."""
        self.offers += 1
        self.service.offer(self.here[offer.interaction.int], self.crew.people[offer.representative])

    def _look_again(self, wake: Instant) -> None:
        if wake == self._wake:
            self._wake = FOREVER
        self.plan()

    def _open(self) -> bool:
        return bool(self.here)

    def _expect(self, crowd: Iterator[Customer]) -> None:
        customer = next(crowd, None)
        if customer is not None:
            self.agenda.at(customer.came, self._arrive, (customer, crowd))

    def _arrive(self, coming: tuple[Customer, Iterator[Customer]]) -> None:
        customer, crowd = coming
        self.line.enter(customer)
        following = next(crowd, None)
        if following is not None:
            self.agenda.at(following.came, self._arrive, (following, crowd))

    def _figures(self) -> Figures:
        for tally in (*self.queues.values(), *self.reasons.values()):
            tally.settle()
        return Figures(
            queues=self.queues,
            reasons=self.reasons,
            teams={
                team: tuple(Work(busy_seconds=each.busy_seconds, on_seconds=each.on_seconds) for each in members)
                for team, members in self.crew.members.items()
            },
            slots=self.slots.figures(self.scenario.within_seconds),
            offers=self.offers,
            ended=self.ended,
            refused=self.desk.refused,
        )


def simulate_day(scenario: Scenario, number: int = 0) -> Figures:
    """The day with this number: its own weather, the same each time."""
    with _uncollected():
        return Day(scenario, number=number).run()


@contextmanager
def _uncollected() -> Iterator[None]:
    """Nobody who comes and goes leaves a circle behind: looking for circles all day costs a tenth of the time."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
