"""What the configuration offers now: offices, languages, request types and their queues.

Decides which names exist; small enough to be read whole and kept for a moment. Never holds a customer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from app.db import Connection
from channels.base import House, RequestOption


@dataclass(frozen=True, kw_only=True, slots=True)
class OfficeRow:
    """One office: its name and the zone its days are counted in."""

    code: str
    name: str
    zone: ZoneInfo


@dataclass(frozen=True, kw_only=True, slots=True)
class QueueRow:
    """What arriving in a queue needs to know of it. Times in seconds."""

    code: str
    target_seconds: int
    head_start_cap_seconds: int


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestRow:
    """One request type: its queue, the skills it needs, and the first letter of its tickets."""

    code: str
    parent: str | None
    queue: str
    labels: Mapping[str, str]
    skills: Mapping[str, int]
    speak: bool
    letter: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Catalogue:
    """The whole of it, in the order the configuration gives."""

    name: str
    languages: tuple[str, ...]
    default_request_type: str | None
    offices: Mapping[str, OfficeRow]
    queues: Mapping[str, QueueRow]
    requests: Mapping[str, RequestRow]
    house: House

    @property
    def default_office(self) -> str | None:
        """The first office; where nobody says otherwise, a contact is for it."""
        return next(iter(self.offices), None)


async def catalogue(connection: Connection) -> Catalogue:
    """Read it all; an empty database gives an empty catalogue that refuses every request type."""
    organisation = await connection.fetchrow("SELECT name, languages, default_request_type FROM organisation")
    offices = await connection.fetch("SELECT code, name, timezone FROM office ORDER BY place, code")
    queues = await connection.fetch("SELECT code, target_seconds, head_start_cap_seconds FROM queue ORDER BY code")
    rows = await connection.fetch(
        "SELECT code, parent, queue, labels, skills, speak, letter FROM request_type ORDER BY place, code"
    )
    name = organisation["name"] if organisation else ""
    languages = tuple(organisation["languages"]) if organisation else ("en",)
    requests = {row["code"]: RequestRow(**row) for row in rows}
    return Catalogue(
        name=name,
        languages=languages,
        default_request_type=organisation["default_request_type"] if organisation else None,
        offices={
            row["code"]: OfficeRow(code=row["code"], name=row["name"], zone=ZoneInfo(row["timezone"]))
            for row in offices
        },
        queues={row["code"]: QueueRow(**row) for row in queues},
        requests=requests,
        house=House(
            name=name,
            languages=languages,
            requests=_options(requests, None),
            offices={row["code"]: row["name"] for row in offices},
        ),
    )


def _options(requests: Mapping[str, RequestRow], parent: str | None) -> tuple[RequestOption, ...]:
    return tuple(
        RequestOption(code=row.code, labels=row.labels, children=_options(requests, row.code))
        for row in requests.values()
        if row.parent == parent
    )
