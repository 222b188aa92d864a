"""Contacts about another matter leave their case: for a case of their own, or for one that is there.

Decides what goes along with a contact (its words and documents, and what was promised about it), and that no case is left
without a contact: the last one takes its case with it, which is a merge and can be undone. Touches follow by the rule that
counts them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID, uuid4

from sqlalchemy import func, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.cases.gate import go_on, withdraw
from app.actions.cases.merge import merge, one_person, with_taken
from app.actions.contacts.cases import open_again
from app.actions.promises.taken_along import take_along
from app.actions.record import advance
from app.actions.representatives.merge_bars import bar_contact
from app.db import uuid7
from app.errors import Conflict, Invalid, NotFound
from app.queries.readers import customers_of, may_change_case
from app.security import Actor
from app.tables import Case, Customer, Document, Interaction, Message
from routing.lifecycle import NEW, OVER_STATES


async def split(
    session: AsyncSession, case_id: UUID, contacts: Collection[UUID], *, reason: str | None, actor: Actor, now: datetime
) -> Case:
    """A new case of these contacts. Raises `NotFound`; `Forbidden` (`not_accepted`); `Conflict`: `nothing_left`, `erased`; `Invalid`: `not_of_this_case`."""
    led = await may_change_case(session, case_id, reader=actor.representative)
    rows = await _contacts(session, contacts)
    cases = await with_taken(session, [case_id, led[0]])
    case = cases[case_id]
    await _may_leave(session, case, rows)
    first = min(rows, key=lambda row: (row.arrived_at, row.id))
    made = Case(
        id=uuid7(),
        token=uuid4().hex,
        customer_id=first.customer_id or case.customer_id,
        request_type=first.request_type,
        state=NEW,
        subject=first.subject,
        opened_at=now,
        version=0,
    )
    begun = {"interaction": str(first.id), "split_from": str(case.id)}
    advance(session, made, "opened", now=now, actor=actor, data=begun)
    await session.flush()
    await _take_along(session, rows, case, made, reason=reason, actor=actor, now=now)
    await take_along(session, [case.id, led[0]], [made.id])
    await _end_checks(session, rows, cases[led[0]], actor=actor, now=now)
    return made


async def move(
    session: AsyncSession, interaction_id: UUID, case_id: UUID, *, reason: str | None, actor: Actor, now: datetime
) -> Case:
    """Let a contact join another case, by a person's choice. Again: nothing. Returns the case it belongs to now.

    An open contact is the customer's word on that case: what is resolved opens again. Where it was the only contact of its
    case, that case is merged. Raises `NotFound`; `Forbidden`; `Conflict`: `two_customers`, `stays_closed`, `erased`, and what merging raises.
    """
    known = await session.get(Interaction, interaction_id)
    if known is None:
        raise NotFound(f"There is no interaction {interaction_id}.")
    left = await may_change_case(session, known.case_id, reader=actor.representative)
    led = await may_change_case(session, case_id, reader=actor.representative)
    if known.case_id in led:
        return await session.get_one(Case, led[0])
    before, target, people = known.case_id, led[0], await customers_of(session, led)
    if await _count(session, before) == 1:
        contact = interaction_id if known.state not in OVER_STATES else None
        await merge(session, target, before, reason=reason, contact=contact, actor=actor, now=now)
        return await session.get_one(Case, target)
    await bar_contact(session, interaction_id, cases=led, customers=sorted(people), actor=actor, now=now)
    (row,) = await _contacts(session, [interaction_id])
    rows = await with_taken(session, [before, left[0], target])
    if row.case_id != before or rows[target].merged_into is not None:
        raise Conflict("These cases were merged or split at this moment. Try again.", code="already_merged")
    for each in (rows[before], rows[target]):
        _kept(each)
    await one_person(session, people | await _person(session, row))
    if row.state not in OVER_STATES:
        open_again(session, rows[target], interaction=row.id, actor=actor, now=now)
    await _take_along(session, [row], rows[before], rows[target], reason=reason, actor=actor, now=now)
    await take_along(session, [before, left[0]], [target])
    await _end_checks(session, [row], rows[left[0]], actor=actor, now=now)
    return rows[target]


async def _contacts(session: AsyncSession, contacts: Collection[UUID]) -> Sequence[Interaction]:
    """Locked by id; raises `NotFound`."""
    chosen = select(Interaction).where(col(Interaction.id).in_(contacts)).order_by(col(Interaction.id))
    locking: Any = chosen.with_for_update(key_share=True).execution_options(populate_existing=True)
    rows: Sequence[Interaction] = (await session.exec(locking)).all()
    if missing := sorted(set(contacts) - {row.id for row in rows}):
        raise NotFound(f"There is no interaction {missing[0]}.")
    return rows


async def _may_leave(session: AsyncSession, case: Case, rows: Sequence[Interaction]) -> None:
    _kept(case)
    if any(row.case_id != case.id for row in rows):
        raise Invalid("Only contacts of this very case can leave it.", code="not_of_this_case")
    if await _count(session, case.id) == len(rows):
        raise Conflict("At least one contact must stay with its case.", code="nothing_left")


def _kept(case: Case) -> None:
    """What was forgotten stays so: nothing leaves it and begins anew, and nothing comes to it that nobody would forget again."""
    if case.erased_at is not None:
        raise Conflict("Of this case nothing is left.", code="erased")


async def _count(session: AsyncSession, case_id: UUID) -> int:
    counted = select(func.count()).select_from(Interaction).where(Interaction.case_id == case_id)
    return int((await session.exec(counted)).one())


async def _person(session: AsyncSession, row: Interaction) -> set[UUID]:
    """Who it is from, by the id they are known by now; nobody known yet may be anybody."""
    known = await session.get(Customer, row.customer_id) if row.customer_id else None
    return {known.merged_into or known.id} if known is not None else set()


async def _take_along(
    session: AsyncSession,
    rows: Sequence[Interaction],
    case: Case,
    target: Case,
    *,
    reason: str | None,
    actor: Actor,
    now: datetime,
) -> None:
    ids = [row.id for row in rows]
    told = {"interactions": [str(each) for each in ids], **({"reason": reason} if reason else {})}
    for row in rows:
        row.case_id = target.id
        session.add(row)
    words = update(Message).where(col(Message.interaction_id).in_(ids)).values(case_id=target.id)
    await session.exec(cast("Any", words.execution_options(synchronize_session=False)))
    theirs = select(Message.id).where(col(Message.interaction_id).in_(ids))
    papers = update(Document).where(col(Document.message_id).in_(theirs)).values(case_id=target.id)
    await session.exec(cast("Any", papers.execution_options(synchronize_session=False)))
    advance(session, case, "split_off", now=now, actor=actor, data={"case": str(target.id), **told})
    advance(session, target, "joined_by_split", now=now, actor=actor, data={"case": str(case.id), **told})
    await session.flush()


async def _end_checks(
    session: AsyncSession, rows: Sequence[Interaction], speaks: Case, *, actor: Actor, now: datetime
) -> None:
    """What is held of these contacts would leave in the name of a case it is not about any more: nobody looks at it, and who
    wrote it hears so. `speaks`: for the case they left, locked."""
    theirs = select(Message.id).where(col(Message.interaction_id).in_([row.id for row in rows]))
    held = (await session.exec(theirs.where(Message.direction == "out"))).all()
    gone = await withdraw(session, speaks, reason="split", actor=actor, now=now, only=held)
    if gone:
        waited = next((str(each.data["waited"]) for each in gone if "waited" in each.data), None)
        await go_on(session, speaks, cause=waited, fact={"reason": "split"}, actor=actor, now=now)
