"""What the configuration offers now: offices, languages, request types, the rules, and how the queues stand.

Decides which names exist, what an answer on entry may know of a queue, and which faults are told at every door; small enough to be read whole and kept for a
moment. Never holds a customer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from app.db import Connection
from app.queries.incidents.incidents import declared, said
from app.queries.line.entrances import read_queues
from app.queries.line.opening import Calendar
from app.queries.rules import live_rules
from channels.base import House, RequestOption
from channels.said import Said
from routing.entry import QueueNow
from routing.resolution.matching import way_up
from routing.rules import Rules

UTC_ZONE: Final = ZoneInfo("UTC")


@dataclass(frozen=True, kw_only=True, slots=True)
class OfficeRow:
    """One office: its name and the zone its days are counted in."""

    code: str
    name: str
    zone: ZoneInfo


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestRow:
    """One request type: its queue, and the first letter of its tickets."""

    code: str
    parent: str | None
    queue: str
    labels: Mapping[str, str]
    letter: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Catalogue:
    """The whole of it, in the order the configuration gives. `at`: when it was read, by the database's clock."""

    name: str
    languages: tuple[str, ...]
    default_request_type: str | None
    offices: Mapping[str, OfficeRow]
    requests: Mapping[str, RequestRow]
    house: House
    rules: Rules
    calendar: Calendar
    at: datetime
    queues: Mapping[str, QueueNow] = field(default_factory=dict)
    """Those whose entry depends on how they stand; the others are open, and that is all that is asked."""
    closed: frozenset[str] = frozenset()
    """Queues somebody closed by hand, for the time being."""

    def notices(self, request: str | None, channel: str, language: str) -> tuple[str, ...]:
        """What is said of faults to whoever asks for `request` here; None: before they ask for anything."""
        return tuple(
            each.to(language) for each in self.house.notices if self._touches(each, request=request, channel=channel)
        )

    def _touches(self, said: Said, *, request: str | None, channel: str) -> bool:
        if said.channels and channel not in said.channels:
            return False
        return not said.requests or any(code in said.requests for code in way_up(request, self.requests))

    @property
    def default_office(self) -> str | None:
        """The first office; where nobody says otherwise, a contact is for it."""
        return next(iter(self.offices), None)

    def look(self, queue: str) -> QueueNow:
        """How a queue stands now."""
        return self.queues.get(queue, _OPEN)


_OPEN: Final = QueueNow()


async def catalogue(connection: Connection, before: Catalogue | None = None) -> Catalogue:
    """Read it all; an empty database gives an empty catalogue that refuses every request type.

    `before`: what was read last; what it has worked out is kept while the rules are the same.
    """
    organisation = await connection.fetchrow(
        "SELECT name, languages, default_request_type FROM organisation"
    )  # fmt: skip
    at = await connection.fetchval("SELECT wall_clock()")
    rows = await connection.fetch("SELECT code, name, timezone FROM office ORDER BY place, code")
    offices = {
        row["code"]: OfficeRow(code=row["code"], name=row["name"], zone=ZoneInfo(row["timezone"])) for row in rows
    }
    rules = await live_rules(connection)
    requests = _requests(rules)
    calendar = _calendar(rules, next(iter(offices.values())).zone if offices else UTC_ZONE, before)
    closed, queues = await read_queues(connection, rules, calendar, at=at)
    name = organisation["name"] if organisation else ""
    languages = tuple(organisation["languages"]) if organisation else ("en",)
    local = at.astimezone(next(iter(offices.values())).zone if offices else UTC_ZONE)
    return Catalogue(
        name=name,
        languages=languages,
        default_request_type=organisation["default_request_type"] if organisation else None,
        offices=offices,
        requests=requests,
        house=House(
            name=name,
            languages=languages,
            requests=_options(requests),
            offices={code: office.name for code, office in offices.items()},
            notices=tuple([said(each, languages, at=local) for each in await declared(connection)]),
        ),
        rules=rules,
        calendar=calendar,
        at=at,
        queues=queues,
        closed=closed,
    )


def _requests(rules: Rules) -> dict[str, RequestRow]:
    ordered = sorted(rules.requests.items(), key=lambda item: (item[1].place, item[0]))
    return {
        code: RequestRow(code=code, parent=rule.parent, queue=rule.queue, labels=rule.labels, letter=rule.letter)
        for code, rule in ordered
    }


def _calendar(rules: Rules, zone: ZoneInfo, before: Catalogue | None) -> Calendar:
    kept = before is not None and before.rules is rules and before.calendar.zone == zone
    return before.calendar if before is not None and kept else Calendar(rules, zone)


def _options(requests: Mapping[str, RequestRow]) -> tuple[RequestOption, ...]:
    below: dict[str | None, list[RequestRow]] = {}
    for row in requests.values():
        below.setdefault(row.parent, []).append(row)

    def options(parent: str | None) -> tuple[RequestOption, ...]:
        return tuple(
            RequestOption(code=row.code, labels=row.labels, children=options(row.code)) for row in below.get(parent, ())
        )

    return options(None)
