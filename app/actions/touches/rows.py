"""The rows of touches: written once for the event they are, and counted anew where contacts changed their case.

Decides how touches are numbered: from 1 in each case, without a gap, whatever is merged. The caller holds the case's lock.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.line.waited import CONSULTED
from app.actions.record import advance
from app.db import uuid7
from app.queries.cases.touches import families, first_contacts, first_words, since_last_turn
from app.security import SYSTEM
from app.tables import Case, Interaction, Touch
from routing.resolution.touches import Kind, cause_of
from routing.rules import Rules


async def write_touch(
    session: AsyncSession,
    contact: Interaction,
    *,
    kind: Kind,
    version: int,
    at: datetime,
    cause: str,
    representative: str | None,
    now: datetime,
) -> None:
    """One more of the contact's own case; an event that is one already stays the one it is."""
    case = await session.get_one(Case, contact.case_id)
    row = {
        "id": uuid7(),
        "case_id": case.id,
        "number": case.touches + 1,
        "kind": kind,
        "subject_id": contact.id,
        "version": version,
        "channel": contact.channel,
        "cause": cause,
        "caused_by": "rule",
        "representative": representative,
        "request_type": case.request_type or contact.request_type,
        "queue": contact.queue or case.queue,
        "office": contact.office or case.office,
        "at": at,
    }
    await session.flush()
    made = insert(Touch).values(**row).on_conflict_do_nothing().returning(col(Touch.id))
    if (await session.exec(cast("Any", made))).first() is None:
        return
    case.touches += 1
    fact = {"touch": case.touches, "kind": kind, "cause": cause, "interaction": str(contact.id)}
    advance(session, case, "touched", now=now, actor=SYSTEM, data=fact)


async def cause_by_rule(
    session: AsyncSession,
    matter: Sequence[UUID],
    contact: Interaction,
    words: str | None,
    *,
    at: datetime,
    rules: Rules,
) -> str:
    """Why the customer turns to us again. `matter`: its cases; `words`: what they wrote; None: what the contact brought."""
    since = await since_last_turn(session, matter, at=at)
    if words is None and rules.resolution.causes:
        words = await first_words(session, contact.id, until=at)
    return cause_of(since, words or "", rules.resolution.causes)


async def count_anew(session: AsyncSession, case_id: UUID, rules: Rules, now: datetime) -> None:
    """After contacts came to this case or left it, or it was merged: their touches are where they are, and no matter begins with one.

    What began a case that was taken into another is one contact more of that matter.
    """
    case = await session.get(Case, case_id)
    if case is None:
        return
    firsts = await first_contacts(session, [case_id]) if case.merged_into is None else set()
    chosen = select(Touch).join(Interaction, col(Interaction.id) == col(Touch.subject_id))
    mine = chosen.where(Interaction.case_id == case_id).order_by(col(Touch.at), col(Touch.id))
    kept: list[Touch] = []
    for touch in (await session.exec(mine)).all():
        if touch.kind == "contact" and touch.subject_id in firsts:
            await session.delete(touch)
        else:
            kept.append(touch)
    for number, touch in enumerate(kept, start=1):
        touch.case_id, touch.number = case_id, number
        session.add(touch)
    case.touches = len(kept)
    session.add(case)
    await session.flush()
    counted = {touch.subject_id for touch in kept if touch.kind == "contact"}
    await _write_missing(session, case, firsts | counted, rules, now)


async def _write_missing(session: AsyncSession, case: Case, known: set[UUID], rules: Rules, now: datetime) -> None:
    """What began another case before is one contact more in this one."""
    matter = (await families(session, [case.id]))[case.id]
    chosen = select(Interaction).where(Interaction.case_id == case.id, col(Interaction.id).not_in(known))
    for contact in (await session.exec(chosen.order_by(col(Interaction.arrived_at), col(Interaction.id)))).all():
        if CONSULTED in contact.attributes or (not contact.live and contact.state == "cancelled"):
            continue
        at = contact.arrived_at
        await write_touch(
            session, contact, kind="contact", version=1, at=at,
            cause=await cause_by_rule(session, matter, contact, None, at=at, rules=rules),
            representative=case.owner, now=now,
        )  # fmt: skip
