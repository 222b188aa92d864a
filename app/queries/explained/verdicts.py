"""What the matcher says of one who waits, about everybody on a floor: who would get it, who else could, and why not the rest.

Decides nothing: it puts the rows on a floor of its own and asks the router. Never reads a row and never writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from routing.capacity import units_of
from routing.entry import kinds
from routing.explain import REASONS, Reason, Standing, rule_out, stands
from routing.floor import Floor
from routing.model import Instant, Offer, Ranked, Staff, Trace, Waiting
from routing.needs import standing
from routing.rank import ORDERS, place
from routing.rules import Rules


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """One representative: `reason` None = they could take it, and `ranked` says how they were sorted."""

    representative: str
    reason: Reason | None
    ranked: Ranked | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """What would happen at this moment: an offer with its trace, or None and how it stands. `verdicts`: best first."""

    trace: Trace | None
    standing: Standing
    verdicts: tuple[Verdict, ...]


def judge(
    waiting: Waiting,
    others: Iterable[Waiting],
    staff: Sequence[Staff],
    *,
    rules: Rules,
    now: Instant,
    pulling: Sequence[Staff] = (),
) -> Judged:
    """Plan `waiting` and `others` among `staff` at `now`. Everybody is judged as they are when it is this one's turn.

    `pulling`: who asks for the next one by themselves. No plan gives them anything; what is held for them it leaves to them.
    """
    everybody = {each.id: each for each in (*others, waiting)}
    floor = floor_of(everybody.values(), [*staff, *pulling], rules=rules, now=now)
    trace: Trace | None = None
    earlier: list[Offer] = []
    for offer in floor.plan(now, traced=True).offers:
        if offer.interaction == waiting.id:
            trace = offer.trace
            break
        earlier.append(offer)
    seats = loaded(staff, [(offer.representative, everybody[offer.interaction]) for offer in earlier], now=now)
    return Judged(
        trace=trace,
        standing=stands(waiting, seats, now=now, pulling=pulling),
        verdicts=tuple(verdicts(waiting, seats, rules=rules, now=now)),
    )


def loaded(staff: Iterable[Staff], given: Iterable[tuple[str, Waiting]], *, now: Instant) -> list[Staff]:
    """The same representatives after each of `given` was offered to whom it names."""
    seats = {each.id: each for each in staff}
    for code, one in given:
        if (seat := seats.get(code)) is not None:
            needs, _ = standing(one.needs, one.steps, now)
            seats[code] = replace(seat, live=seat.live + needs.live, units=seat.units + units_of(needs))
    return list(seats.values())


def floor_of(waiting: Iterable[Waiting], staff: Iterable[Staff], *, rules: Rules, now: Instant) -> Floor:
    """A floor with all of these, as the dispatcher would have it."""
    floor = Floor(now=now)
    floor.expect(kinds(rules))
    for each in staff:
        floor.staff(each)
    for one in waiting:
        floor.place(one)
    return floor


def verdicts(waiting: Waiting, staff: Sequence[Staff], *, rules: Rules, now: Instant) -> list[Verdict]:
    """Everybody: who could take it, the first choice first; then the others by their reason and their id."""
    floor = floor_of((), staff, rules=rules, now=now)
    needs, _ = standing(waiting.needs, waiting.steps, now)
    keys = ORDERS[needs.order]
    able: list[Ranked] = []
    unable: list[Verdict] = []
    for each in staff:
        reason = rule_out(each, waiting, now=now)
        if reason is None:
            able.append(_ranked(floor, each, waiting))
        else:
            unable.append(Verdict(representative=each.id, reason=reason, ranked=None))
    able.sort(
        key=lambda one: (not one.preferred, *(getattr(one, key) for key in keys), one.representative)
    )  # fmt: skip
    unable.sort(key=lambda verdict: (REASONS.index(verdict.reason or "busy"), verdict.representative))
    return [Verdict(representative=each.representative, reason=None, ranked=each) for each in able] + unable


def _ranked(floor: Floor, staff: Staff, waiting: Waiting) -> Ranked:
    load, idle_since, _ = place(staff, staff.units)
    return Ranked(
        representative=staff.id,
        preferred=staff.id == waiting.preferred,
        scarcity=floor.scarcity(staff.id),
        load=load,
        idle_since=idle_since,
    )
