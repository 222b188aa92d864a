"""Rows made quickly are the rows their constructors make."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from routing.model import Needs, Staff, Step, Waiting
from routing.simulation import making


def test_an_id_is_the_id_with_its_number() -> None:
    made, plain = making.numbered(77), UUID(int=77)
    assert (made, hash(made), str(made), made.is_safe) == (plain, hash(plain), str(plain), plain.is_safe)


def test_a_row_is_the_row_its_constructor_makes() -> None:
    number, needs = UUID(int=5), Needs(queue="calls", live=True)
    steps = (Step(deadline=30.0, needs=needs),)
    plain = Waiting(id=number, needs=needs, due=20.0, steps=steps, rules=4)
    made = making.row(number, needs, due=20.0, steps=steps, rules=4)
    assert (made, hash(made), repr(made)) == (plain, hash(plain), repr(plain))


def test_a_representative_is_the_one_their_constructor_makes() -> None:
    like = Staff(id="ana", capacity=3, skills=frozenset({("x", 2)}), queues=frozenset({"calls"}), office="north")
    plain = replace(like, live=1, units=2, available=False, idle_since=7.0, resting_until=9.0)
    made = making.staff(like, live=1, units=2, available=False, idle_since=7.0, resting_until=9.0)
    assert (made, hash(made), repr(made)) == (plain, hash(plain), repr(plain))


def test_a_row_that_has_grown_is_not_made_without_its_new_part() -> None:
    with pytest.raises(TypeError, match="other parts"):
        making._fills(Waiting, "id", "needs")
