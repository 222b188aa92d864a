"""Small days from a seed: few people, every rule there is, and eyes on everything while the day runs."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from datetime import date
from typing import Any

from routing.capacity import units_of
from routing.entry import Contact, file
from routing.model import Instant, Needs, Offer, Plan
from routing.plan import FIRST_BACK_OFF_SECONDS, LONGEST_BACK_OFF_SECONDS, Cause
from routing.rank import ORDERS
from routing.rules.model import (
    Answer,
    CallbackRule,
    ChannelRule,
    EntryRule,
    ExhaustedRule,
    HoursRule,
    OverflowRule,
    QueueRule,
    ReasonRule,
    RequestRule,
    Rules,
    StepRule,
    When,
)
from routing.simulation.crew import Person
from routing.simulation.customers import Customer
from routing.simulation.engine import Day
from routing.simulation.scenario import Answering, Calendar, Redial, Scenario, Shift, Source, Team, Trait
from routing.simulation.tally import Figures
from routing.simulation.times import Kind, Law
from tests.routing.naive import NaiveFloor

SKILLS = ("x", "y")
LANGUAGES = ("en", "ur")
CONTACTS_AT_MOST = 50
CAUSES = ("busy", "declined", "no_answer", "unreachable")


class WatchedDay(Day):
    """A day that fails at the first promise broken; the dear checks are made at one plan in so many."""

    def __init__(self, scenario: Scenario, *, seed: int, dear: float = 0.1) -> None:
        super().__init__(scenario, number=seed)
        self.chance = random.Random(f"watch {seed}")
        self.dear = dear
        self.entered = 0
        self.wake_told: Instant | None = None
        enter, miss, finish = self.line.enter, self.service._miss, self.service._finish

        def counted(customer: Customer) -> None:
            self.entered += 1
            enter(customer)
            self.as_the_rules_say(customer)

        def missed(customer: Customer, person: Person, cause: Cause) -> None:
            expected = self.rest(customer, cause)
            miss(customer, person, cause)
            assert customer.row is not None
            rests = customer.row.not_before - self.agenda.now
            assert math.isclose(rests, expected, abs_tol=1e-3), f"rests {rests}, not {expected} seconds"

        self.line.enter = counted  # type: ignore[method-assign]

        def finished(customer: Customer) -> None:
            finish(customer)
            if self.chance.random() < self.dear:
                assert not self.naive(self.agenda.now).plan(self.agenda.now), "a completion was lost"

        self.service._miss = missed  # type: ignore[method-assign]
        self.service._finish = finished  # type: ignore[method-assign]
        floor_plan = self.floor.plan

        def watched(now: Instant, **more: Any) -> Plan:
            assert self.wake_told is None or now <= self.wake_told, "nobody looked when time had changed something"
            naive = self.naive(now) if self.chance.random() < self.dear else None
            plan = floor_plan(now, **more)
            if naive is not None:
                self.as_slowly_thought(naive, plan, now)
            for offer in plan.offers:
                rest = self.crew.people[offer.representative].resting_until
                assert rest <= now, "offered beyond a cap"
            assert plan.wake_at is None or plan.wake_at > now, "a timer is stuck"
            self.wake_told = plan.wake_at
            return plan

        self.floor.plan = watched  # type: ignore[method-assign]

    def _arrive(self, coming: tuple[Customer, Iterator[Customer]]) -> None:
        if self.entered < CONTACTS_AT_MOST:
            super()._arrive(coming)

    def offer(self, offer: Offer) -> None:
        now = self.agenda.now
        customer, person = self.here[offer.interaction.int], self.crew.people[offer.representative]
        row = customer.row
        assert row is not None
        assert customer.state == "waiting", f"offered while {customer.state}"
        assert person.on, "offered to somebody who is not here"
        assert not any((person.leaving, person.away, person.breaks)), "offered to somebody who takes nothing"
        assert row.not_before <= now, "offered during its rest"
        assert person.id not in row.excluded or now >= row.excluded_until, "offered to whoever declined it"
        super().offer(offer)
        assert person.live <= 1, "two live contacts at once"
        assert person.units <= person.team.capacity, "over capacity"

    def naive(self, now: Instant) -> NaiveFloor:
        """The same rows as the floor's, in the hands of the slow one."""
        rows = self.floor.snapshot()
        naive = NaiveFloor(kinds=rows.kinds)
        naive.now = now
        naive.waiting = {row.id.int: row for row in rows.waiting}
        naive.staff = {row.id: row for row in rows.staff}
        held: dict[str, list[Needs]] = {row.id: [] for row in rows.staff}
        for customer in self.here.values():
            if customer.state in ("offered", "served"):
                assert customer.person is not None
                assert customer.row is not None
                held[customer.person.id].append(customer.row.needs)
        for row in rows.staff:
            person = self.crew.people[row.id]
            load = sum(each.live for each in held[row.id]), sum(map(units_of, held[row.id]))
            assert (row.live, row.units) == load, "a load is not what is held"
            assert (row.live, row.units) == (person.live, person.units), "the floor counts another load"
        assert {person.id for person in self.crew.people.values() if person.on} == set(naive.staff)
        waiting = {number for number, customer in self.here.items() if customer.state == "waiting"}
        assert waiting == set(naive.waiting), "somebody waits whom the floor does not know"
        return naive

    def as_the_rules_say(self, customer: Customer) -> None:
        """Due and steps count from when they came to stand in line, the head start off."""
        row, profile = customer.row, customer.profile
        if customer.state == "gone":
            return  # turned away, or no place: they never stood in line this time
        assert row is not None
        rule = self.rules.queues[customer.queue]
        due = customer.arrived + rule.target_seconds - min(customer.head_start, rule.head_start_cap_seconds)
        assert math.isclose(row.due, due, abs_tol=1e-3), "due by another time than the rules say"
        contact = Contact(
            id=customer.id,
            request=profile.request,
            channel=profile.channel,
            live=profile.live,
            units=profile.units,
            language=profile.language,
            office=profile.office,
            arrived=customer.arrived,
        )
        filing = file(self.rules, contact, queue=customer.queue)
        assert (row.needs, len(row.steps)) == (filing.needs, len(filing.steps)), "other needs than the rules say"
        for step, expected in zip(row.steps, filing.steps, strict=True):
            assert step.needs == expected.needs
            assert math.isclose(step.deadline, expected.deadline, abs_tol=1e-3), "a step at another time"
        assert customer.head_start == 0 or profile.reasons, "a head start for nothing"

    def rest(self, customer: Customer, cause: Cause) -> float:
        """How long they rest after this miss: doubling, with a ceiling; after too many it is a supervisor's."""
        rule = self.rules.queues[customer.queue]
        if customer.misses + 1 >= rule.offers_at_most:
            return rule.supervisor_seconds
        first = rule.back_off_seconds.get(cause, FIRST_BACK_OFF_SECONDS[cause])
        return min(max(LONGEST_BACK_OFF_SECONDS, first), first * 2.0**customer.misses)

    def as_slowly_thought(self, naive: NaiveFloor, plan: Plan, now: Instant) -> None:
        """The plan is the slow one's, earliest due first; and after it nobody waits while somebody free fits."""
        expected = [(offer.interaction, offer.representative) for offer in naive.plan(now)]
        assert [(offer.interaction, offer.representative) for offer in plan.offers] == expected
        for waiting in naive.waiting.values():
            for staff in naive.staff.values():
                assert not naive.could_take(waiting, staff), "somebody waits while somebody free fits"

    def after(self, figures: Figures) -> None:
        """Everybody is accounted for, once; nobody holds anything any more."""
        whole = figures.all()
        assert whole.contacts == self.entered, f"{self.entered} came, {whole.contacts} are accounted for"
        assert len(whole.waits) == whole.answered
        assert len(whole.gave_up) == whole.abandoned
        assert all(seconds >= 0 for seconds in (*whole.waits, *whole.gave_up)), "a negative wait"
        assert sum(tally.contacts for tally in figures.reasons.values()) >= whole.contacts
        held = [customer for customer in self.here.values() if customer.state in ("offered", "served")]
        assert sum(person.pieces for person in self.crew.people.values()) == len(held)
        assert len(self.here) == whole.left + sum(customer.answered for customer in held)
        assert len(self.floor) == len(self.here) - len(held)
        for members in figures.teams.values():
            assert all(-1e-6 <= each.busy_seconds <= each.on_seconds + 1e-6 for each in members)


