"""What a customer reads on their own page: what it is about, how it stands, what was promised, what was said. Never writes.

Decides what a link opens: the case it was made for, the one that was taken into, or the newest that follows a closed one, as
long as it is the same customer's. Never notes, never what a second person has still to look at, never what machines wrote;
and of colleagues the first name alone. A link is good for a year after its case was closed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.db import Connection
from app.queries.cases.surveys import is_latest, latest
from app.queries.incidents import incidents
from app.queries.rules import raw, rules_for
from app.tables import Case, Survey
from routing.resolution.surveys import ANSWERS, Said, Solved, Standing, effect

MOST_MESSAGES: Final = 50
KEPT_DAYS: Final = 365
_ANY_MARK: Final = 3
_LED: Final = """
WITH RECURSIVE led AS (
    SELECT s.id, s.state, s.customer_id, s.reopen_until, 1 AS step
    FROM "case" c JOIN "case" s ON s.id = coalesce(c.merged_into, c.id) WHERE c.page_token = $1
    UNION ALL
    SELECT s.id, s.state, s.customer_id, s.reopen_until, led.step + 1 FROM led CROSS JOIN LATERAL (
        SELECT f.id, f.merged_into FROM "case" f WHERE f.follows = led.id AND f.customer_id IS NOT DISTINCT FROM led.customer_id
        ORDER BY f.id DESC LIMIT 1
    ) AS next JOIN "case" s ON s.id = coalesce(next.merged_into, next.id)
    WHERE led.step < 8 AND led.state = 'closed' AND led.reopen_until < wall_clock()
)
SELECT c.id, c.token, c.request_type, coalesce(c.language, p.language) AS language,
    c.state = 'closed' AND coalesce(c.reopen_until < wall_clock(), false) AS over, ARRAY(SELECT id FROM led) AS steps
FROM (SELECT id FROM led ORDER BY step DESC LIMIT 1) AS shown
JOIN "case" c ON c.id = shown.id LEFT JOIN customer p ON p.id = c.customer_id
WHERE c.erased_at IS NULL AND coalesce(c.closed_at > wall_clock() - make_interval(days => $2), true)
"""
_FAMILY: Final = """
SELECT id FROM "case" WHERE id = ANY ($1::uuid[]) UNION ALL SELECT id FROM "case" WHERE merged_into = ANY ($1::uuid[])
"""
_HOUSE: Final = """
SELECT coalesce((SELECT name FROM organisation), '') AS name, coalesce(
    (SELECT timezone FROM office WHERE code = $1), (SELECT timezone FROM office ORDER BY place, code LIMIT 1), 'UTC') AS zone
"""
_TALK: Final = """
SELECT m.id, m.direction, m.at, m.body, m.attributes ->> 'asks' AS asks, i.language, r.name AS author
FROM message m LEFT JOIN interaction i ON i.id = m.interaction_id LEFT JOIN representative r ON r.code = m.author
WHERE m.case_id = ANY ($1::uuid[]) AND m.direction IN ('in', 'out') AND m.body <> '' AND NOT m.attributes ? 'held'
    AND coalesce(m.attributes ->> 'automatic', 'false') <> 'true'
ORDER BY m.at DESC, m.id DESC LIMIT $2
"""
_PROMISES: Final = """
SELECT kind, words, due_at FROM promise WHERE case_id = ANY ($1::uuid[]) AND state = 'standing' ORDER BY due_at, id LIMIT 20
"""
_DOCUMENTS: Final = """
SELECT name, at FROM document WHERE case_id = ANY ($1::uuid[]) AND author = 'customer' ORDER BY at DESC, id LIMIT 100
"""
_NAME: Final = "SELECT name FROM representative WHERE code = $1"


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """What a link opens. `token` and `steps` are never shown; `over`: whatever is written begins a case that follows."""

    case_id: UUID
    token: str
    request_type: str | None
    language: str | None
    over: bool
    steps: Sequence[UUID]


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One message of the conversation. `name`: the first name of who answered; None: the customer, or nobody we know."""

    ours: bool
    name: str | None
    at: datetime
    body: str
    language: str | None
    asks: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """The two questions as they can be answered now: `answers` is empty where the first is not asked any more."""

    answers: tuple[Solved, ...]
    marks: bool
    name: str | None
    solved: str | None
    mark: int | None
    until: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """All that stands on the page. Times are of the database; `zone` is the office's."""

    case: Case
    house: str
    zone: str
    about: str | None
    now: datetime
    news: datetime | None
    promises: Sequence[Mapping[str, Any]]
    incidents: Sequence[Mapping[str, Any]]
    talk: Sequence[Line]
    older: bool
    documents: Sequence[Mapping[str, Any]]
    asked: Asked

    @property
    def request(self) -> Line | None:
        """What we asked the customer for, where it is their turn."""
        ours = (line for line in self.talk if line.ours and line.asks)
        return next(ours, None) if self.case.state == "awaiting_customer" else None


