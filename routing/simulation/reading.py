"""From a document (TOML, already parsed) to a scenario, every mistake with its path and its reason.

A scenario is the rules of `routing.rules` with who comes and who works beside them. Names that only people read may be left
out here: a queue is called by its code. Decides nothing about a day.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from routing.rules.fields import Table
from routing.rules.model import Fault, Rules, WrongRules
from routing.rules.reading import read as read_rules
from routing.simulation.amounts import DAY_SECONDS, MOST_PERIODS, instant
from routing.simulation.people import arrivals, check, teams
from routing.simulation.scenario import Calendar, Scenario, Trait

RULES: Final = ("skills", "groups", "reasons", "channels", "queues", "request_types")
"""The keys of a document that are its rules."""
_OWN: Final = (
    "name", "seed", "replications", "confidence", "within_seconds", "waiting_places", "day", "traits", "arrivals", "teams",
)  # fmt: skip
_DAY: Final = ("date", "opens", "periods", "period_seconds", "warm_up_seconds", "finish", "busyness", "timezone")
_TRAIT: Final = ("live", "units")
MOST_TRAITS: Final = 100
MOST_REPLICATIONS: Final = 100_000
ANY_DAY: Final = date(2026, 3, 2)
"""A Monday: where no date is given and hours are asked for."""


class WrongScenario(WrongRules):
    """The document is no scenario; `faults` are all its mistakes."""


def read(document: Mapping[str, Any]) -> Scenario:
    """The scenario of a document; raises `WrongScenario` with every mistake."""
    wrong: list[Fault] = []
    table = Table(document, (), wrong, known=(*_OWN, *RULES))
    rules = _rules(document, wrong)
    scenario = Scenario(
        name=table.text("name", 200, "A scenario"),
        rules=rules,
        calendar=_calendar(table),
        traits=_traits(table),
        sources=arrivals(table),
        teams=teams(table),
        within_seconds=table.number("within_seconds", 0, DAY_SECONDS, 20.0),
        places=table.whole("waiting_places", 0, 1_000_000) if table.has("waiting_places") else None,
        seed=table.whole("seed", 0, 2**63 - 1, 1),
        replications=table.whole("replications", 1, MOST_REPLICATIONS, 10),
        confidence=table.number("confidence", 0.5, 0.9999, 0.95),
    )
    if not wrong:
        wrong += check(scenario)
    if wrong:
        raise WrongScenario(tuple(sorted(set(wrong), key=lambda fault: (fault.path, fault.reason))))
    return scenario


def read_only_rules(document: Mapping[str, Any]) -> Rules:
    """The rules of any document that holds some: a scenario, an office's configuration; what else it says is passed over."""
    wrong: list[Fault] = []
    rules = _rules(document, wrong)
    if wrong:
        raise WrongScenario(tuple(wrong))
    return rules


def _rules(document: Mapping[str, Any], wrong: list[Fault]) -> Rules:
    try:
        return read_rules(_named({key: document[key] for key in RULES if key in document}))
    except WrongRules as refused:
        wrong += refused.faults
        return Rules(version=0, queues={}, requests={})


def _named(document: dict[str, Any]) -> dict[str, Any]:
    """With everything that only people read filled in: what a queue is called, what a request, and on which tickets."""
    document["queues"] = _filled(document.get("queues"), lambda code: {"name": code, "offer_timeout_seconds": 30})
    document["request_types"] = _filled(
        document.get("request_types"), lambda code: {"labels": {"en": code}}, root={"letter": "A"}
    )
    return document


def _filled(found: object, default: Any, *, root: Mapping[str, Any] | None = None) -> object:
    if not isinstance(found, Mapping):
        return found if found is not None else {}
    filled = {}
    for code, table in found.items():
        if isinstance(table, Mapping):
            own = root if root and "parent" not in table else {}
            filled[code] = {**default(str(code)), **own, **table}
        else:
            filled[code] = table
    return filled


def _calendar(scenario: Table) -> Calendar:
    table = scenario.table("day", _DAY)
    opens = table.raw("opens")
    periods = table.whole("periods", 1, MOST_PERIODS, 1)
    seconds = table.number("period_seconds", 1, 366 * DAY_SECONDS, 3600.0)
    warm_up = table.number("warm_up_seconds", 0, 366 * DAY_SECONDS, 0.0)
    if table.has("warm_up_seconds") and warm_up >= periods * seconds:
        table.fault("must end before the day does", "warm_up_seconds")
    return Calendar(
        date=_date(table),
        opens=0.0 if opens is None else instant(opens, lambda reason: table.fault(reason, "opens")),
        periods=periods,
        period_seconds=seconds,
        warm_up_seconds=warm_up,
        finish=table.flag("finish", default=True),
        timezone=table.text("timezone", 60) if table.has("timezone") else None,
        busyness=table.number("busyness", 0.1, 1_000_000) if table.has("busyness") else None,
    )


def _date(table: Table) -> date:
    found = table.raw("date")
    if found is None:
        return ANY_DAY
    try:
        return found if type(found) is date else date.fromisoformat(str(found))
    except ValueError:
        table.fault("must be a date like 2027-03-20", "date")
        return ANY_DAY


def _traits(scenario: Table) -> dict[str, Trait]:
    table = scenario.table("traits")
    return {name: _trait(table.table(name, _TRAIT)) for name in table.entries(MOST_TRAITS)}


def _trait(table: Table) -> Trait:
    return Trait(live=table.flag("live", default=True), units=table.whole("units", 0, 100, 1))
