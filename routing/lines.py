"""What each line's wait is made of, when the same people serve several: who really comes to it, and who goes before.

A line is all who need the same. Whoever serves two lines takes the earliest due of both; so a line that many serve is
served where people are least late, and the work that waits deals itself out among the crews until no shared line could
be served earlier elsewhere, as water finds its level. From that follow, for each line, the representatives who come to
it, how much of every line they will take before, and how long one piece keeps them. Knows facts and no rows; decides no
offer.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from routing.estimate import Overtaking, Wait, wait
from routing.model import Needs, Staff
from routing.needs import meets

Serves = frozenset[str]
"""The lines that a crew serves: it is known by them."""
Shares = dict[str, dict[Serves, float]]
"""Of each line's work, the share that goes to each crew."""

ROUNDS: Final = 30
"""So often the work is dealt out anew; far fewer bring it within a few percent of level."""
FEWEST: Final = 3
BOLDNESS: Final = 0.5
"""How far one round goes towards what it finds better; more would swing to and fro."""
A_WHILE: Final = 30.0
"""Seconds: differences much smaller than this do not matter."""
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
    """Representatives on shift who serve the same lines."""

    on_shift: int
    free: int = 0
    """Who could take something now."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """What has been seen of one line."""

    waiting: float
    handle_seconds: float
    """How much of a representative's time one piece takes, on average."""
    variation: float = 1.0
    """The variance of that, over its square."""
    measured: float = math.inf
    """From how many contacts both are known; infinite: they are said, not seen."""
    arrival_rate: float = 0.0
    """A second."""
    leaving_rate: float = 0.0
    """Of those who wait, the share that gives up in a second."""
    leads: tuple[tuple[float, float], ...] = ()
    """(seconds from arrival to due, how many such come a second): who comes later with less lead goes before."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """What waiting in it is made of now."""

    representatives: float
    """Who come to it; 0: nobody serves it."""
    free: int
    handle_seconds: float
    """Of all they do."""
    variation: float
    measured: float
    """From how many contacts both are known; infinite: none of it was measured."""
    leaving_rate: float
    ahead: Mapping[str, float]
    """Of each line, its own included: the share of those due earlier whom they will take before."""
    leads: tuple[tuple[float, float], ...]
    """(seconds from arrival to due, rate) of those who will come, in all these lines."""


def lines(known: Mapping[str, Known], at_work: Mapping[Serves, Crew]) -> dict[str, Line]:
    """What each of these lines is made of."""
    at_work = {serves: crew for serves, crew in at_work.items() if crew.on_shift > 0}
    shares = _level(known, at_work)
    return {line: _line(line, known, shares, at_work) for line in known}


def handle_seconds(spent_seconds: float, *, done: int, in_hand: int, variation: float) -> float:
    """The mean time of one piece, from all time spent on those that were begun lately; `done` is 1 or more.

    The mean of those done would leave out the long ones: they are not done yet. By the renewal theorem so much time
    yields `done + in_hand x (1 - variation) / 2` pieces: those in hand count for a part of one, less the wilder they are.
    """
    return spent_seconds / max(done / 2, done + in_hand * (1 - variation) / 2)


def crews(staff: Iterable[tuple[Staff, Crew]], kinds: Mapping[str, Needs]) -> dict[Serves, Crew]:
    """Who are alike, put together by which of these lines (by name: what one must have for it) they may serve."""
    found: dict[Serves, Crew] = {}
    for like, crew in staff:
        serves = frozenset(name for name, needs in kinds.items() if meets(like, needs))
        known = found.get(serves, Crew(on_shift=0))
        found[serves] = Crew(on_shift=known.on_shift + crew.on_shift, free=known.free + crew.free)
    found.pop(frozenset(), None)
    return found


def by_queue(line: Line, known: Mapping[str, Known], queue_of: Mapping[str, str]) -> dict[str, float]:
    """`line.ahead` for one who can tell only in which queue somebody waits: of each, as it is made up now."""
    all_of: dict[str, float] = {}
    mine: dict[str, float] = {}
    for name, about in known.items():
        queue, number = queue_of[name], about.waiting + _usual(about)
        all_of[queue] = all_of.get(queue, 0.0) + number
        mine[queue] = mine.get(queue, 0.0) + number * line.ahead.get(name, 0.0)
    return {queue: share / all_of[queue] for queue, share in mine.items() if share > COUNTS * all_of[queue]}


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
        measured=line.measured,
        leaving_rate=line.leaving_rate,
        overtaking=()
        if lead_seconds is None
        else [
            Overtaking(seconds=lead_seconds - lead, rate=rate)
            for lead, rate in line.leads
            if lead < lead_seconds - A_MOMENT
        ],
    )


def _work(line: str, known: Mapping[str, Known], crews: Mapping[Serves, Crew]) -> float:
    """Seconds of work that wait."""
    about = known[line]
    usual = about.arrival_rate * about.handle_seconds
    if usual <= 0:  # nothing has come yet: as much as there are people for it
        usual = sum(crew.on_shift / len(serves) for serves, crew in crews.items() if line in serves)
    return (about.waiting + STEADY * usual) * about.handle_seconds


def _level(known: Mapping[str, Known], crews: Mapping[Serves, Crew]) -> Shares:
    """Deal the work out: each round, more of a line goes to those of its crews who are less late than the others."""
    shares = {
        line: _together({serves: float(crew.on_shift) for serves, crew in crews.items() if line in serves})
        for line in known
    }
    work = {line: _work(line, known, crews) for line in known}
    leads = {line: _lead(about) for line, about in known.items()}
    shared = [line for line, mine in shares.items() if len(mine) > 1]
    rounds = min(ROUNDS, max(FEWEST, PAIRS // sum(map(len, shares.values())))) if shared else 0
    for _ in range(rounds):
        done, late = _lateness(shares, work=work, leads=leads, crews=crews)
        for line in shared:
            mine = shares[line]
            mean = sum(share * late[serves] for serves, share in mine.items())
            scale = A_WHILE + sum(share * done[serves] for serves, share in mine.items())
            shares[line] = _together(
                {
                    serves: max(LEAST_SHARE, share)
                    * math.exp(max(-1.0, min(1.0, BOLDNESS * (mean - late[serves]) / scale)))
                    for serves, share in mine.items()
                }
            )
    return shares


def _lateness(
    shares: Shares, *, work: Mapping[str, float], leads: Mapping[str, float], crews: Mapping[Serves, Crew]
) -> tuple[dict[Serves, float], dict[Serves, float]]:
    """By crew: the seconds until its share is done, and by how much those it takes then are past their due time."""
    done = dict.fromkeys(crews, 0.0)
    lead = dict.fromkeys(crews, 0.0)
    for line, mine in shares.items():
        for serves, share in mine.items():
            seconds = share * work[line] / crews[serves].on_shift
            done[serves] += seconds
            lead[serves] += seconds * leads[line]
    return done, {
        serves: seconds - (lead[serves] / seconds if seconds > 0 else 0.0) for serves, seconds in done.items()
    }


def _together(weights: dict[Serves, float]) -> dict[Serves, float]:
    """The same proportions, together 1."""
    total = sum(weights.values())
    return {serves: weight / total for serves, weight in weights.items()}


def _line(line: str, known: Mapping[str, Known], shares: Shares, crews: Mapping[Serves, Crew]) -> Line:
    come = [serves for serves, share in shares[line].items() if share > COUNTS]
    ahead = {
        other: weight
        for other, dealt in shares.items()
        if (weight := sum(dealt.get(serves, 0.0) for serves in come)) > COUNTS
    }
    mix = {other: weight * (known[other].waiting + _usual(known[other])) for other, weight in ahead.items()}
    pieces = sum(mix.values())
    if pieces <= 0:
        mix, pieces = {line: 1.0}, 1.0
    mean = sum(share * known[other].handle_seconds for other, share in mix.items()) / pieces
    square = sum(
        share * known[other].handle_seconds ** 2 * (1 + known[other].variation) for other, share in mix.items()
    )
    leads: dict[float, float] = {}
    for other, weight in ahead.items():
        for lead, rate in known[other].leads:
            leads[lead] = leads.get(lead, 0.0) + weight * rate
    return Line(
        representatives=float(sum(crews[serves].on_shift for serves in come)),
        free=sum(crew.free for serves, crew in crews.items() if line in serves),
        handle_seconds=mean,
        variation=max(0.0, square / pieces / mean**2 - 1),
        measured=sum(known[other].measured for other, share in mix.items() if share > COUNTS * pieces),
        leaving_rate=sum(share * known[other].leaving_rate for other, share in mix.items()) / pieces,
        ahead=ahead,
        leads=tuple(sorted(leads.items())),
    )


def _usual(about: Known) -> float:
    return STEADY * about.arrival_rate * about.handle_seconds


def _lead(about: Known) -> float:
    """From arrival to due, on average."""
    rate = sum(each for _, each in about.leads)
    return sum(lead * each for lead, each in about.leads) / rate if rate > 0 else 0.0
