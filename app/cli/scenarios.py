"""Where a simulation comes from: a file that says who comes and who works, or the service's own log.

Decides how both become a scenario, and how a mistake in a file is told. Simulates nothing.
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any, Final, TypeVar
from zoneinfo import ZoneInfo

from app.errors import CannotStart, Invalid
from routing.hours import LOOK_AHEAD_DAYS

if TYPE_CHECKING:
    from app.queries.explained.replay import Recorded, RecordedContact, RecordedShift
    from routing.rules.model import Rules
    from routing.simulation.scenario import Arrival, Scenario, Team

Read = TypeVar("Read")

LARGEST_BYTES: Final = 5_000_000
MOST_YEARS: Final = 10
"""Of so many years the holidays are looked up."""
AFTERWARDS: Final = timedelta(days=1)
"""Whoever is at work when the time ends stays until the last one is served, at most so long."""


class WrongScenarioFile(CannotStart):
    """The file is wrong; one line for each mistake, with its own."""

    default_code = "wrong_scenario"


def scenario_of(path: Path) -> Scenario:
    """The scenario in a file; raises `WrongScenarioFile` with every mistake, `CannotStart` where it cannot be read."""
    from routing.simulation.reading import read

    return with_holidays(_read(path, read))


def rules_of(path: Path) -> Rules:
    """The rules in a file, whatever else it says: a scenario's, or an office's configuration."""
    from routing.simulation.reading import read_only_rules

    return _read(path, read_only_rules)


def _read(path: Path, read: Callable[[Mapping[str, Any]], Read]) -> Read:
    from app.configuration.lines import Lines
    from routing.rules.model import WrongRules

    text = _text(path)
    try:
        return read(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise WrongScenarioFile(f"{path}: is no TOML: {error}") from None
    except WrongRules as error:
        lines = Lines(text)
        told = sorted((lines.of(fault.path), str(fault)) for fault in error.faults)
        raise WrongScenarioFile("\n".join(f"{path}:{line}: {fault}" for line, fault in told)) from None


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise CannotStart(f"{path}: larger than {LARGEST_BYTES} bytes")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise CannotStart(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise CannotStart(f"{path}: is not UTF-8 text") from None


def moment(text: str, zone: ZoneInfo) -> datetime:
    """An instant as a person types it: with its own offset, or in the office's time. Raises `Invalid`."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid(f"{text!r} is no time: write 2026-03-02 or 2026-03-02T08:00.", code="wrong_span") from None
    return found if found.tzinfo is not None else found.replace(tzinfo=zone)


def with_holidays(scenario: Scenario) -> Scenario:
    """With the public holidays of the countries its queues' hours name."""
    named = {queue.hours.holidays for queue in scenario.rules.queues.values() if queue.hours is not None} - {None}
    if not named:
        return scenario
    from app.queries.line.opening import holidays_in

    calendar = scenario.calendar
    days = calendar.date, calendar.date + timedelta(seconds=calendar.closes) + AFTERWARDS + LOOK_AHEAD_DAYS * AFTERWARDS
    years = range(days[0].year, min(days[1].year, days[0].year + MOST_YEARS) + 1)
    found = {country: holidays_in(country, years) for country in named if country is not None}
    return replace(scenario, calendar=replace(calendar, holidays=found))


def replayed(recorded: Recorded, rules: Rules, zone: ZoneInfo, *, live: Rules | None = None) -> Scenario:
    """What was recorded, to be played again under these rules; `live`: those of then, if they were others.

    Who gave up then gives up after the same wait. The others would have waited longer than they did; how long is drawn from
    what those who gave up on the same channel tell (`routing.simulation.patience`), and where too few did, they wait for ever.
    Whoever was never served takes as long as the others with the same request do. What a head start was granted for is worth
    what these rules say; whom it was refused then is not known here, so a larger share lets nobody else in.
    """
    from routing.simulation.patience import estimated
    from routing.simulation.scenario import Calendar, Scenario, Trait

    begin = datetime.fromtimestamp(recorded.since, zone)
    midnight = begin.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
    seconds = recorded.until - recorded.since
    traits = {contact.channel: Trait(live=contact.live, units=contact.units) for contact in recorded.contacts}
    curves = {channel: estimated(_waits(recorded.contacts, channel)) for channel in sorted(traits)}
    played = Scenario(
        name=f"What came from {begin:%Y-%m-%d %H:%M} on",
        rules=rules,
        calendar=Calendar(
            date=date(begin.year, begin.month, begin.day),
            opens=recorded.since - midnight,
            period_seconds=seconds,
            timezone=zone.key,
        ),
        arrivals=tuple(_arrivals(recorded.contacts, rules, midnight, live=rules if live is None else live)),
        patience={channel: curve for channel, curve in curves.items() if curve is not None},
        teams=tuple(_teams(recorded, midnight)),
        traits=traits,
        replications=1,
    )
    return with_holidays(played)


def _waits(contacts: Iterable[RecordedContact], channel: str) -> Iterable[tuple[float, bool]]:
    for contact in contacts:
        if contact.channel == channel:
            gave_up = contact.gave_up_after_seconds
            yield (contact.waited_seconds, False) if gave_up is None else (gave_up, True)


def _arrivals(contacts: Iterable[RecordedContact], rules: Rules, midnight: float, *, live: Rules) -> Iterable[Arrival]:
    """Those whose queue the rules do not know any more are left out: nobody could say where they would wait."""
    from routing.simulation.scenario import Arrival

    handled: dict[str | None, list[float]] = defaultdict(list)
    known = [contact for contact in contacts if contact.queue in rules.queues]
    for contact in known:
        if contact.handle_seconds is not None:
            handled[contact.request].append(contact.handle_seconds)
    means = {request: fmean(seconds) for request, seconds in handled.items()}
    for contact in known:
        # What they had beside their reasons (a reopened case's earlier wait) stays; the reasons are valued anew.
        valued = [reason for reason in contact.head_start_reasons if reason in live.reasons]
        beside = contact.head_start_seconds - sum(live.reasons[reason].seconds for reason in valued)
        usual = means.get(contact.request, rules.queues[contact.queue].mean_handle_seconds)
        yield Arrival(
            at=contact.arrived - midnight,
            request=contact.request,
            queue=contact.queue if contact.request not in rules.requests else None,
            channel=contact.channel,
            service_seconds=usual if contact.handle_seconds is None else contact.handle_seconds,
            patience_seconds=contact.gave_up_after_seconds,
            waited_seconds=contact.waited_seconds,
            language=contact.language,
            office=contact.office,
            reasons=tuple(reason for reason in valued if reason in rules.reasons),
            head_start_seconds=max(0.0, beside),
        )


def _teams(recorded: Recorded, midnight: float) -> Iterable[Team]:
    """One team for each representative: their first coming, their last going, and what lay between as breaks."""
    from routing.simulation.scenario import Shift, Team

    shifts: dict[str, list[RecordedShift]] = defaultdict(list)
    for shift in recorded.shifts:
        shifts[shift.representative].append(shift)
    for representative, own in shifts.items():
        last = own[-1].end
        if last >= recorded.until:
            last += AFTERWARDS.total_seconds()
        breaks = tuple((one.end - midnight, other.start - midnight) for one, other in pairwise(own))
        yield Team(
            name=representative,
            queues=own[-1].queues,
            shifts=(Shift(people=1, begins=own[0].start - midnight, ends=last - midnight, breaks=breaks),),
            skills=dict(own[-1].skills),
            languages=own[-1].languages,
            office=own[-1].office,
            groups=own[-1].groups,
            capacity=own[-1].capacity,
        )
