"""Who really comes to a line, when the same people serve several."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.lines import Crew, Known, by_queue, crews, handle_seconds, lines, told
from routing.model import Needs, Staff

A, B, AB = frozenset("a"), frozenset("b"), frozenset("ab")


def known(waiting: int, *, lead: float = 60.0, rate: float = 0.02) -> Known:
    return Known(waiting=waiting, handle_seconds=300.0, arrival_rate=rate, leads=((lead, rate),))


def test_a_line_alone_has_its_own_people_and_nobody_else_before_it() -> None:
    found = lines({"a": known(5), "b": known(9)}, {A: Crew(on_shift=4), B: Crew(on_shift=2, free=1)})
    assert (found["a"].representatives, found["a"].free, found["a"].ahead) == (4.0, 0, {"a": 1.0})
    assert (found["b"].representatives, found["b"].free, found["b"].ahead) == (2.0, 1, {"b": 1.0})


def test_who_serves_both_lines_takes_all_of_both_before() -> None:
    found = lines({"a": known(5), "b": known(9)}, {AB: Crew(on_shift=4)})
    assert found["a"].ahead == pytest.approx({"a": 1.0, "b": 1.0})


def test_shared_people_go_where_people_are_least_late() -> None:
    """Forty wait for the two who serve `a` alone, none for those of `b`: those who serve both come to `a`."""
    found = lines({"a": known(40), "b": known(0)}, {A: Crew(on_shift=2), B: Crew(on_shift=4), AB: Crew(on_shift=4)})
    assert found["a"].representatives == 6
    assert found["b"].representatives == 4
    assert "a" not in found["b"].ahead


def test_a_line_with_more_time_is_left_to_the_others() -> None:
    """The same line waits for two crews. One is busy with people due soon, the other with people due late."""
    found = lines(
        {"a": known(10, lead=600), "b": known(10, lead=0), "shared": known(10, lead=0)},
        {frozenset({"a", "shared"}): Crew(on_shift=5), frozenset({"b", "shared"}): Crew(on_shift=5)},
    )
    # Those of `a` are not due for long: whoever serves them takes the shared ones first.
    assert found["a"].ahead["shared"] > 2 / 3
    assert found["b"].ahead["shared"] < 1 / 3


def test_a_line_nobody_serves_has_nobody_and_no_wait() -> None:
    found = lines({"a": known(5)}, {B: Crew(on_shift=4)})
    assert found["a"].representatives == 0
    assert told(found["a"], 3) is None


@given(
    waiting=st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 200), min_size=1),
    people=st.dictionaries(st.frozensets(st.sampled_from("abcdef"), min_size=1), st.integers(0, 30), max_size=12),
    lead=st.floats(0, 3_600),
)
@settings(max_examples=60)
def test_shares_are_shares_whatever_the_floor_looks_like(
    waiting: dict[str, int], people: dict[frozenset[str], int], lead: float
) -> None:
    found = lines(
        {line: known(number, lead=lead * place) for place, (line, number) in enumerate(waiting.items())},
        {serves: Crew(on_shift=number) for serves, number in people.items()},
    )
    for line, made in found.items():
        on_shift = sum(number for serves, number in people.items() if line in serves)
        assert made.representatives <= on_shift
        assert bool(made.representatives) == bool(on_shift)
        assert all(0 < share <= 1 + 1e-9 for share in made.ahead.values())
        assert made.handle_seconds == pytest.approx(300.0)
        assert made.variation == pytest.approx(1.0)


def test_crews_are_told_apart_by_what_they_may_take() -> None:
    kinds = {
        "urdu": Needs(queue="q", language="ur"),
        "any": Needs(queue="q"),
        "expert": Needs(queue="q", skills=(("x", 3),)),
    }
    both = Staff(id="", capacity=1, queues=frozenset("q"), languages=frozenset({"ur"}), skills=frozenset({("x", 4)}))
    plain = Staff(id="", capacity=1, queues=frozenset("q"))
    stranger = Staff(id="", capacity=1, queues=frozenset("z"))
    found = crews([(both, Crew(on_shift=2)), (plain, Crew(on_shift=3, free=1)), (stranger, Crew(on_shift=9))], kinds)
    assert found == {frozenset(kinds): Crew(on_shift=2), frozenset({"any"}): Crew(on_shift=3, free=1)}


def test_in_a_queue_of_two_kinds_each_counts_for_as_many_as_it_is() -> None:
    floor = {"en": known(30, rate=0.0), "ur": known(10, rate=0.0)}
    made = lines(floor, {frozenset({"en"}): Crew(on_shift=3), frozenset({"ur"}): Crew(on_shift=1)})
    assert by_queue(made["en"], floor, {"en": "q", "ur": "q"}) == pytest.approx({"q": 0.75})
    assert by_queue(made["ur"], floor, {"en": "q", "ur": "q"}) == pytest.approx({"q": 0.25})


def test_the_long_ones_that_are_still_in_hand_count_for_the_mean_time() -> None:
    assert handle_seconds(3_000, done=10, in_hand=0, variation=1.0) == 300
    assert handle_seconds(3_600, done=10, in_hand=2, variation=1.0) == 360
    assert handle_seconds(3_600, done=10, in_hand=4, variation=0.0) == 300
    assert handle_seconds(3_600, done=10, in_hand=100, variation=5.0) == 720
