"""Faults that touch many: which are declared now, what was told of them, which cases they are about.

Decides how an incident is found, and how it reads to a customer in their language. Never writes, attaches nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.db import Connection
from app.errors import NotFound
from app.queries import cursors
from app.queries.rules import raw, rules_for
from app.tables import Incident, IncidentCase, IncidentUpdate
from channels.said import Said
from channels.texts.notices import say_by
from routing.resolution.matching import Fit, Matter, Request, Scope, below, fit

SCOPE: Final = ("request_types", "areas", "products", "channels")
_DECLARED: Final = """
SELECT id, words, request_types, areas, products, channels, since, promised_at FROM incident
WHERE state = 'declared' ORDER BY made_at, id
"""
_OF_CASES: Final = """
SELECT i.id, i.state, i.words, i.since, i.promised_at, i.ended_at, c.attached_at FROM incident_case c
JOIN incident i ON i.id = c.incident_id
WHERE c.case_id = ANY ($1::uuid[]) AND c.detached_at IS NULL AND i.state IN ('declared', 'closed')
ORDER BY c.attached_at DESC, i.id
"""
_TOLD: Final = """
SELECT incident_id, id, words, promised_at, at FROM incident_update WHERE incident_id = ANY ($1::uuid[]) ORDER BY at DESC, id DESC
"""
_ATTACHED: Final = """
SELECT c.id, c.state, c.request_type, c.area, c.product, c.channel, c.customer_id, c.opened_at, a.attached_at, a.attached_by,
    a.detached_at, a.detached_by
FROM incident_case a JOIN "case" c ON c.id = a.case_id
WHERE a.incident_id = $1 AND a.case_id > $2 ORDER BY a.case_id LIMIT $3
"""
# What is named and not said by the case: a person decides. Open cases alone, found by the index that names them.
_POSSIBLE: Final = """
SELECT id, state, request_type, area, product, channel, customer_id, opened_at, NULL::timestamptz AS attached_at,
    NULL::text AS attached_by, NULL::timestamptz AS detached_at, NULL::text AS detached_by
FROM "case" c
WHERE state IN ('open', 'awaiting_customer', 'checking') AND merged_into IS NULL AND opened_at >= $4 AND id > $2
    AND (cardinality($5::text[]) = 0 OR request_type IS NULL OR request_type = ANY ($5))
    AND (cardinality($6::text[]) = 0 OR area IS NULL OR area = ANY ($6))
    AND (cardinality($7::text[]) = 0 OR product IS NULL OR product = ANY ($7))
    AND (cardinality($8::text[]) = 0 OR channel IS NULL OR channel = ANY ($8))
    AND NOT EXISTS (SELECT FROM incident_case a WHERE a.incident_id = $1 AND a.case_id = c.id)
ORDER BY id LIMIT $3
"""
_BEGINNING: Final = UUID(int=0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Live:
    """A declared incident, as doors and cases are held against it."""

    id: UUID
    words: Mapping[str, str]
    scope: Scope
    since: datetime
    promised_at: datetime | None

    def fit(self, matter: Matter, requests: Mapping[str, Request]) -> Fit:
        """Whether a case that says this of itself is about it."""
        return fit(matter, self.scope, requests)


async def declared(connection: Connection) -> list[Live]:
    """All that are declared now, the oldest first; a handful, by their index."""
    return [
        Live(
            id=row["id"],
            words=row["words"],
            scope=Scope(**{name: frozenset(row[name]) for name in SCOPE}),
            since=row["since"],
            promised_at=row["promised_at"],
        )
        for row in await connection.fetch(_DECLARED)
    ]


def said(incident: Live, languages: Sequence[str], *, at: datetime) -> Said:
    """What every door says of it at `at` (in the zone the times are said in), in each language of the house."""
    words = dict(incident.words)
    for language in languages:
        text = in_language(incident.words, language, languages[0])
        if incident.promised_at is not None and incident.promised_at > at:
            local = incident.promised_at.astimezone(at.tzinfo)
            text = f"{text} {say_by(local, at.date(), language)}"
        words[language] = text
    return Said(
        words=words, requests=incident.scope.request_types, channels=incident.scope.channels, default=languages[0]
    )


def in_language(words: Mapping[str, str], language: str, default: str) -> str:
    """In their language, else in the house's first, else in any."""
    return words.get(language) or words.get(default) or next(iter(words.values()), "")


