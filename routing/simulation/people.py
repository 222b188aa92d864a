"""How a scenario says who comes and who works. Decides whether that is sound and fits the rules; plays no day."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from routing.rules.fields import Table, near
from routing.rules.model import Fault
from routing.rules.reading import CAUSES
from routing.simulation.amounts import DAY_SECONDS, chances, law, mix, numbers, span, texts, wholes
from routing.simulation.clocks import zone_faults
from routing.simulation.scenario import Answering, Redial, Scenario, Shift, Source, Team
from routing.simulation.times import Law

MOST_SOURCES: Final = 1_000
MOST_TEAMS: Final = 10_000
MOST_PEOPLE: Final = 20_000
MOST_SHIFTS: Final = 1_000
MOST_BREAKS: Final = 20
MOST_SKILLS: Final = 50
MOST_PER_HOUR: Final = 1_000_000.0
ONE_SECOND: Final = Law(kind="fixed", means=(1.0,))
_ARRIVALS: Final = (
    "request_type", "per_hour", "service", "patience", "channels", "languages", "offices", "reasons", "returning", "no_show",
    "no_show_seconds", "unreached", "redial",
)  # fmt: skip
_TEAM: Final = (
    "queues", "people", "shifts", "skills", "languages", "office", "groups", "capacity", "per_hour", "per_day", "answers",
)  # fmt: skip
_REDIAL: Final = ("chance", "after", "at_most")
_SHIFT: Final = ("people", "time", "breaks")
_ANSWERS: Final = ("after", "misses", "away_seconds")


def arrivals(scenario: Table) -> tuple[Source, ...]:
    """Who comes."""
    table = scenario.table("arrivals")
    return tuple([_source(table.table(name, _ARRIVALS), name) for name in table.entries(MOST_SOURCES)])


def teams(scenario: Table) -> tuple[Team, ...]:
    """Who works."""
    table = scenario.table("teams")
    if not table.names:
        scenario.fault("nobody works here: there must be at least one team", "teams")
    return tuple([_team(table.table(name, _TEAM), name) for name in table.entries(MOST_TEAMS)])


def check(scenario: Scenario) -> Iterator[Fault]:
    """What does not fit the rules: requests, queues, reasons and groups that are not there."""
    rules = scenario.rules
    for source in scenario.sources:
        path = "arrivals", source.name
        yield from _unknown((*path, "request_type"), "request type", [source.request], rules.requests)
        for reason, _ in source.reasons:
            yield from _unknown((*path, "reasons", reason), "reason", [reason], rules.reasons)
    for team in scenario.teams:
        yield from _unknown(("teams", team.name, "queues"), "queue", sorted(team.queues), rules.queues)
        yield from _unknown(("teams", team.name, "groups"), "group", sorted(team.groups), rules.groups or team.groups)
        yield from _unknown(("teams", team.name, "skills"), "skill", sorted(team.skills), rules.skills or team.skills)
        if len(team.people) > scenario.calendar.periods + 1:
            more = f"has more numbers than there are periods ({scenario.calendar.periods}, and one for after closing)"
            yield Fault(path=("teams", team.name, "people"), reason=more)
    yield from zone_faults(scenario)
    everybody = sum(max(team.people, default=sum(shift.people for shift in team.shifts)) for team in scenario.teams)
    if everybody > MOST_PEOPLE:
        yield Fault(path=("teams",), reason=f"must not be more than {MOST_PEOPLE:,} people together")


def _unknown(path: tuple[str, ...], what: str, names: Collection[str], known: Collection[str]) -> Iterator[Fault]:
    for name in names:
        if name not in known:
            yield Fault(path=path, reason=f"there is no {what} {name!r}{near(name, known)}")


def _source(table: Table, name: str) -> Source:
    for needed in ("per_hour", "service"):
        if not table.has(needed):
            table.missing(needed)
    if not table.has("request_type"):
        table.missing("request_type")
    return Source(
        name=name,
        request=table.code("request_type") or "",
        per_hour=numbers(table, "per_hour", 0, MOST_PER_HOUR) if table.has("per_hour") else (0.0,),
        service=law(table, "service") or ONE_SECOND,
        patience=law(table, "patience"),
        channels=mix(table, "channels") or (("call", 1.0),),
        languages=mix(table, "languages"),
        offices=mix(table, "offices"),
        reasons=chances(table, "reasons"),
        returning=table.number("returning", 0, 1, 0.0),
        no_show=table.number("no_show", 0, 1, 0.0),
        no_show_seconds=table.number("no_show_seconds", 0, DAY_SECONDS, 60.0),
        unreached=table.number("unreached", 0, 1, 0.0),
        redial=_redial(table.table("redial", _REDIAL)) if table.has("redial") else None,
    )


def _redial(table: Table) -> Redial:
    if not table.has("after"):
        table.missing("after")
    # At once and for ever would never end: nobody redials faster than in a second.
    after = law(table, "after", least_seconds=1.0) or ONE_SECOND
    return Redial(chance=table.number("chance", 0, 1), after=after, at_most=table.whole("at_most", 1, 100, 1))


def _team(table: Table, name: str) -> Team:
    if table.has("people") == table.has("shifts"):
        table.fault("must have either people or shifts")
    skills = table.table("skills")
    return Team(
        name=name,
        queues=frozenset(table.codes("queues", MOST_SHIFTS)),
        people=wholes(table, "people", MOST_PEOPLE) if table.has("people") else (),
        shifts=tuple([_shift(shift) for shift in table.tables("shifts", MOST_SHIFTS, _SHIFT)]),
        skills={skill: skills.whole(skill, 1, 5) for skill in skills.entries(MOST_SKILLS)},
        languages=texts(table.items("languages", MOST_SKILLS), lambda reason, at: table.fault(reason, "languages", at)),
        office=table.text("office", 60) if table.has("office") else None,
        groups=frozenset(table.codes("groups", MOST_SKILLS)),
        capacity=table.whole("capacity", 0, 100, 1),
        per_hour=table.whole("per_hour", 1, 10_000) if table.has("per_hour") else None,
        per_day=table.whole("per_day", 1, 100_000) if table.has("per_day") else None,
        answering=_answering(table.table("answers", _ANSWERS)),
    )


def _shift(table: Table) -> Shift:
    begins, ends = span(table.raw("time"), lambda reason: table.fault(reason, "time"))
    found = []
    for place, text in enumerate(table.items("breaks", MOST_BREAKS)):
        pause = span(text, lambda reason, place=place: table.fault(reason, "breaks", str(place)))  # type: ignore[misc]
        if not begins <= pause[0] < pause[1] <= ends:
            table.fault("must lie within the shift", "breaks", str(place))
        found.append(pause)
    return Shift(people=table.whole("people", 0, MOST_PEOPLE, 1), begins=begins, ends=ends, breaks=tuple(found))


def _answering(table: Table) -> Answering:
    misses = chances(table, "misses", known=CAUSES, what="cause of a miss")
    if sum(share for _, share in misses) > 1:
        table.fault("must not be more than 1 together", "misses")
    return Answering(
        after=law(table, "after"),
        misses=misses,
        away_seconds=table.number("away_seconds", 1, DAY_SECONDS, 300.0),
    )
