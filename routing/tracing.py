"""Why an offer fell as it did: who else could have taken it, with the keys they were sorted by, and who could not, and why.

Decides nothing. Cheap, for it is made for every offer: what rules a whole group out is counted once per pool until somebody
comes, leaves or goes away; how many are busy follows from the rest; only those whom the customer must not meet are
looked at one by one.
"""

from __future__ import annotations

from operator import itemgetter

from routing.capacity import could_ever_fit, units_of
from routing.explain import REASONS
from routing.groups import Crowd, Group, Seat
from routing.model import Needs, Ranked, Trace, Waiting
from routing.needs import lacking
from routing.pools import Census, Filed, Pool
from routing.rank import NEEDED, Place
from routing.roster import Roster

RUNNERS_UP_AT_MOST = 5
TOLD = 100.0
"""What it is told as to be the last free one for something."""


def trace(roster: Roster, record: Filed, *, chosen: Seat, skip: frozenset[str], crowds: list[Crowd]) -> Trace:
    """The trace of the offer of this one to `chosen`, who has not been given it yet; `crowds` as `Roster.free_for` says.

    For one held for the preferred representative, the runners-up are those who would have been asked without the hold.
    """
    _, waiting, pool, passed = record
    pool, place, preferred = pool.base, chosen.place, waiting.preferred
    assert place is not None
    free = crowds[0].size if len(crowds) == 1 else sum([crowd.size for crowd in crowds])
    runners_up: tuple[Ranked, ...] = ()
    if free > 1:
        best = [each for each in _best(roster, pool, crowds, skip=skip) if each[1] is not place]
        runners_up = tuple([_ranked(weight, other, preferred=preferred) for weight, other in best[:RUNNERS_UP_AT_MOST]])
    told = _ranked(roster.demand.weigh(chosen.group), place, preferred=preferred)
    census = pool.census
    if census is None or census.version != roster.version:
        census = pool.census = _census(roster, pool)
    ruled_out = census.told(census.present - free)
    if skip:
        ruled_out = _with_met(ruled_out, roster, pool, waiting, skip=skip)
    return Trace._make((waiting.rules, passed, told, runners_up, ruled_out))


def scarcity(weight: int) -> float:
    """A weight as it is told: 100.0 for each thing somebody is the last free one for."""
    return weight * TOLD / NEEDED


def _ranked(weight: int, place: Place, *, preferred: str | None) -> Ranked:
    load, idle_since, representative = place
    return Ranked._make((representative, representative == preferred, weight * TOLD / NEEDED, load, idle_since))


def _best(roster: Roster, pool: Pool, crowds: list[Crowd], *, skip: frozenset[str]) -> list[tuple[int, Place]]:
    """The first of all who are free for it, by the pool's order, each after the weight of their group: one more than are
    told, for the chosen is among them.

    Nobody but the first so many crowds can hold one of them, sorted by the best of each.
    """
    sorting, weigh, count = pool.sorting, roster.demand.weigh, RUNNERS_UP_AT_MOST + 1
    if len(crowds) == 1:
        weight = weigh(crowds[0].group)
        return [(weight, place) for place in crowds[0].best(sorting, skip, count=count)]
    leading: list[tuple[object, int, Crowd]] = []
    for crowd in crowds:
        first = crowd.first(sorting, skip)
        if first is not None:
            weight = weigh(crowd.group)
            leading.append((sorting.full((weight, *first)), weight, crowd))
    leading.sort(key=itemgetter(0))
    found: list[tuple[object, int, Place]] = []
    for _, weight, crowd in leading[:count]:
        found += [(sorting.full((weight, *place)), weight, place) for place in crowd.best(sorting, skip, count=count)]
    found.sort(key=itemgetter(0))
    return [(weight, place) for _, weight, place in found[:count]]


def _with_met(
    ruled_out: tuple[tuple[str, int], ...], roster: Roster, pool: Pool, waiting: Waiting, *, skip: frozenset[str]
) -> tuple[tuple[str, int], ...]:
    """The counts, where some are ruled out by the customer's own exclusions first."""
    met = [seat for each in skip if (seat := roster.seats.get(each)) is not None and _able(roster, seat, pool)]
    if not met:
        return ruled_out
    counts = dict.fromkeys(REASONS, 0) | dict(ruled_out)
    for seat in met:
        counts["barred" if seat.staff.id in waiting.barred else "declined"] += 1
        later = _later_reason(seat, pool)
        if later is not None:
            counts[later] -= 1
    return tuple([each for each in counts.items() if each[1]])


def _able(roster: Roster, seat: Seat, pool: Pool) -> bool:
    return roster.serves(seat, pool) and could_ever_fit(seat.staff.capacity, pool.needs)


def _later_reason(seat: Seat, pool: Pool) -> str | None:
    """For what they count where the customer's own exclusions are not looked at."""
    if seat.stood is not None and seat.stood[0] != "on":
        return seat.stood[0]
    return None if seat.group.crowds[pool.cost] in seat.open else "busy"


def _census(roster: Roster, pool: Pool) -> Census:
    """How many are ruled out by what changes seldom, the customer's own exclusions aside."""
    counts: dict[str, int] = dict.fromkeys(REASONS, 0)
    for group in roster.groups.values():
        reason = lacking(group.like, pool.needs)
        if reason is not None:
            counts[reason] += sum(group.standing.values())
        else:
            _count_standing(counts, group, pool.needs)
    present = counts.pop("busy")
    absent = tuple([each for each in counts.items() if each[1]])
    return Census(roster.version, absent, present=present)


def _count_standing(counts: dict[str, int], group: Group, needs: Needs) -> None:
    for (presence, capacity), count in group.standing.items():
        if units_of(needs) > capacity:
            counts["capacity"] += count
        else:
            counts["busy" if presence == "on" else presence] += count