async def one(session: AsyncSession, incident_id: UUID) -> dict[str, Any]:
    """An incident with all that was told of it, the newest first. Raises `NotFound`."""
    row = await session.get(Incident, incident_id, populate_existing=True)
    if row is None:
        raise NotFound(f"There is no incident {incident_id}.")
    told = select(IncidentUpdate).where(IncidentUpdate.incident_id == incident_id)
    updates = await session.exec(told.order_by(col(IncidentUpdate.at).desc(), col(IncidentUpdate.id).desc()))
    attached = select(IncidentCase.case_id).where(
        IncidentCase.incident_id == incident_id, col(IncidentCase.detached_at).is_(None)
    )
    count = len((await session.exec(attached)).all())
    return {**row.model_dump(), "attached": count, "updates": [each.model_dump() for each in updates]}


async def page(
    session: AsyncSession, *, state: str | None, after: str | None, limit: int
) -> tuple[list[dict[str, Any]], str | None]:
    """A page of them, the newest first; raises `Invalid` (`bad_cursor`)."""
    chosen = select(Incident)
    if state is not None:
        chosen = chosen.where(Incident.state == state)
    if after is not None:
        (last,) = cursors.decode(after, (UUID,))
        chosen = chosen.where(col(Incident.id) < last)
    rows = (await session.exec(chosen.order_by(col(Incident.id).desc()).limit(limit + 1))).all()
    shown = rows[:limit]
    return [row.model_dump() for row in shown], cursors.encode(shown[-1].id) if len(rows) > limit else None


async def cases(
    session: AsyncSession, incident_id: UUID, *, possible: bool, after: str | None, limit: int
) -> tuple[list[dict[str, Any]], str | None]:
    """The cases it is about, detached ones too; or, `possible`: open ones that do not say enough. Raises `NotFound`, `Invalid`."""
    row = await session.get(Incident, incident_id)
    if row is None:
        raise NotFound(f"There is no incident {incident_id}.")
    last = cursors.decode(after, (UUID,))[0] if after is not None else _BEGINNING
    connection = await raw(session)
    if possible:
        rules = await rules_for(session)
        named = below(row.request_types, rules.requests) if row.request_types else []
        rest = (row.since, named, row.areas, row.products, row.channels)
        rows = await connection.fetch(_POSSIBLE, incident_id, last, limit + 1, *rest)
    else:
        rows = await connection.fetch(_ATTACHED, incident_id, last, limit + 1)
    items = [dict(each) for each in rows[:limit]]
    return items, cursors.encode(items[-1]["id"]) if len(rows) > limit else None


async def of_case(session: AsyncSession, case_ids: Sequence[UUID], *, language: str) -> list[dict[str, Any]]:
    """The incidents a matter (its whole family) is about, as its customer may read them: `words`, `promised_at`, `over`,
    and what was told, the newest first, as `updates` with `words` and `at`."""
    connection = await raw(session)
    rows = {row["id"]: row for row in await connection.fetch(_OF_CASES, list(case_ids))}
    told: dict[UUID, list[dict[str, Any]]] = {}
    for row in await connection.fetch(_TOLD, list(rows)) if rows else ():
        words = in_language(row["words"], language, "en")
        told.setdefault(row["incident_id"], []).append({"words": words, "at": row["at"]})
    return [
        {
            "id": row["id"],
            "words": in_language(row["words"], language, "en"),
            "since": row["since"],
            "promised_at": row["promised_at"],
            "over": row["state"] == "closed",
            "ended_at": row["ended_at"],
            "updates": told.get(row["id"], []),
        }
        for row in rows.values()
    ]
