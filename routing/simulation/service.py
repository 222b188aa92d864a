"""From the offer to the last word: representatives are asked, take it or miss it, serve, and are free again.

Decides how a simulated representative behaves; what a miss means for whoever waits is the service's own rule.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from routing.model import Needs
from routing.plan import EXCLUDED_SECONDS, Cause, back_off
from routing.rules.model import QueueRule
from routing.simulation.customers import Customer
from routing.simulation.scenario import Team
from routing.simulation.times import Draw, drawing

if TYPE_CHECKING:
    from routing.simulation.crew import Person
    from routing.simulation.engine import Day

EXCLUDED_AT_MOST: Final = 16
LATE: Final = frozenset({"no_answer", "unreachable"})
"""Misses that show only when the time to answer is over."""


class Service:
    """Offers and the work that follows."""

    def __init__(self, day: Day) -> None:
        self._day = day
        self._agenda = day.agenda
        self._crew = day.crew
        self._floor = day.floor
        self._answers: dict[str, Draw | None] = {team.name: self._answering(team) for team in day.scenario.teams}
        """How long each team takes to answer; None: at once, and always."""
        self._wrap_up = {code: queue.wrap_up_seconds for code, queue in day.rules.queues.items()}

    def offer(self, customer: Customer, person: Person) -> None:
        """The plan gave this one to that one."""
        customer.state = "offered"
        customer.person = person
        customer.offers += 1
        assert customer.row is not None
        self._crew.take(person, customer.row.needs)

    def ask(self, customer: Customer) -> None:
        """Whoever was offered this one answers, now or later."""
        person = customer.person
        assert person is not None
        answers = self._answers[person.team.name]
        if answers is None:
            self._accept(customer, person)
            return
        chance = self._day.streams.moment(f"answer/{customer.number}/{customer.offers}")
        draw = chance.random()
        cause: str | None = None
        for name, share in person.team.answering.misses:
            draw -= share
            if draw < 0:
                cause = name
                break
        seconds = answers(0)
        timeout = self._rule(customer).offer_timeout_seconds
        if cause in LATE or seconds > timeout:
            cause, seconds = cause or "no_answer", timeout
        self._agenda.at(self._agenda.now + seconds, self._answer, (customer, customer.offers, cause))

    def withdraw(self, customer: Customer) -> None:
        """Whoever was offered them need not answer any more."""
        assert customer.person is not None
        self._crew.release(customer.person, _needs(customer), worked=False)

    def _answer(self, answer: tuple[Customer, int, Cause | None]) -> None:
        customer, offers, cause = answer
        if customer.state != "offered" or customer.offers != offers:
            return
        assert customer.person is not None
        if cause is None:
            self._accept(customer, customer.person)
        else:
            self._miss(customer, customer.person, cause)
            self._day.plan()

    def _accept(self, customer: Customer, person: Person) -> None:
        customer.state = "served"
        person.misses = 0
        if person.capped:
            self._crew.count_against_caps(person)
        seconds = customer.service
        line = self._day.line
        if customer.calling_back and self._unreached(customer):
            return
        customer.answered = True
        if customer.no_show:
            seconds = 0.0 if customer.source is None else customer.source.no_show_seconds
            line.count(customer, "no_shows")
        else:
            line.answered(customer)
            if customer.profile.live:
                seconds += self._wrap_up[customer.queue]
        self._agenda.at(self._agenda.now + seconds, self._finish, customer)

    def _unreached(self, customer: Customer) -> bool:
        """Whether nobody answers this call back; then the next attempt is made from the same place, or it was the last."""
        source = customer.source
        if source is None or not source.unreached:
            return False
        customer.callbacks += 1
        chance = self._day.streams.moment(f"callback/{customer.number}/{customer.callbacks}")
        if chance.random() >= source.unreached:
            return False
        self._agenda.at(self._agenda.now + source.no_show_seconds, self._hang_up, customer)
        return True

    def _hang_up(self, customer: Customer) -> None:
        person, row, now = customer.person, customer.row, self._agenda.now
        assert person is not None
        assert row is not None
        rule = self._rule(customer).callback
        self._crew.release(person, _needs(customer), worked=True)
        if customer.callbacks >= rule.attempts:
            self._day.line.count(customer, "unreached")
            self._day.line.leave(customer)
        else:
            customer.row = replace(row, not_before=now + rule.gap_seconds)
            self._day.line.back(customer)
        self._day.plan()

    def _finish(self, customer: Customer) -> None:
        """Served, wrap-up included: the next one."""
        person = customer.person
        assert person is not None
        self._crew.release(person, _needs(customer), worked=True)
        self._day.line.leave(customer)
        if len(self._floor):  # where nobody waits, nobody can be given anything
            self._day.plan()

    def _miss(self, customer: Customer, person: Person, cause: Cause) -> None:
        """Nobody took it: it rests, and whoever declined is not asked again for a while."""
        now, rule = self._agenda.now, self._rule(customer)
        row = customer.row
        assert row is not None
        self._day.line.count(customer, "missed")
        self._crew.release(person, _needs(customer), worked=False)
        if cause in LATE:
            self._crew.missed(person, at_most=rule.away_after_misses)
        customer.misses += 1
        until = now + self._rest(customer, rule, cause)
        excluded, excluded_until = row.excluded, row.excluded_until
        if cause == "declined" and len(excluded) < EXCLUDED_AT_MOST:
            excluded, excluded_until = excluded | {person.id}, until + EXCLUDED_SECONDS
        customer.row = replace(row, not_before=until, excluded=excluded, excluded_until=excluded_until)
        self._day.line.back(customer)

    def _rest(self, customer: Customer, rule: QueueRule, cause: Cause) -> float:
        if customer.misses < rule.offers_at_most:
            return back_off(cause, customer.misses, first_seconds=rule.back_off_seconds.get(cause))
        customer.misses = 0
        self._day.line.count(customer, "escalated")
        return rule.supervisor_seconds

    def _rule(self, customer: Customer) -> QueueRule:
        return self._day.rules.queues[customer.queue]

    def _answering(self, team: Team) -> Draw | None:
        answering = team.answering
        if answering.after is None and not answering.misses:
            return None
        if answering.after is None:
            return lambda period: 0.0
        return drawing(answering.after, self._day.streams.moment("answers"))


def _needs(customer: Customer) -> Needs:
    """What they cost whoever holds them: that is the same at every step."""
    assert customer.row is not None
    return customer.row.needs
