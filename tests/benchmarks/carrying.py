"""Whether the people of an office can carry what is asked of them, known before any rule is tried.

That two hundred people have work for nine tenths of their time does not mean that they can do it: three kinds of work may
ask for more than the sixteen who know them can give, while others have nothing to do. Such an office is never at nine
tenths of anything: its lines grow as long as the day lasts, under every rule. Decides nothing about routing.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from tests.benchmarks.offices import PEOPLE_EACH, Office, office

CARRIED = 0.95
"""Nobody need be busier than this. Of the first thirty draws at 0.9 the busiest set of people has 0.90 to 0.94 in 26, and
1.02 or more in the other four: where between them the line is drawn makes no difference."""
NOTHING = 1e-9


def carrying(number: int, *, occupancy: float, service_seconds: float) -> list[int]:
    """The first so many seeds whose office can carry its work. Nobody has waited in them yet."""
    return list(_carrying(number, occupancy=occupancy, service_seconds=service_seconds))


def carries(drawn: Office, *, service_seconds: float) -> bool:
    """Whether all work can be dealt out so that nobody is busier than `CARRIED`: a flow, by augmenting paths."""
    able = [[place for place, known in enumerate(drawn.known) if needed <= known] for needed in drawn.needed]
    room = [CARRIED * PEOPLE_EACH] * len(drawn.known)
    dealt = [dict.fromkeys(places, 0.0) for places in able]
    for kind, rate in enumerate(drawn.per_hour):
        left = rate * service_seconds / 3600
        while left > NOTHING:
            path = _path(kind, dealt, room)
            if path is None:
                return False
            left -= _push(path, left, dealt=dealt, room=room)
    return True


def _carrying(number: int, *, occupancy: float, service_seconds: float) -> Iterator[int]:
    found = 0
    for seed in count(1):
        if found == number:
            return
        if carries(office(seed, occupancy=occupancy, service_seconds=service_seconds), service_seconds=service_seconds):
            found += 1
            yield seed


def _path(kind: int, dealt: list[dict[int, float]], room: list[float]) -> list[tuple[int, int]] | None:
    """The shortest way to make room for a kind: (kind, who takes it) in turn, each giving up some of the next kind."""
    came: dict[int, tuple[int, int | None]] = {}
    seen = {kind}
    kinds: list[tuple[int, int | None]] = [(kind, None)]
    for each, through in kinds:
        for place in dealt[each]:
            if place in came:
                continue
            came[place] = each, through
            if room[place] > NOTHING:
                return _back(place, came)
            for other, amounts in enumerate(dealt):
                if other not in seen and amounts.get(place, 0.0) > NOTHING:
                    seen.add(other)
                    kinds.append((other, place))
    return None


def _back(place: int, came: dict[int, tuple[int, int | None]]) -> list[tuple[int, int]]:
    path: list[tuple[int, int]] = []
    at: int | None = place
    while at is not None:
        kind, before = came[at]
        path.append((kind, at))
        at = before
    return path[::-1]


def _push(path: list[tuple[int, int]], left: float, *, dealt: list[dict[int, float]], room: list[float]) -> float:
    """As much as fits along this way; returns how much."""
    given_up = [dealt[kind][place] for (kind, _), (_, place) in zip(path[1:], path, strict=False)]
    amount = min(left, room[path[-1][1]], *given_up)
    for kind, place in path:
        dealt[kind][place] += amount
    for (kind, _), (_, place) in zip(path[1:], path, strict=False):
        dealt[kind][place] -= amount
    room[path[-1][1]] -= amount
    return amount
