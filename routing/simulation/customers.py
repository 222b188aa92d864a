"""Who comes, when, and with what: everything about a customer that no rule can change, drawn as they come.

Decides nothing about routing. Each use of chance has a stream of its own per source, so two rule sets meet the same people.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from random import Random

from routing.model import Instant, Waiting
from routing.simulation.crew import Person
from routing.simulation.making import numbered
from routing.simulation.scenario import Arrival, Calendar, Mix, Redial, Scenario, Source, Trait
from routing.simulation.streams import Streams
from routing.simulation.times import drawing

PLAIN = Trait()


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Profile:
    """What many customers have in common; one object for all who are alike, so equal means the same."""

    request: str | None
    channel: str
    live: bool
    units: int
    queue: str | None = None
    language: str | None = None
    office: str | None = None
    reasons: tuple[str, ...] = ()
    head_start_seconds: float = 0.0


class Customer:
    """One who came, and how it stands with them."""

    __slots__ = (
        "answered", "arrived", "asked", "attempt", "callbacks", "calling_back", "came", "exhausts", "head_start", "id", "left",
        "misses", "no_show", "number", "offers", "patience", "period", "person", "preferred", "profile", "queue", "returns",
        "row", "service", "source", "state",
    )  # fmt: skip

    def __init__(
        self,
        number: int,
        profile: Profile,
        *,
        came: Instant,
        period: int,
        service: float,
        patience: float | None,
        source: Source | None,
    ) -> None:
        self.number = number
        self.id = numbered(number)
        self.profile = profile
        self.came = self.arrived = came
        """`arrived` is what the place in line is counted from: kept by who is back within the grace time."""
        self.period = period
        self.service = service
        self.patience = patience
        self.source = source
        self.row: Waiting | None = None
        """As it waits, or waited before the offer."""
        self.person: Person | None = None
        """Who was offered it or serves it."""
        self.asked = self.queue = ""
        """The queue it asked for, where it is counted; and the one it waits in."""
        self.state = "coming"
        """coming, waiting, offered, served or gone."""
        self.answered = self.calling_back = self.no_show = False
        """Counted as answered, or as not there when called; hung up to be called back, and so patient; not there when called."""
        self.callbacks = self.offers = self.misses = self.attempt = 0
        self.left: Instant | None = None
        self.head_start = self.returns = 0.0
        """`returns`: a number between 0 and 1 that picks whom they would rather have; 0: nobody."""
        self.preferred: str | None = None
        self.exhausts: Instant | None = None

    @property
    def redial(self) -> Redial | None:
        """Whether and how they try again."""
        return None if self.source is None else self.source.redial


def crowds(scenario: Scenario, streams: Streams) -> Iterator[Iterator[Customer]]:
    """The customers of each source, in the order they come; and those who are played again."""
    calendar = scenario.calendar
    factor = 1.0
    if calendar.busyness is not None:
        factor = streams.stream("busyness").gammavariate(calendar.busyness, 1 / calendar.busyness)
    stride = len(scenario.sources) + 1
    for place, source in enumerate(scenario.sources, 1):
        yield _crowd(source, scenario, streams, factor=factor, numbers=range(place, 1 << 60, stride))
    if scenario.arrivals:
        yield _again(
            scenario.arrivals, scenario, streams.stream("again/patience"), numbers=range(stride, 1 << 60, stride)
        )


def _crowd(
    source: Source, scenario: Scenario, streams: Streams, *, factor: float, numbers: range
) -> Iterator[Customer]:
    service = drawing(source.service, streams.stream(f"{source.name}/service"))
    patience = None if source.patience is None else drawing(source.patience, streams.stream(f"{source.name}/patience"))
    profile = _profiles(source, scenario, streams.stream(f"{source.name}/profile"))
    habits = streams.stream(f"{source.name}/habits").random if source.returning or source.no_show else None
    instants = _instants(source.per_hour, scenario.calendar, factor, streams.stream(f"{source.name}/arrivals"))
    for number, (came, period) in zip(numbers, instants, strict=False):
        customer = Customer(
            number,
            profile(),
            came=came,
            period=period,
            service=service(period),
            patience=None if patience is None else patience(period),
            source=source,
        )
        if habits is not None:
            known, shows = habits(), habits()
            customer.returns = known / source.returning if known < source.returning else 0.0
            customer.no_show = shows < source.no_show
        yield customer


def _instants(
    per_hour: tuple[float, ...], calendar: Calendar, factor: float, chance: Random
) -> Iterator[tuple[Instant, int]]:
    """A Poisson process with a rate for each period; memoryless, so each period may begin anew."""
    uniform, log = chance.random, math.log
    for period in range(calendar.periods):
        rate = per_hour[min(period, len(per_hour) - 1)] * factor / 3600
        if rate <= 0:
            continue
        at = calendar.opens + period * calendar.period_seconds
        end = at + calendar.period_seconds
        # What `expovariate` does, without a call for each.
        at -= log(1.0 - uniform()) / rate
        while at < end:
            yield at, period
            at -= log(1.0 - uniform()) / rate


def _profiles(source: Source, scenario: Scenario, chance: Random) -> Callable[[], Profile]:
    """The profile of the next one; all draws are made for each, so that no share changes the others' numbers."""
    known: dict[tuple[str, str | None, str | None, tuple[str, ...]], Profile] = {}

    def profile(channel: str, language: str | None, office: str | None, reasons: tuple[str, ...]) -> Profile:
        key = channel, language, office, reasons
        found = known.get(key)
        if found is None:
            trait = scenario.traits.get(channel, PLAIN)
            found = known[key] = Profile(
                request=source.request,
                channel=channel,
                live=trait.live,
                units=trait.units,
                language=language,
                office=office,
                reasons=reasons,
            )
        return found

    if max(len(source.channels), len(source.languages), len(source.offices)) <= 1 and not source.reasons:
        only = profile(source.channels[0][0], _only(source.languages), _only(source.offices), ())
        return lambda: only
    channel, language, office = (_picking(mix) for mix in (source.channels, source.languages, source.offices))
    draw = chance.random

    def drawn() -> Profile:
        medium, tongue, place = channel(draw()), language(draw()), office(draw())
        granted = tuple([reason for reason, share in source.reasons if draw() < share])
        return profile(medium or "", tongue, place, granted)

    return drawn