def play(seed: int, *, dear: float = 0.1) -> Figures:
    """One small day; AssertionError at the first promise broken."""
    day = WatchedDay(small(seed), seed=seed, dear=dear)
    figures = day.run()
    day.after(figures)
    return figures


def small(seed: int) -> Scenario:
    """A small office drawn from a seed."""
    chance = random.Random(f"small {seed}")
    queues = ("a", "b", "c")[: chance.randint(1, 3)]
    rules = _rules(chance, queues)
    sources = tuple(_source(chance, f"s{number}", rules) for number in range(chance.randint(1, 3)))
    return Scenario(
        name=f"small {seed}",
        rules=rules,
        sources=sources,
        teams=tuple(_team(chance, f"t{number}", queues) for number in range(chance.randint(1, 3))),
        calendar=Calendar(
            date=date(2026, 3, 2),
            opens=8 * 3600.0,
            periods=chance.randint(1, 3),
            period_seconds=chance.choice((300.0, 400.0)),
            finish=chance.random() < 0.8,
            busyness=chance.choice((None, 20.0)),
        ),
        traits={"call": Trait(), "mail": Trait(live=False, units=chance.choice((1, 1, 2, 0)))},
        places=chance.choice((None, None, 3, 0)),
        seed=seed,
    )


def _rules(chance: random.Random, queues: tuple[str, ...]) -> Rules:
    return Rules(
        version=chance.randint(0, 5),
        queues={queue: _queue(chance, queue, queues[place + 1 :]) for place, queue in enumerate(queues)},
        requests={
            f"r{number}": RequestRule(
                queue=chance.choice(queues),
                labels={},
                letter="A",
                skills={skill: chance.randint(1, 4) for skill in SKILLS if chance.random() < 0.4},
                any_of=({"x": 2, "y": 1},) if chance.random() < 0.1 else (),
                firm=frozenset(),
                speak=chance.random() < 0.7,
            )
            for number in range(3)
        },
        reasons={"elderly": ReasonRule(seconds=300, share=chance.choice((1.0, 0.0)))},
        channels={
            "call": ChannelRule(interrupts=chance.random() < 0.4),
            "mail": ChannelRule(beside_live=chance.random() < 0.5),
        },
    )


