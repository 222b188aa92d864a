"""Which random offices the waiting quality is measured in: those whose people can do what is asked of them."""

from __future__ import annotations

from tests.benchmarks.carrying import carries
from tests.benchmarks.offices import Office

EVERYTHING = frozenset({"a", "b"})


def drawn(*, a: float, b: float) -> Office:
    """Two profiles of four people: one knows both, one only `b`. Work in people kept busy, an hour a piece."""
    return Office(
        needed=(frozenset({"b"}), frozenset({"a"})), per_hour=(b, a), known=(EVERYTHING, frozenset({"b"}))
    )  # fmt: skip


def test_work_that_all_can_share_is_carried() -> None:
    assert carries(drawn(a=1.0, b=6.0), service_seconds=3_600)


def test_work_that_only_few_know_makes_the_others_give_up_what_they_were_dealt_first() -> None:
    assert carries(drawn(a=3.7, b=3.7), service_seconds=3_600)


def test_an_office_is_not_carried_by_people_who_know_something_else() -> None:
    """Seven tenths of all time is asked for, and more than the four can give who know `a`."""
    assert not carries(drawn(a=4.2, b=1.0), service_seconds=3_600)


def test_nobody_need_be_busy_without_a_pause() -> None:
    assert not carries(drawn(a=3.9, b=1.0), service_seconds=3_600)