def _only(mix: Mix) -> str | None:
    return mix[0][0] if mix else None


def _picking(mix: Mix) -> Callable[[float], str | None]:
    if not mix:
        return lambda draw: None
    bounds = tuple(accumulate(share for _, share in mix))

    def pick(draw: float) -> str:
        for bound, (name, _) in zip(bounds, mix, strict=True):
            if draw < bound:
                return name
        return mix[-1][0]

    return pick


def _again(arrivals: tuple[Arrival, ...], scenario: Scenario, chance: Random, *, numbers: range) -> Iterator[Customer]:
    calendar = scenario.calendar
    known: dict[tuple[object, ...], Profile] = {}
    for number, arrival in zip(numbers, sorted(arrivals, key=lambda each: each.at), strict=False):
        trait = scenario.traits.get(arrival.channel, PLAIN)
        key = (
            arrival.request,
            arrival.channel,
            arrival.queue,
            arrival.language,
            arrival.office,
            arrival.reasons,
            arrival.head_start_seconds,
        )
        if key not in known:
            known[key] = Profile(
                request=arrival.request,
                channel=arrival.channel,
                live=trait.live,
                units=trait.units,
                queue=arrival.queue,
                language=arrival.language,
                office=arrival.office,
                reasons=arrival.reasons,
                head_start_seconds=arrival.head_start_seconds,
            )
        patience, draw = arrival.patience_seconds, chance.random()
        if patience is None and arrival.channel in scenario.patience:
            patience = scenario.patience[arrival.channel].beyond(arrival.waited_seconds, draw)
        yield Customer(
            number,
            known[key],
            came=arrival.at,
            period=int((arrival.at - calendar.opens) // calendar.period_seconds),
            service=arrival.service_seconds,
            patience=patience,
            source=None,
        )
