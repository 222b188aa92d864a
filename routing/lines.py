"""What each line's wait is made of, when the same people serve several: who really comes to it, and who goes before.

Whoever serves two lines takes the earliest due of both, so they come more to the line where people have waited longer.
The work that waits is therefore dealt out among the crews so that nobody's share takes much longer than another's, as
water finds its level; from that follow, for each line, the representatives who come to it, how much of every line they
will take before, and how long one piece keeps them. Knows facts and no rows; decides no offer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from routing.estimate import Overtaking, Wait, wait

Queues = frozenset[str]
Shares = dict[str, dict[Queues, float]]
"""Of each line's work, the share that goes to each crew; a crew is known by the queues it serves."""

ROUNDS: Final = 30
"""So often the work is dealt out anew; far fewer bring it within a few percent of level."""
PAIRS: Final = 60_000
"""Never more than about so many steps: where thousands serve lines of their own, fewer rounds must do."""
LEAST_SHARE: Final = 0.001
COUNTS: Final = 0.02
"""A crew that takes less than this of a line does not come to it."""
A_MOMENT: Final = 0.5
"""Leads closer than this are the same."""
STEADY: Final = 0.05
"""Of the work that is always in hand, as much as this counts as waiting: where nobody waits, the usual load decides."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Crew:
    """Representatives on shift who serve the same queues."""

    on_shift: int
    free: int = 0
    """Who could take something now."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """What has been seen of one queue."""

    waiting: int
    handle_seconds: float
    """How much of a representative's time one piece takes, on average."""
    variation: float = 1.0
    """The variance of that, over its square."""
    arrival_rate: float = 0.0
    """A second."""
    leaving_rate: float = 0.0
    """Of those who wait, the share that gives up in a second."""
    leads: tuple[tuple[float, float], ...] = ()
    """(seconds from arrival to due, how many such come a second): who comes later with less lead goes before."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """What waiting in one queue is made of now."""

    representatives: float
    """Who come to it; 0: nobody serves it."""
    free: int
    handle_seconds: float
    """Of all they do."""
    variation: float
    leaving_rate: float
    ahead: Mapping[str, float]
    """Of each queue, its own included: the share of those due earlier whom they will take before."""
    leads: tuple[tuple[float, float], ...]
    """(seconds from arrival to due, rate) of those who will come, in all these queues."""


def lines(known: Mapping[str, Known], crews: Mapping[Queues, Crew]) -> dict[str, Line]:
    """What each of these queues is made of. Crews may serve other queues as well: what is not known of does not count."""
    at_work = {queues: crew for queues, crew in crews.items() if crew.on_shift > 0}
    shares = _level({queue: _work(queue, known, at_work) for queue in known}, at_work)
    return {queue: _line(queue, known, shares, at_work) for queue in known}


def told(line: Line, position: float, *, lead_seconds: float | None = None) -> Wait | None:
    """The range for one with `position - 1` before them, counted as `line.ahead` weighs them.

    `lead_seconds`: from their own arrival to when they are due; None: nobody will overtake them.
    """
    return wait(
        position,
        representatives=line.representatives,
        busy=line.representatives - line.free,
        handle_seconds=line.handle_seconds,
        variation=line.variation,
        leaving_rate=line.leaving_rate,
        overtaking=()
        if lead_seconds is None
        else [
            Overtaking(seconds=lead_seconds - lead, rate=rate)
            for lead, rate in line.leads
            if lead < lead_seconds - A_MOMENT
        ],
    )


def _work(queue: str, known: Mapping[str, Known], crews: Mapping[Queues, Crew]) -> float:
    """Seconds of work that wait."""
    about = known[queue]
    usual = about.arrival_rate * about.handle_seconds
    if usual <= 0:  # nothing has come yet: as much as there are people for it
        usual = sum(crew.on_shift / len(queues) for queues, crew in crews.items() if queue in queues)
    return (about.waiting + STEADY * usual) * about.handle_seconds


def _level(work: Mapping[str, float], crews: Mapping[Queues, Crew]) -> Shares:
    """Deal the work out: each round, more of a line goes to those of its crews who would be done first."""
    shares: Shares = {}
    for queue in work:
        mine = {queues: float(crew.on_shift) for queues, crew in crews.items() if queue in queues}
        shares[queue] = _together(mine)
    shared = [queue for queue, mine in shares.items() if len(mine) > 1 and work[queue] > 0]
    rounds = min(ROUNDS, max(3, PAIRS // sum(map(len, shares.values())))) if shared else 0
    for _ in range(rounds):
        done = dict.fromkeys(crews, 0.0)
        for queue, mine in shares.items():
            for queues, share in mine.items():
                done[queues] += share * work[queue] / crews[queues].on_shift
        for queue in shared:
            mine = shares[queue]
            mean = sum(share * done[queues] for queues, share in mine.items())
            shares[queue] = _together(
                {
                    queues: max(LEAST_SHARE, share) * math.sqrt(mean / max(done[queues], LEAST_SHARE * mean))
                    for queues, share in mine.items()
                }
            )
    return shares


def _together(weights: dict[Queues, float]) -> dict[Queues, float]:
    """The same proportions, together 1."""
    total = sum(weights.values())
    return {queues: weight / total for queues, weight in weights.items()}


def _line(queue: str, known: Mapping[str, Known], shares: Shares, crews: Mapping[Queues, Crew]) -> Line:
    come = [queues for queues, share in shares[queue].items() if share > COUNTS]
    ahead = {
        other: weight
        for other, dealt in shares.items()
        if (weight := sum(dealt.get(queues, 0.0) for queues in come)) > COUNTS
    }
    mix = {other: weight * (known[other].waiting + _usual(known[other])) for other, weight in ahead.items()}
    pieces = sum(mix.values())
    if pieces <= 0:
        mix, pieces = {queue: 1.0}, 1.0
    mean = sum(share * known[other].handle_seconds for other, share in mix.items()) / pieces
    square = sum(
        share * known[other].handle_seconds ** 2 * (1 + known[other].variation) for other, share in mix.items()
    )
    leads: dict[float, float] = {}
    for other, weight in ahead.items():
        for lead, rate in known[other].leads:
            leads[lead] = leads.get(lead, 0.0) + weight * rate
    return Line(
        representatives=float(sum(crews[queues].on_shift for queues in come)),
        free=sum(crew.free for queues, crew in crews.items() if queue in queues),
        handle_seconds=mean,
        variation=max(0.0, square / pieces / mean**2 - 1),
        leaving_rate=sum(share * known[other].leaving_rate for other, share in mix.items()) / pieces,
        ahead=ahead,
        leads=tuple(sorted(leads.items())),
    )


def _usual(about: Known) -> float:
    return STEADY * about.arrival_rate * about.handle_seconds
