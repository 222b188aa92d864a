"""The playbook of a case as it stands: its steps, which were done, and which are still required. Never writes."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.queries.cases.families import family
from app.queries.readers import may_read_case
from app.tables import Assignment, Case, Interaction, Playbook, PlaybookTick


async def of_case(session: AsyncSession, case_id: UUID, *, reader: str | None) -> dict[str, Any]:
    """The playbook of a case, of a merged one that of the case it was taken into; `playbook` None: it has none.

    Raises `NotFound`, also where the reader may not know of the case.
    """
    survivor, *_ = await may_read_case(session, case_id, reader=reader)
    return await view(session, await session.get_one(Case, survivor))


async def view(session: AsyncSession, case: Case) -> dict[str, Any]:
    """The same, of a row."""
    steps = await steps_of(session, case)
    ticks = await ticks_of(session, case)
    return {
        "case_id": case.id,
        "playbook": case.playbook,
        "version": case.playbook_version,
        "steps": [
            {
                **step,
                "ticked_at": ticks[step["code"]].at if step["code"] in ticks else None,
                "ticked_by": ticks[step["code"]].by if step["code"] in ticks else None,
            }
            for step in steps
        ],
        "missing": [step["code"] for step in steps if step["required"] and step["code"] not in ticks],
    }


async def steps_of(session: AsyncSession, case: Case) -> list[dict[str, Any]]:
    """The steps of the version it goes by; none where it has no playbook."""
    if case.playbook is None:
        return []
    book = await session.get(Playbook, (case.playbook, case.playbook_version))
    return list(book.steps) if book else []


async def ticks_of(session: AsyncSession, case: Case) -> dict[str, PlaybookTick]:
    """The ticks of a case by step, with those of cases with the same playbook that were taken into it."""
    if case.playbook is None:
        return {}
    alike = select(Case.id).where(Case.merged_into == case.id, Case.playbook == case.playbook)
    chosen = select(PlaybookTick).where(or_(col(PlaybookTick.case_id) == case.id, col(PlaybookTick.case_id).in_(alike)))
    found: dict[str, PlaybookTick] = {}
    for tick in await session.exec(chosen.order_by(col(PlaybookTick.at), col(PlaybookTick.case_id))):
        found.setdefault(tick.step, tick)
    return found


async def worked_on(session: AsyncSession, case: Case, representative: str) -> bool:
    """Whether it is, or was, their work: they own it, or took a contact of its family."""
    if case.owner == representative:
        return True
    served = (
        select(Assignment.id)
        .join(Interaction, col(Interaction.id) == col(Assignment.interaction_id))
        .where(
            col(Interaction.case_id).in_(await family(session, case.id)),
            Assignment.representative == representative,
            col(Assignment.answered_at).is_not(None),
            col(Assignment.outcome).is_distinct_from("declined"),
        )
    )
    return (await session.exec(served.limit(1))).first() is not None
