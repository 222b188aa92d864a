"""What the events of a case and its contacts call for, each concern in its own file, all in one transaction.

Decides which case an event is about and in which order the concerns heed it. Each concern is given the cases, locked, and
every event about them, in order; it must be right whatever the others do. An event comes exactly once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.cases import facts, playbooks, unserved
from app.actions.checks import heed as checks_heeding
from app.actions.clocks import follow as clocks
from app.actions.heard import Concern, Heard
from app.actions.incidents import attach, surges
from app.actions.outward import answers_elsewhere
from app.actions.promises import given as promises
from app.actions.record import gathering
from app.actions.surveys import end as survey_end
from app.actions.touches import count as touches
from app.queries.cases.promises import promised_before
from app.queries.following import Followed
from app.queries.rules import raw, rules_for
from app.tables import Case, Interaction

CONCERNS: Final[tuple[Concern, ...]] = (
    facts.heed,
    playbooks.heed,
    touches.heed,
    clocks.heed,
    promises.heed,
    checks_heeding.heed,
    survey_end.heed,
    surges.heed,
    attach.heed,
    answers_elsewhere.heed,
    unserved.heed,
)
"""In this order: what a case is, then what counts, then what was promised and by when, then who is told."""


async def tend(session: AsyncSession, events: Sequence[Followed], *, now: datetime) -> None:
    """Lock the cases these events are about, by id, and let every concern heed them."""
    contacts = await _interactions(session, events)
    wanted = {case for event in events if (case := _case_of(event, contacts)) is not None}
    if not wanted or not CONCERNS:
        return
    cases = await _locked(session, wanted, ended=promises.ending(events))
    heard = [
        Heard(event=event, case=cases[case], interaction=contacts.get(event.subject_id))
        for event in events
        if (case := _case_of(event, contacts)) in cases and case is not None
    ]
    rules = await rules_for(session)
    async with gathering(session):
        for concern in CONCERNS:
            await concern(session, heard, rules, now)
            await session.flush()


def _case_of(event: Followed, contacts: Mapping[str, Interaction]) -> UUID | None:
    if event.subject == "case":
        return UUID(event.subject_id)
    contact = contacts.get(event.subject_id) if event.subject == "interaction" else None
    return contact.case_id if contact is not None else None


async def _interactions(session: AsyncSession, events: Sequence[Followed]) -> dict[str, Interaction]:
    ids = {UUID(event.subject_id) for event in events if event.subject == "interaction"}
    if not ids:
        return {}
    found = await session.exec(select(Interaction).where(col(Interaction.id).in_(ids)))
    return {str(row.id): row for row in found}


async def _locked(session: AsyncSession, wanted: set[UUID], *, ended: set[UUID]) -> dict[UUID, Case]:
    """The cases by the ids asked for; a merged one by the one it was taken into. Locked by id, as everywhere.

    With those that `ended` took in and on which something is promised: it ends with them.
    """
    survivors = select(Case.merged_into).where(col(Case.id).in_(wanted), col(Case.merged_into).is_not(None))
    known = {*wanted, *(each for each in (await session.exec(survivors)).all() if each is not None)}
    known |= (await promised_before(await raw(session), ended)).keys()
    rows = await _rows(session, known)
    while late := {row.merged_into for row in rows.values() if row.merged_into is not None} - rows.keys():
        rows |= await _rows(session, late)  # merged in this very moment
    return {
        wish: rows[row.merged_into] if row.merged_into is not None else row
        for wish in wanted
        if (row := rows.get(wish)) is not None
    }


async def _rows(session: AsyncSession, ids: set[UUID]) -> dict[UUID, Case]:
    chosen = select(Case).where(col(Case.id).in_(ids)).order_by(col(Case.id))
    locking: Any = chosen.with_for_update(key_share=True).execution_options(populate_existing=True)
    return {row.id: row for row in await session.exec(locking)}
