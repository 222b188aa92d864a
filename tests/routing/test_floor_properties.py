"""The incremental floor against the naive one, over random stories: same offers, same order, same timers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from routing.capacity import LIVE_AT_ONCE
from routing.floor import Floor, Snapshot
from routing.model import FOREVER, Needs, Offer, Staff, Step, Waiting
from routing.rank import ORDERS
from tests.routing.naive import NaiveFloor

Act = Callable[[Floor, NaiveFloor], None]

GROUPS = ("night", "second")
QUEUES, SKILLS, LANGUAGES, OFFICES = ("claims", "orders"), ("fiber", "tax"), ("en", "ur"), (None, "north")
REPRESENTATIVES = ("amy", "bob", "cyd", "dan", "eve", "fay", "gus", "hal", "ivy", "jon", "kim")
instants = st.integers(0, 40).map(float)

few = settings(max_examples=30, derandomize=True, deadline=None, database=None)
"""Three hundred stories among all properties; the long ones from seeds, in `test_floor_stories`, are the many."""


def skill_sets(levels: st.SearchStrategy[int]) -> st.SearchStrategy[dict[str, int]]:
    return st.dictionaries(st.sampled_from(SKILLS), levels, max_size=2)


needs = st.builds(
    Needs,
    queue=st.sampled_from(QUEUES),
    skills=skill_sets(st.integers(1, 2)).map(lambda each: tuple(sorted(each.items()))),
    language=st.sampled_from((None, None, *LANGUAGES)),
    live=st.booleans(),
    units=st.sampled_from((1, 1, 2, 0)),
    office=st.sampled_from((None, None, "north")),
    any_of=st.sampled_from(((), (), (), ((("fiber", 2), ("tax", 1)),), ((("fiber", 1),), (("tax", 2),)))),
    also_queues=st.sampled_from(((), (), QUEUES[:1], QUEUES)),
    also_groups=st.sampled_from(((), (), GROUPS[:1], GROUPS)),
    interrupts=st.booleans(),
    beside_live=st.sampled_from((True, True, False)),
    order=st.sampled_from(("spare_skills", "spare_skills", *ORDERS)),
)
steps = st.lists(st.builds(Step, deadline=instants, needs=needs), max_size=2).map(
    lambda each: tuple(sorted(each, key=lambda step: step.deadline))
)
waitings = st.builds(
    Waiting,
    id=st.integers(1, 14).map(lambda number: UUID(int=number)),
    needs=needs,
    due=st.integers(0, 5).map(float),
    steps=st.one_of(st.just(()), steps),
    preferred=st.sampled_from((None, None, *REPRESENTATIVES[:3])),
    preferred_until=instants,
    not_before=st.one_of(st.just(0.0), instants),
    excluded=st.one_of(st.just(frozenset[str]()), st.frozensets(st.sampled_from(REPRESENTATIVES[:4]), max_size=3)),
    excluded_until=st.one_of(st.just(FOREVER), instants),
    barred=st.one_of(st.just(frozenset[str]()), st.frozensets(st.sampled_from(REPRESENTATIVES[:4]), max_size=2)),
    rules=st.integers(0, 2),
)
staff = st.builds(
    Staff,
    id=st.sampled_from(REPRESENTATIVES),
    capacity=st.integers(0, 3),
    skills=skill_sets(st.integers(1, 3)).map(lambda each: frozenset(each.items())),
    languages=st.frozensets(st.sampled_from(LANGUAGES), max_size=2),
    queues=st.frozensets(st.sampled_from(QUEUES), min_size=1),
    office=st.sampled_from(OFFICES),
    live=st.sampled_from((0, 0, 0, 1)),
    units=st.integers(0, 2),
    available=st.sampled_from((True, True, True, False)),
    idle_since=st.integers(0, 3).map(float),
    groups=st.one_of(st.just(frozenset[str]()), st.frozensets(st.sampled_from(GROUPS))),
    resting_until=st.one_of(st.just(0.0), st.just(0.0), instants),
)
kinds = st.frozensets(
    st.builds(Needs, queue=st.sampled_from(QUEUES), skills=st.sampled_from(((), (("fiber", 2),), (("tax", 1),)))),
    max_size=3,
)


def placing(row: Waiting) -> Act:
    def act(floor: Floor, naive: NaiveFloor) -> None:
        floor.place(row)
        naive.waiting[row.id.int] = row

    return act


def staffing(row: Staff) -> Act:
    def act(floor: Floor, naive: NaiveFloor) -> None:
        floor.staff(row)
        naive.staff[row.id] = row

    return act


def removing(number: int) -> Act:
    def act(floor: Floor, naive: NaiveFloor) -> None:
        floor.remove(UUID(int=number))
        naive.waiting.pop(number, None)

    return act


def dismissing(representative: str) -> Act:
    def act(floor: Floor, naive: NaiveFloor) -> None:
        floor.dismiss(representative)
        naive.staff.pop(representative, None)

    return act


def planning(seconds: float) -> Act:
    def act(floor: Floor, naive: NaiveFloor) -> None:
        now = naive.now + seconds
        plan = floor.plan(now, traced=True)
        assert list(plan.offers) == naive.plan(now)
        assert plan.wake_at == naive.wake_at()

    return act


def expecting(known: frozenset[Needs]) -> Act:
    def act(floor: Floor, naive: NaiveFloor) -> None:
        floor.expect(known)
        naive.kinds = known

    return act


acts = st.one_of(
    waitings.map(placing),
    waitings.map(placing),
    staff.map(staffing),
    staff.map(staffing),
    st.integers(1, 14).map(removing),
    st.sampled_from(REPRESENTATIVES).map(dismissing),
    st.integers(0, 6).map(float).map(planning),
    kinds.map(expecting),
)
stories = st.lists(acts, max_size=40)


def played(story: Sequence[Act]) -> tuple[Floor, NaiveFloor]:
    floor, naive = Floor(), NaiveFloor()
    for act in story:
        act(floor, naive)
    return floor, naive


def state(naive: NaiveFloor) -> Snapshot:
    return Snapshot(
        waiting=tuple(
            replace(naive.waiting[number], excluded=naive.excluded(naive.waiting[number]))
            for number in sorted(naive.waiting)
        ),
        staff=tuple(naive.staff[name] for name in sorted(naive.staff)),
        kinds=naive.kinds,
    )


def rebuilt(snapshot: Snapshot, *, backwards: bool = False) -> Floor:
    floor = Floor()
    floor.expect(snapshot.kinds)
    order = -1 if backwards else 1
    for row in snapshot.waiting[::order]:
        floor.place(row)
    for person in snapshot.staff[::order]:
        floor.staff(person)
    return floor


@few
@given(stories)
def test_every_story_ends_in_the_plans_the_naive_floor_makes(story: list[Act]) -> None:
    floor, naive = played([*story, planning(0.0)])
    assert floor.snapshot() == state(naive)
    assert len(floor) == len(naive.waiting) == sum(floor.waiting().values())


@few
@given(stories)
def test_nobody_is_filled_over_capacity_by_a_plan(story: list[Act]) -> None:
    floor, _ = played(story)
    before = {each.id: each for each in floor.snapshot().staff}
    floor.plan(100.0)
    for after in floor.snapshot().staff:
        was = before[after.id]
        assert after.live <= max(LIVE_AT_ONCE, was.live)
        assert after.units <= max(after.capacity, was.units)


@few
@given(stories)
def test_after_a_plan_nobody_waits_whom_somebody_free_could_serve(story: list[Act]) -> None:
    floor, naive = played([*story, planning(3.0)])
    for waiting in floor.snapshot().waiting:
        assert not [each.id for each in floor.snapshot().staff if naive.could_take(waiting, each)]


@few
@given(stories)
def test_each_interaction_is_offered_once_and_then_waits_no_more(story: list[Act]) -> None:
    floor, _ = played(story)
    waiting = {each.id for each in floor.snapshot().waiting}
    offered = [offer.interaction for offer in floor.plan(50.0).offers]
    assert len(offered) == len(set(offered))
    assert {each.id for each in floor.snapshot().waiting} == waiting - set(offered)
    assert not floor.plan(50.0).offers


@few
@given(stories, st.booleans())
def test_a_floor_built_anew_from_the_rows_plans_the_same(story: list[Act], backwards: bool) -> None:
    floor, naive = played(story)
    anew = rebuilt(floor.snapshot(), backwards=backwards)
    assert anew.snapshot() == floor.snapshot()
    for now in (naive.now, naive.now + 2, naive.now + 10, naive.now + 100):
        assert anew.plan(now, traced=True) == floor.plan(now, traced=True)
    assert anew.snapshot() == floor.snapshot()
    assert anew.waiting() == floor.waiting()


@few
@given(stories)
def test_placing_every_row_again_changes_nothing(story: list[Act]) -> None:
    floor, naive = played(story)
    untouched, _ = played(story)
    rows = floor.snapshot()
    for row in rows.waiting:
        floor.place(row)
    for person in rows.staff:
        floor.staff(person)
    assert floor.plan(naive.now + 1) == untouched.plan(naive.now + 1)


@few
@given(stories)
def test_waking_only_when_told_misses_nothing(story: list[Act]) -> None:
    """Whoever sleeps until `wake_at` makes the same offers as whoever looks at every instant."""
    sleeper, naive = played([*story, planning(0.0)])
    wake_at = sleeper.plan(naive.now).wake_at
    for now in range(int(naive.now), 45):
        offers = naive.plan(float(now))
        if wake_at is None or now < wake_at:
            assert not offers
            continue
        plan = sleeper.plan(float(now), traced=True)
        assert list(plan.offers) == offers
        wake_at = plan.wake_at


@few
@given(stories, st.integers(1, 3))
def test_a_plan_in_slices_makes_the_offers_of_one_plan(story: list[Act], limit: int) -> None:
    whole, naive = played(story)
    sliced, _ = played(story)
    now = naive.now + 4
    offers: list[Offer] = []
    plan = sliced.plan(now, limit=limit, traced=True)
    while plan.wake_at == now:
        assert len(plan.offers) <= limit
        offers += plan.offers
        plan = sliced.plan(now, limit=limit, traced=True)
    assert [*offers, *plan.offers] == list(whole.plan(now, traced=True).offers)
    assert plan.wake_at == whole.plan(now).wake_at