async def opened(connection: Connection, token: str) -> Opened | None:
    """What the link with this token opens; None: nothing, whatever the reason."""
    row = await connection.fetchrow(_LED, token, KEPT_DAYS)
    if row is None:
        return None
    return Opened(
        case_id=UUID(int=row["id"].int),
        token=row["token"],
        request_type=row["request_type"],
        language=row["language"],
        over=row["over"],
        steps=row["steps"],
    )


async def told(session: AsyncSession, found: Opened, *, language: str, now: datetime) -> Told:
    """What stands on the page of a case, in this language where there are words in it."""
    case = await session.get_one(Case, found.case_id, populate_existing=True)
    connection = await raw(session)
    family = [row["id"] for row in await connection.fetch(_FAMILY, found.steps)]
    house = await connection.fetchrow(_HOUSE, case.office)
    assert house is not None, "one row, whatever is configured"
    promises = [dict(row) for row in await connection.fetch(_PROMISES, family)]
    talk = await connection.fetch(_TALK, family, MOST_MESSAGES + 1)
    news = [each["due_at"] for each in promises if each["kind"] == "news"]
    return Told(
        case=case,
        house=house["name"],
        zone=house["zone"],
        about=await _about(session, case, language),
        now=now,
        news=min(news, default=None) if case.state in ("open", "awaiting_customer", "checking") else None,
        promises=[each for each in promises if each["kind"] != "news"],
        incidents=await incidents.of_case(session, family, language=language),
        talk=[_line(dict(row)) for row in talk[:MOST_MESSAGES]],
        older=len(talk) > MOST_MESSAGES,
        documents=[dict(row) for row in await connection.fetch(_DOCUMENTS, family)],
        asked=await _asked(session, connection, case, now=now),
    )


def first_name(name: str | None) -> str | None:
    """`Ayesha` of `Ayesha Malik`; what is short for something (`K.`, `Dr.`) takes the next word with it."""
    taken: list[str] = []
    for word in (name or "").split():
        taken.append(word)
        if len(word) > 2 and not word.endswith("."):
            break
    return " ".join(taken) or None


async def _about(session: AsyncSession, case: Case, language: str) -> str | None:
    rule = (await rules_for(session)).requests.get(case.request_type or "")
    return incidents.in_language(rule.labels, language, "en") or None if rule is not None else None


def _line(row: Mapping[str, Any]) -> Line:
    ours = row["direction"] == "out"
    return Line(
        ours=ours,
        name=first_name(row["author"]) if ours else None,
        at=row["at"],
        body=row["body"],
        language=row["language"],
        asks=row["asks"] is not None,
    )


async def _asked(session: AsyncSession, connection: Connection, case: Case, *, now: datetime) -> Asked:
    survey = await latest(session, case.id)
    current = survey if survey is not None and is_latest(survey, case, survey) else None
    whom = current.representative if current is not None else case.resolved_by
    if current is None:
        fresh = case.state == "resolved"  # whoever was not asked is asked by this page, once they answer
        return Asked(
            answers=ANSWERS if fresh else (),
            marks=fresh and whom is not None,
            name=await _name(connection, whom),
            solved=None,
            mark=None,
            until=None,
        )
    standing = _standing(case, current, now=now)
    marked = effect(standing, Said(mark=_ANY_MARK))
    return Asked(
        answers=tuple(each for each in ANSWERS if _does(standing, each)),
        marks=marked is not None and standing.in_time and whom is not None,
        name=await _name(connection, whom),
        solved=current.solved,
        mark=current.mark,
        until=current.closes_at if standing.in_time else None,
    )


def _does(standing: Standing, answer: Solved) -> bool:
    """Whether this answer would still do something. Where it is open again already, there is nothing to ask."""
    if standing.case_state not in ("resolved", "closed"):
        return False
    found = effect(standing, Said(solved=answer))
    return found is not None and (found.records or found.case is not None)


def _standing(case: Case, survey: Survey, *, now: datetime) -> Standing:
    return Standing(
        state=survey.state,
        case_state=case.state,
        said=Said(
            solved=next((each for each in ANSWERS if each == survey.solved), None),
            mark=survey.mark,
            words=survey.words,
        ),
        latest=True,
        in_time=now <= survey.closes_at,
        reopenable=case.reopen_until is not None and now <= case.reopen_until,
    )


async def _name(connection: Connection, code: str | None) -> str | None:
    return first_name(await connection.fetchval(_NAME, code)) if code is not None else None
