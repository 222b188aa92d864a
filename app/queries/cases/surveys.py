"""What customers were asked after a resolution, and what they said. Never writes.

Decides who reads what was said of a representative: those who lead, never the representatives themselves, since one answer
always tells who gave it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.queries.cases.families import customer_family
from app.queries.readers import may_see_case
from app.tables import Case, Outbox, Survey
from routing.resolution.surveys import MONTH_DAYS

MOST: Final = 200
"""So many surveys of one case are read."""
_OF_THE_REPRESENTATIVE: Final = ("mark", "words")


def letter_key(survey_id: UUID) -> str:
    """The key of the notice that asks: once for each survey."""
    return f"survey:{survey_id}"


async def of_case(session: AsyncSession, case_id: UUID, *, reader: str | None) -> list[dict[str, Any]]:
    """All surveys of a case and of those that were taken into it, oldest first. `reader`: a representative's code.

    What was said of a representative is None for every `reader`. Raises `NotFound`, also where they may not know of the case.
    """
    found = select(Survey).where(col(Survey.case_id).in_(await may_see_case(session, case_id, reader=reader)))
    rows = (await session.exec(found.order_by(col(Survey.asked_at), col(Survey.id)).limit(MOST))).all()
    hidden = dict.fromkeys(_OF_THE_REPRESENTATIVE) if reader is not None else {}
    return [{**row.model_dump(), **hidden} for row in rows]


async def latest(session: AsyncSession, case_id: UUID) -> Survey | None:
    """The last survey of this case, whatever became of it."""
    found = select(Survey).where(Survey.case_id == case_id).order_by(col(Survey.round).desc()).limit(1)
    return (await session.exec(found.execution_options(populate_existing=True))).first()


async def asked_lately(session: AsyncSession, customer_id: UUID, *, now: datetime) -> int:
    """How many surveys this person was asked within the month before `now`, under every id they were known by."""
    ids: Sequence[UUID] = await customer_family(session, customer_id)
    counted = select(func.count()).where(
        col(Survey.customer_id).in_(ids), col(Survey.asked_at) > now - timedelta(days=MONTH_DAYS)
    )
    return (await session.exec(counted)).one()


async def bounced(session: AsyncSession, commands: Sequence[str]) -> set[str]:
    """Those of these commands, by their keys, that never reached anybody."""
    sent = select(Outbox.dedupe_key).where(col(Outbox.dedupe_key).in_(commands), Outbox.state == "failed")
    return set((await session.exec(sent)).all()) if commands else set()


def is_latest(survey: Survey, case: Case, newest: Survey) -> bool:
    """Whether it asks about the last resolution there was, answered or not."""
    return survey.id == newest.id and (case.resolved_at is None or case.resolved_at == survey.asked_at)
