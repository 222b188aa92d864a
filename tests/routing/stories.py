"""Long random stories from a seed: bigger offices than the shrinking properties play, and the ground for sabotage."""

from __future__ import annotations

import random
from dataclasses import replace
from uuid import UUID

from routing.floor import Floor
from routing.model import FOREVER, Needs, Offer, Staff, Step, Waiting
from routing.rank import ORDERS
from tests.routing.naive import NaiveFloor


class Story:
    """One office drawn from a seed; `play` holds the real floor against the naive one at every plan."""

    def __init__(self, seed: int) -> None:
        self.chance = chance = random.Random(seed)
        self.queues = ("a", "b", "c")[: chance.randint(1, 3)]
        self.skills = ("x", "y", "z")[: chance.randint(0, 3)]
        self.languages = ("en", "ur")[: chance.randint(0, 2)]
        self.people = [f"r{number}" for number in range(chance.randint(1, 30))]
        self.ids = [UUID(int=number) for number in range(1, chance.randint(2, 60))]
        self.groups = ("night", "day")
        self.needs = [self._needs() for _ in range(chance.randint(1, 12))]
        self.now = 0.0
        kinds = frozenset(replace(each, language=None, office=None) for each in self.needs if chance.random() < 0.5)
        self.floor, self.naive = Floor(), NaiveFloor(kinds=kinds)
        self.floor.expect(kinds)
        self.offers: list[Offer] = []

    def play(self, acts: int) -> int:
        """So many acts; returns the number of offers so far. AssertionError where the two floors differ."""
        for _ in range(acts):
            kinds = (self.place, self.staff, self.finish, self.leave, self.plan)
            self.chance.choices(kinds, (35, 25, 12, 8, 20))[0]()
            assert len(self.floor) == len(self.naive.waiting)
        return len(self.offers)

    def place(self) -> None:
        row = self._waiting()
        self.floor.place(row)
        self.naive.waiting[row.id.int] = row

    def staff(self) -> None:
        self._staff(self._person())

    def finish(self) -> None:
        if self.naive.staff:
            person = self.naive.staff[self.chance.choice(sorted(self.naive.staff))]
            self._staff(replace(person, live=0, units=0, idle_since=self.now))

    def leave(self) -> None:
        if self.chance.random() < 0.6:
            interaction = self.chance.choice(self.ids)
            self.floor.remove(interaction)
            self.naive.waiting.pop(interaction.int, None)
        else:
            person = self.chance.choice(self.people)
            self.floor.dismiss(person)
            self.naive.staff.pop(person, None)

    def plan(self) -> None:
        self.now += self.chance.choice((0, 0, 0.5, 1, 4))
        plan = self.floor.plan(self.now, traced=True)
        assert list(plan.offers) == self.naive.plan(self.now)
        assert plan.wake_at == self.naive.wake_at()
        self.offers += plan.offers

    def _staff(self, row: Staff) -> None:
        self.floor.staff(row)
        self.naive.staff[row.id] = row

    def _sometimes(self) -> bool:
        return self.chance.random() < 0.25

    def _needs(self) -> Needs:
        chance = self.chance
        return Needs(
            queue=chance.choice(self.queues),
            skills=tuple((skill, chance.randint(1, 3)) for skill in self.skills if self._sometimes()),
            language=chance.choice((None, *self.languages)),
            live=chance.random() < 0.5,
            units=chance.choice((0, 1, 1, 2)),
            office="north" if self._sometimes() else None,
            any_of=tuple(
                tuple(sorted((skill, chance.randint(1, 3)) for skill in self.skills if chance.random() < 0.6))
                for _ in range(self._sometimes())
            ),
            also_queues=(chance.choice(self.queues),) if self._sometimes() else (),
            also_groups=(chance.choice(self.groups),) if self._sometimes() else (),
            interrupts=self._sometimes(),
            beside_live=chance.random() < 0.7,
            order=chance.choice(("spare_skills", "spare_skills", *ORDERS)),
        )

    def _waiting(self) -> Waiting:
        chance = self.chance
        deadlines = sorted(self.now + chance.randint(-3, 15) for _ in range(chance.randint(1, 2)))
        return Waiting(
            id=chance.choice(self.ids),
            needs=chance.choice(self.needs),
            due=float(chance.randint(0, 20)),
            steps=tuple(
                Step(deadline=each, needs=chance.choice(self.needs)) for each in deadlines if self._sometimes()
            ),
            preferred=chance.choice(self.people) if self._sometimes() else None,
            preferred_until=self.now + chance.randint(-2, 10),
            not_before=self.now + chance.randint(-5, 8) if self._sometimes() else 0.0,
            excluded=frozenset(chance.sample(self.people, min(3, len(self.people))) if self._sometimes() else ()),
            excluded_until=FOREVER if self._sometimes() else self.now + chance.randint(-2, 12),
            barred=frozenset(chance.sample(self.people, min(2, len(self.people))) if self._sometimes() else ()),
            rules=chance.randint(0, 2),
        )

    def _person(self) -> Staff:
        chance = self.chance
        return Staff(
            id=chance.choice(self.people),
            capacity=chance.randint(0, 4),
            skills=frozenset((skill, chance.randint(1, 4)) for skill in self.skills if chance.random() < 0.6),
            languages=frozenset(each for each in self.languages if chance.random() < 0.7),
            queues=frozenset(chance.sample(self.queues, chance.randint(1, len(self.queues)))),
            office=chance.choice((None, "north")),
            live=chance.choice((0, 0, 1)),
            units=chance.randint(0, 3),
            available=chance.random() < 0.8,
            idle_since=float(chance.randint(0, 5)),
            groups=frozenset(each for each in self.groups if self._sometimes()),
            resting_until=self.now + chance.randint(-2, 6) if self._sometimes() else 0.0,
        )