def _queue(chance: random.Random, code: str, further: tuple[str, ...]) -> QueueRule:
    steps = sorted(chance.sample((0.001, 10.0, 30.0, 60.0), chance.randint(0, 2)))
    overflows = bool(further) and chance.random() < 0.3
    return QueueRule(
        name=code,
        target_seconds=chance.choice((0, 20, 300)),
        offer_timeout_seconds=chance.choice((5, 20)),
        wrap_up_seconds=chance.choice((0, 15)),
        grace_seconds=chance.choice((0, 300)),
        order=chance.choice(tuple(ORDERS)),
        preferred_seconds=chance.choice((0, 30)),
        offers_at_most=chance.choice((1, 2, 10)),
        supervisor_seconds=30,
        away_after_misses=chance.choice((1, 3)),
        back_off_seconds={"busy": 0.0} if chance.random() < 0.2 else {},
        hours=HoursRule(weekly={"mon": (("08:00", "08:10"),)}) if chance.random() < 0.15 else None,
        steps=tuple(_step(chance, seconds, further) for seconds in steps),
        on_exhausted=_exhausted(chance, further) if steps or chance.random() < 0.3 else None,
        on_entry=tuple(_entry(chance, further) for _ in range(chance.randint(0, 2))),
        overflow=OverflowRule(after_seconds=45, queue=further[0]) if overflows else None,
        split={code: 60, further[0]: 40} if further and chance.random() < 0.15 else {},
        callback=CallbackRule(attempts=2, gap_seconds=30),
    )


