"""Checks by a second person: what waits to be looked at, who may look, and how often work is returned. Never writes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, and_, cast, exists, func, literal, or_
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.errors import NotFound
from app.queries import cursors
from app.queries.rules import raw
from app.tables import Bar, Case, Customer, Message, Representative, SecondCheck
from routing.resolution.checks import qualified

OPEN: Final = ("waiting", "taken")
LEAST: Final = 10
"""Decided checks below which no rate is told: it would be read as a person's record, and be chance."""
By = Literal["representative", "request_type", "queue", "office", "channel"]

_FIGURES: Final = """
SELECT {by} AS code, count(*)::int AS decided,
    count(*) FILTER (WHERE s.state = 'returned')::int AS returned,
    count(*) FILTER (WHERE s.decided_at > s.due_at)::int AS late,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM s.decided_at - s.requested_at))::float8 AS median_seconds
FROM second_check s CROSS JOIN LATERAL (
    SELECT request_type, queue, office, channel FROM "case" WHERE id = s.case_id LIMIT 1
) AS c
WHERE s.decided_at >= $1 AND s.decided_at < $2 AND s.state IN ('passed', 'returned')
GROUP BY 1 ORDER BY decided DESC, 1 LIMIT $3
"""
_BY: Final[dict[By, str]] = {
    "representative": "s.representative",
    "request_type": "c.request_type",
    "queue": "c.queue",
    "office": "c.office",
    "channel": "c.channel",
}


async def page(
    session: AsyncSession,
    *,
    state: str | None,
    case_id: UUID | None,
    reader: str | None,
    after: str | None,
    limit: int,
) -> tuple[list[dict[str, Any]], str | None]:
    """The checks, the first asked for first; `state` None: those still to be decided.

    A representative sees what they may look at, what they look at or looked at, and what is their own work.
    """
    chosen = select(SecondCheck, Case).join(Case, col(Case.id) == col(SecondCheck.case_id))
    chosen = chosen.where(col(SecondCheck.state).in_(OPEN) if state is None else SecondCheck.state == state)
    if case_id is not None:
        chosen = chosen.where(SecondCheck.case_id == case_id)
    if reader is not None:
        person = await session.get(Representative, reader)
        chosen = chosen.where(_visible(person) if person else col(SecondCheck.id).is_(None))
    if after is not None:
        (last,) = cursors.decode(after, (UUID,))
        chosen = chosen.where(col(SecondCheck.id) > last)
    found = (await session.exec(chosen.order_by(col(SecondCheck.id)).limit(limit + 1))).all()
    rows = found[:limit]
    following = cursors.encode(rows[-1][0].id) if len(found) > limit else None
    words = await _words(session, [check for check, _ in rows])
    return [_shown(check, case, words.get(check.message_id)) for check, case in rows], following


async def one(session: AsyncSession, check_id: UUID, *, reader: str | None) -> dict[str, Any]:
    """One check; raises `NotFound`, also where the reader may not know of it."""
    chosen = select(SecondCheck, Case).join(Case, col(Case.id) == col(SecondCheck.case_id))
    chosen = chosen.where(SecondCheck.id == check_id)
    if reader is not None:
        person = await session.get(Representative, reader)
        chosen = chosen.where(_visible(person) if person else col(SecondCheck.id).is_(None))
    found = (await session.exec(chosen)).first()
    if found is None:
        raise NotFound(f"There is no check {check_id}.")
    return await view(session, *found)


async def view(session: AsyncSession, check: SecondCheck, case: Case) -> dict[str, Any]:
    """One row, with what is to be looked at."""
    words = await _words(session, [check])
    return _shown(check, case, words.get(check.message_id))


async def may_look(session: AsyncSession, check: SecondCheck, case: Case, person: Representative) -> bool:
    """Whether this representative may look: not their own work, qualified, and not one the customer must never meet."""
    if person.code == check.representative:
        return False
    if not qualified(
        skills=person.skills, queues=person.queues, skill=check.skill, level=check.level, queue=case.queue
    ):
        return False
    barred = select(Case.id).where(Case.id == case.id, _never_meets(person.code))
    return (await session.exec(barred)).first() is None


async def figures(session: AsyncSession, *, by: By, begin: datetime, end: datetime, limit: int) -> list[dict[str, Any]]:
    """How many were decided from `begin` until before `end`, and how: by whose work it was, or by what it was about.

    `return_rate`: returned of decided. `late_rate`: decided after their time. Below `LEAST` no rates.
    """
    rows = await (await raw(session)).fetch(_FIGURES.format(by=_BY[by]), begin, end, limit)
    return [
        {
            "code": row["code"],
            "decided": row["decided"],
            "returned": row["returned"] if row["decided"] >= LEAST else None,
            "return_rate": row["returned"] / row["decided"] if row["decided"] >= LEAST else None,
            "late_rate": row["late"] / row["decided"] if row["decided"] >= LEAST else None,
            "median_seconds": row["median_seconds"] if row["decided"] >= LEAST else None,
        }
        for row in rows
    ]


def _visible(person: Representative) -> ColumnElement[bool]:
    """What `may_look` allows, as SQL, and their own."""
    held = cast(literal(person.skills, JSONB)[col(SecondCheck.skill)].astext, Integer)
    serves = and_(col(SecondCheck.skill).is_(None), col(Case.queue).in_(person.queues))
    able = or_(serves, func.coalesce(held, 0) >= col(SecondCheck.level))
    return or_(
        col(SecondCheck.representative) == person.code,
        col(SecondCheck.checker) == person.code,
        and_(able, ~_never_meets(person.code)),
    )


def _never_meets(representative: str) -> ColumnElement[bool]:
    """Whether they are barred from the row's case: from any of its family, or from whoever is a customer of it, by any name."""
    family, about = aliased(Case), aliased(Case)
    customer, person = aliased(Customer), aliased(Customer)
    survivor = func.coalesce(col(Case.merged_into), col(Case.id))
    matters = exists().where(
        col(Bar.representative) == representative,
        col(about.id) == col(Bar.case_id),
        func.coalesce(col(about.merged_into), col(about.id)) == survivor,
    )
    people = exists().where(
        col(Bar.representative) == representative,
        col(person.id) == col(Bar.customer_id),
        or_(col(family.id) == survivor, col(family.merged_into) == survivor),
        col(customer.id) == col(family.customer_id),
        func.coalesce(col(person.merged_into), col(person.id))
        == func.coalesce(col(customer.merged_into), col(customer.id)),
    )
    return or_(matters.correlate(Case), people.correlate(Case))


async def _words(session: AsyncSession, checks: Sequence[SecondCheck]) -> dict[UUID | None, Message]:
    ids = [check.message_id for check in checks if check.message_id is not None]
    if not ids:
        return {}
    found = await session.exec(select(Message).where(col(Message.id).in_(ids)))
    return {row.id: row for row in found}


def _shown(check: SecondCheck, case: Case, message: Message | None) -> dict[str, Any]:
    return {
        **check.model_dump(exclude={"data"}),
        "request_type": case.request_type,
        "queue": case.queue,
        "subject": case.subject,
        "amount": case.amount,
        "outcome": check.data.get("outcome"),
        "root_cause": check.data.get("root_cause"),
        "message": message.model_dump() if message else None,
    }
