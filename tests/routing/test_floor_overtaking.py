"""Nobody is overtaken beyond the one rule: in seconds, on one scale, whatever the rules of the queues and the order of the free."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing import plan as planning
from routing.capacity import units_of
from routing.explain import held_for, rule_out
from routing.floor import Floor
from routing.model import Instant, Needs, Staff, Waiting
from routing.needs import standing
from routing.rank import due
from tests.routing.test_floor_properties import REPRESENTATIVES, few, kinds, staff, waitings

PLAIN = Needs(queue="q")


@dataclass(frozen=True, kw_only=True, slots=True)
class Contact:
    """One who came, with what their due time is made of."""

    row: Waiting
    arrival: float
    target: float
    head_start: float

    def placed(self) -> Waiting:
        return replace(self.row, due=due(self.arrival, self.target, self.head_start))


contacts = st.builds(
    Contact,
    row=waitings,
    arrival=st.integers(0, 30).map(float),
    target=st.sampled_from((0.0, 5.0, 20.0)),
    head_start=st.sampled_from((0.0, 0.0, 3.0, 10.0)),
)
offices = st.tuples(
    st.lists(contacts, min_size=3, max_size=14, unique_by=lambda each: each.row.id),
    st.lists(staff, min_size=1, max_size=len(REPRESENTATIVES), unique_by=lambda each: each.id),
    kinds,
)


def overtaken(known: dict[UUID, Contact], floor: Floor, *, now: Instant) -> list[tuple[UUID, UUID]]:
    """Plans; returns (who went before, who was overtaken against the rule) for every such pair."""
    rows = floor.snapshot()
    waiting = {row.id: row for row in rows.waiting}
    people = {person.id: person for person in rows.staff}
    found = []
    for offer in floor.plan(now).offers:
        first, taker = waiting.pop(offer.interaction), people[offer.representative]
        found += [
            (first.id, other.id)
            for other in waiting.values()
            if could_have_had(other, taker, people, now=now) and not allowed(known[first.id], known[other.id])
        ]
        needs, _ = standing(first.needs, first.steps, now)
        people[taker.id] = replace(taker, live=taker.live + needs.live, units=taker.units + units_of(needs))
    return found


def could_have_had(other: Waiting, taker: Staff, people: dict[str, Staff], *, now: Instant) -> bool:
    """Whether this representative could take this one at this moment: it is neither held for another nor in back-off."""
    return (
        other.not_before <= now
        and rule_out(taker, other, now=now) is None
        and held_for(other, people.values(), now=now) in (None, taker.id)
    )


def allowed(later: Contact, earlier: Contact) -> bool:
    """The sentence of the design; where both sides are equal the ids decide."""
    ahead = later.arrival - earlier.arrival
    worth = (earlier.target - later.target) + (later.head_start - earlier.head_start)
    return ahead < worth or (ahead == worth and later.row.id < earlier.row.id)


def opened(office: tuple[list[Contact], list[Staff], frozenset[Needs]]) -> tuple[dict[UUID, Contact], Floor]:
    floor = Floor()
    floor.expect(office[2])
    for contact in office[0]:
        floor.place(contact.placed())
    for person in office[1]:
        floor.staff(person)
    return {contact.row.id: contact for contact in office[0]}, floor


@few
@given(offices, st.lists(st.tuples(st.integers(0, 12).map(float), st.lists(staff, max_size=4)), max_size=4))
def test_a_later_one_goes_first_only_as_far_as_targets_and_head_starts_reach(
    office: tuple[list[Contact], list[Staff], frozenset[Needs]],
    turns: list[tuple[float, list[Staff]]],
) -> None:
    known, floor = opened(office)
    now = 0.0
    assert not overtaken(known, floor, now=now)
    for seconds, people in turns:
        now += seconds
        for person in people:
            floor.staff(person)
        assert not overtaken(known, floor, now=now)


def test_the_rule_would_be_seen_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever plans the latest first breaks it; if this passes by itself the property proves nothing."""
    monkeypatch.setattr(planning, "min", max, raising=False)
    rows = [Waiting(id=UUID(int=number), needs=PLAIN, due=0.0) for number in (1, 2)]
    known = [Contact(row=row, arrival=row.id.int * 10.0, target=5.0, head_start=3.0) for row in rows]
    special = [replace(known[0], row=replace(rows[0], needs=replace(PLAIN, language="ur"))), known[1]]
    amy = Staff(id="amy", capacity=1, queues=frozenset({"q"}), languages=frozenset({"ur"}))
    offers = opened((special, [amy], frozenset()))
    assert overtaken(*offers, now=0.0) == [(UUID(int=2), UUID(int=1))]


def test_when_the_last_newcomer_is_busy_all_who_came_meanwhile_still_go_in_due_order() -> None:
    queues = [f"q{number:02}" for number in range(30)]
    floor = Floor()
    floor.staff(Staff(id="bob", capacity=len(queues), queues=frozenset(queues)))
    rows = [Waiting(id=UUID(int=99), needs=Needs(queue="first"), due=-1.0)]
    for number, queue in enumerate(queues, start=1):
        rows.append(Waiting(id=UUID(int=number), needs=Needs(queue=queue), due=float(number * 7 % 31)))
    for row in rows:  # every line was there before, so that nobody is new to it
        floor.place(row)
        floor.remove(row.id)
    floor.place(Waiting(id=UUID(int=100), needs=Needs(queue="nobody's"), due=0.0))
    floor.plan(0)
    floor.staff(Staff(id="amy", capacity=1, queues=frozenset({"first"})))
    for row in rows:
        floor.place(row)
    assert [(offer.interaction, offer.representative) for offer in floor.plan(0).offers] == [
        (row.id, "amy" if row.due < 0 else "bob") for row in sorted(rows, key=lambda row: row.due)
    ]
