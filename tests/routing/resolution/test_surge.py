"""A surge: how often ordinary traffic looks like one, how soon a real one is seen, and what is done where little is known.

The traffic is made by a fixed seed: the figures are the same on every machine.
"""

from __future__ import annotations

import math
from itertools import pairwise
from random import Random
from statistics import median
from typing import Final

import pytest

from routing.resolution.surge import _least_sum, judge, tail

A_DAY: Final = 96
A_WEEK: Final = 7 * A_DAY
CHANCE: Final = 1e-4
AT_LEAST: Final = 8
WEEKDAYS: Final = (1.3, 1.0, 1.0, 1.0, 1.0, 0.5, 0.3)


def poisson(random: Random, mean: float) -> int:
    if mean > 60:
        return max(0, round(random.gauss(mean, math.sqrt(mean))))
    least, number, product = math.exp(-mean), 0, random.random()
    while product > least:
        number += 1
        product *= random.random()
    return number


def usual(level: float, window: int) -> float:
    hour = window % A_DAY / 4
    share = 1.15 if 9 <= hour < 17 else 0.45 if 7 <= hour < 20 else 0.15
    return level * share * WEEKDAYS[window // A_DAY % 7]


def traffic(random: Random, *, weeks: int, level: float, wild: bool) -> list[int]:
    """Contacts by window of a quarter of an hour: days and hours differ; wild: by days that nobody expects, and by gusts."""
    counts: list[int] = []
    day = 1.0
    for window in range(weeks * A_WEEK):
        if window % A_DAY == 0:
            day = random.lognormvariate(0, 0.35) if wild else day
        gust = random.gammavariate(6, 1 / 6) if wild else 1.0
        counts.append(poisson(random, usual(level, window) * day * gust))
    return counts


def seen(counts: list[int], window: int, contacts: int) -> bool:
    """Whether so many in this window are a surge after what came before it."""
    if contacts < AT_LEAST:
        return False
    same = [window - A_WEEK * week + beside for week in range(1, 5) for beside in (-1, 0, 1)]
    recent = [window - number for number in range(2, 6)]
    return judge(
        contacts,
        same=[counts[each] for each in same if each >= 0],
        recent=[counts[each] for each in recent if each >= 0],
        at_least=AT_LEAST,
        chance=CHANCE,
    ).surge


@pytest.mark.parametrize(
    ("level", "wild", "most"),
    [(0.3, False, 0), (4.0, False, 1), (40.0, False, 4), (12.0, True, 4), (40.0, True, 4)],
    ids=["quiet", "ordinary", "busy", "wild", "wild and busy"],
)
def test_a_month_of_ordinary_traffic_hardly_ever_looks_like_a_surge(level: float, wild: bool, most: int) -> None:
    """Of 5,376 windows after four weeks that are known: less than one in a thousand, whatever the traffic."""
    counts = traffic(Random(7), weeks=12, level=level, wild=wild)
    alarms = sum(seen(counts, window, counts[window]) for window in range(4 * A_WEEK, len(counts)))
    assert alarms <= most


def delay(random: Random, counts: list[int], begins: int, *, level: float, times: float) -> float | None:
    """Minutes from its beginning, anywhere in a window, until a surge is seen; None: not within half an hour."""
    counts, offset = counts[: begins + 1], random.random() * 900
    base = usual(level, begins)
    for window in range(3):
        start = offset if window == 0 else 0.0
        more = poisson(random, base * (times - 1) * (900 - start) / 900)
        came = [random.random() * 900 for _ in range(poisson(random, base))]
        came += [start + random.random() * (900 - start) for _ in range(more)]
        counts[begins + window :] = [0]
        for number, at in enumerate(sorted(came), start=1):
            if window * 900 + at >= offset and seen(counts, begins + window, number):
                return (window * 900 + at - offset) / 60
        counts[begins + window :] = [len(came)]
    return None


@pytest.mark.parametrize(
    ("level", "times", "share", "minutes"),
    [(4.0, 10.0, 0.9, 15.0), (40.0, 3.0, 0.9, 15.0), (40.0, 10.0, 1.0, 5.0)],
    ids=["ten times an ordinary hour", "three times a busy hour", "ten times a busy hour"],
)
def test_a_real_surge_is_seen_within_minutes(level: float, times: float, share: float, minutes: float) -> None:
    random = Random(11)
    counts = traffic(random, weeks=6, level=level, wild=False)
    begins = [5 * A_WEEK + A_DAY * (number % 5) + 38 + number for number in range(25)]
    found = [delay(random, counts, window, level=level, times=times) for window in begins]
    in_time = [each for each in found if each is not None]
    assert len(in_time) >= share * len(found)
    assert median(in_time) <= minutes


def test_where_nothing_is_known_nothing_is_a_surge() -> None:
    assert not judge(10_000, same=[], recent=[1, 1], at_least=8, chance=CHANCE).surge
    assert judge(10_000, same=[], recent=[1, 1, 1], at_least=8, chance=CHANCE).surge


def test_two_after_nothing_are_no_surge_and_thirty_are() -> None:
    never = [0] * 12
    assert not judge(2, same=never, recent=never[:4], at_least=2, chance=CHANCE).surge
    assert judge(30, same=never, recent=never[:4], at_least=2, chance=CHANCE).surge


def test_a_day_that_is_busy_throughout_is_no_surge() -> None:
    assert not judge(60, same=[20, 22, 18, 21], recent=[58, 62, 55, 60], at_least=8, chance=CHANCE).surge


def test_what_is_wild_by_nature_needs_more() -> None:
    calm, wild = [20] * 12, [2, 60, 5, 40, 1, 33, 8, 50, 3, 20, 12, 6]
    assert judge(55, same=calm, recent=[20] * 4, at_least=8, chance=CHANCE).surge
    assert not judge(55, same=wild, recent=[20] * 4, at_least=8, chance=CHANCE).surge


@pytest.mark.parametrize(("mean", "variance"), [(0.25, 0.25), (4.0, 4.0), (4.0, 9.0), (40.0, 300.0), (900.0, 901.0)])
def test_the_tail_is_a_chance_that_falls_as_more_come(mean: float, variance: float) -> None:
    chances = [tail(number, mean=mean, variance=variance) for number in range(int(mean * 4) + 20)]
    assert chances[0] == 1.0
    assert all(0 <= after <= before + 1e-6 for before, after in pairwise(chances))
    assert sum(chances[1:]) == pytest.approx(mean, rel=0.02), "the sum of all tails is the mean"


@pytest.mark.parametrize("variance", [2_000.0, 2_500.0, 40_000.0])
def test_fewer_than_usual_are_never_a_surge_however_many_are_usual(variance: float) -> None:
    assert tail(8, mean=2_000.0, variance=variance) > 0.99
    assert not judge(1_000, same=[2_000] * 12, recent=[2_000] * 4, at_least=8, chance=CHANCE).surge


@pytest.mark.parametrize(
    ("free", "published"), [(1, 0.1015), (2, 0.5754), (3, 1.2125), (4, 1.9226), (10, 6.7372), (20, 15.4518)]
)
def test_caution_takes_the_spread_that_three_of_four_samples_show_at_least(free: int, published: float) -> None:
    """The lower quartile of chi-square; with one degree of freedom the approximation is four percent off."""
    assert _least_sum(free) == pytest.approx(published, rel=0.045)


@pytest.mark.parametrize(
    ("same", "recent", "variance"),
    [
        ([12] * 12, [12] * 4, 12 * 1 * 13 / 12),
        ([12], [12], 12 * 1 * 2),
        ([0, 24], [], 12 * 24 / 0.0972 * 3 / 2),
        ([12], [6, 12, 18], 12 * 6 / 0.5857 * 2),
        ([0, 24], [6, 12, 18], 12 * 30 / 1.2273 * 3 / 2),
    ],
    ids=["calm", "one of each", "two alone", "one and three", "two and three"],
)
def test_the_spread_is_what_earlier_windows_showed_and_more_where_they_are_few(
    same: list[int], recent: list[int], variance: float
) -> None:
    """Each group by its own mean, each window but one counted; the mean itself is less sure the fewer there are."""
    found = judge(30, same=same, recent=recent, at_least=8, chance=CHANCE)
    assert found.usual == 12
    assert found.chance == pytest.approx(tail(30, mean=12, variance=variance), rel=0.002)


def test_where_nothing_ever_came_a_quarter_of_one_is_usual() -> None:
    assert judge(1, same=[], recent=[], at_least=1, chance=CHANCE).usual == 0.25
    assert judge(1, same=[0] * 12, recent=[0] * 4, at_least=1, chance=CHANCE).usual == 0.25


def test_however_unusual_fewer_than_the_rules_name_are_no_surge() -> None:
    never = [0] * 12
    assert [judge(number, same=never, recent=never, at_least=8, chance=0.1).surge for number in (7, 8)] == [False, True]