def _step(chance: random.Random, seconds: float, further: tuple[str, ...]) -> StepRule:
    return StepRule(
        after_seconds=seconds,
        lower_levels_by=chance.randint(0, 2),
        drop_skills=frozenset({"x"}) if chance.random() < 0.3 else frozenset(),
        drop_language=chance.random() < 0.5,
        add_queues=frozenset(further[:1]) if chance.random() < 0.3 else frozenset(),
        add_groups=frozenset({"g"}) if chance.random() < 0.3 else frozenset(),
    )


def _exhausted(chance: random.Random, further: tuple[str, ...]) -> ExhaustedRule:
    if further and chance.random() < 0.3:
        return ExhaustedRule(after_seconds=90, then="overflow", queue=further[-1])
    return ExhaustedRule(after_seconds=90, then=chance.choice(("any", "callback", "supervisor")))


def _entry(chance: random.Random, further: tuple[str, ...]) -> EntryRule:
    when: When = chance.choice(("closed", "closing", "nobody", "length", "wait"))
    then: Answer = chance.choice(("turn_away", "callback", "tell", *(("overflow",) if further else ())))
    return EntryRule(
        when=when,
        over={"length": 2.0, "wait": 60.0}.get(when),
        then=then,
        queue=chance.choice(further) if then == "overflow" else None,
    )


def _source(chance: random.Random, name: str, rules: Rules) -> Source:
    return Source(
        name=name,
        request=chance.choice(tuple(rules.requests)),
        per_hour=tuple(chance.choice((0.0, 30.0, 90.0)) for _ in range(chance.randint(1, 3))),
        service=_law(chance, 90.0),
        patience=_law(chance, 90.0) if chance.random() < 0.7 else None,
        channels=chance.choice(((("call", 1.0),), (("call", 0.5), ("mail", 0.5)), (("mail", 1.0),))),
        languages=chance.choice(((), (("en", 0.6), ("ur", 0.4)))),
        reasons=(("elderly", 0.4),) if chance.random() < 0.3 else (),
        returning=chance.choice((0.0, 0.5)),
        no_show=chance.choice((0.0, 0.2)),
        no_show_seconds=chance.choice((0.0, 20.0)),
        unreached=chance.choice((0.0, 0.6)),
        redial=Redial(chance=0.6, after=_law(chance, 60.0), at_most=2) if chance.random() < 0.4 else None,
    )


def _law(chance: random.Random, mean: float) -> Law:
    kind: Kind = chance.choice(("fixed", "exponential", "lognormal", "gamma", "empirical"))
    if kind == "empirical":
        return Law(kind="empirical", values=(mean / 2, mean, 2 * mean), weights=chance.choice(((), (1.0, 2.0, 1.0))))
    means = (mean,) if chance.random() < 0.7 else (mean, mean / 2)
    return Law(kind=kind, means=means, spread=0.7)


def _team(chance: random.Random, name: str, queues: tuple[str, ...]) -> Team:
    shifts = chance.random() < 0.5
    return Team(
        name=name,
        queues=frozenset(chance.sample(queues, chance.randint(1, len(queues)))),
        people=() if shifts else tuple(chance.randint(0, 3) for _ in range(chance.randint(1, 3))),
        shifts=tuple(_shift(chance) for _ in range(chance.randint(1, 2))) if shifts else (),
        skills={skill: chance.randint(1, 5) for skill in SKILLS if chance.random() < 0.7},
        languages=frozenset(language for language in LANGUAGES if chance.random() < 0.8),
        groups=frozenset({"g"}) if chance.random() < 0.4 else frozenset(),
        capacity=chance.choice((1, 1, 2, 3)),
        per_hour=chance.choice((None, None, 3)),
        per_day=chance.choice((None, None, 6)),
        answering=Answering(
            after=_law(chance, 2.5) if chance.random() < 0.5 else None,
            misses=tuple((cause, 0.1) for cause in CAUSES if chance.random() < 0.4),
            away_seconds=60.0,
        ),
    )


def _shift(chance: random.Random) -> Shift:
    begins = 8 * 3600.0 + chance.choice((0.0, 120.0))
    ends = begins + chance.choice((400.0, 1200.0, 4000.0))
    breaks = ((begins + 100.0, begins + 250.0),) if chance.random() < 0.5 else ()
    return Shift(people=chance.randint(0, 2), begins=begins, ends=ends, breaks=breaks)
