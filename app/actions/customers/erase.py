"""A customer is forgotten: name, addresses, words and documents go, everywhere; figures and events stay.

Decides what happens to their contacts that are not over: those nobody serves yet are cancelled, one that is being served goes
on to its end and is looked at again then; and that their open cases end when nobody is left to answer. The wish itself is kept,
so that a restored backup erases them again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import delete, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.cases.close import CLOSED_BY
from app.actions.cases.gate import withdraw
from app.actions.contacts.cancel import cancel
from app.actions.contacts.complete import complete
from app.actions.customers.forget import forget, forget_answers
from app.actions.customers.merge import forget_merges
from app.actions.record import advance
from app.errors import NotFound
from app.queries.cases.families import customer_family, matters_of
from app.queries.rules import raw
from app.security import SYSTEM, Actor
from app.tables import Case, Customer, CustomerIdentity, Erasure, Interaction, Proxy
from routing.lifecycle import CASE, INTERACTION, OVER_STATES

REASON: Final = "erased"
SERVED: Final = ("active", "wrapping")
# Whoever looked a person up before they were forgotten, and still writes, is seen only when their transaction is over.
_NOBODY_KNOWS: Final = """
SELECT coalesce(bool_and(epoch < current_epoch() OR xid < pg_snapshot_xmin(pg_current_snapshot())), false)
FROM event WHERE subject = 'customer' AND subject_id = ANY($1::text[]) AND kind = 'erased'
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Theirs:
    """All that is a customer's, locked: contacts first, then cases, then the customer under every name."""

    contacts: Sequence[Interaction]
    cases: Sequence[Case]
    customers: Sequence[Customer]


async def ask_erasure(session: AsyncSession, customer_id: UUID, *, actor: Actor, now: datetime) -> Erasure:
    """Note the wish; the chore does it within a minute. Again: the same row. Raises `NotFound`."""
    known = await customer_family(session, customer_id)
    if not known:
        raise NotFound(f"There is no customer {customer_id}.")
    row = await session.get(Erasure, customer_id, with_for_update=True)
    if row is None:
        row = Erasure(customer_id=customer_id, asked_at=now, asked_by=actor.label)
        session.add(row)
        await session.flush()
    return row


async def erase(session: AsyncSession, customer_id: UUID, *, now: datetime) -> bool:
    """Do it, as far as it can be done now. True: nothing is left. Harmless whoever else does it at once."""
    wish = await session.get(Erasure, customer_id, with_for_update=True)
    if wish is None or wish.done_at is not None:
        return True
    alone = await _nobody_knows(session, customer_id)
    await _let_go(session, customer_id, now=now)
    theirs = await _locked(session, customer_id)
    fresh = [case for case in theirs.cases if case.erased_at is None]
    await session.flush()
    connection = await raw(session)
    known = [row.id for row in theirs.customers]
    cases, contacts = [row.id for row in theirs.cases], [row.id for row in theirs.contacts]
    done = await forget(connection, cases, contacts, now=now)
    await forget_answers(connection, [*cases, *contacts, *known])
    for case in theirs.cases:
        await session.refresh(case)
        await _end_checks(session, case, now=now)
        if case in fresh:
            advance(session, case, "erased", now=now, actor=SYSTEM)
    await _wish_for_each(session, wish, known)
    await _forget_people(session, theirs.customers, now=now)
    done = done and alone and all(contact.state in OVER_STATES for contact in theirs.contacts)
    if done:
        _close(session, theirs.cases, now=now)
        wish.done_at = now
        session.add(wish)
    await session.flush()
    return done


async def _nobody_knows(session: AsyncSession, customer_id: UUID) -> bool:
    """Whether they were forgotten by an earlier turn, and all who may have known them then are done. To be asked first."""
    known = [str(each) for each in await customer_family(session, customer_id)]
    return bool(await (await raw(session)).fetchval(_NOBODY_KNOWS, known))


async def _end_checks(session: AsyncSession, case: Case, *, now: datetime) -> None:
    """Nobody looks at words that are gone, and what was held never leaves."""
    await withdraw(session, case, reason=REASON, actor=SYSTEM, now=now)
    if case.state == "checking":
        advance(session, case, "check_ended", now=now, actor=SYSTEM, data={"reason": REASON})


def _close(session: AsyncSession, cases: Sequence[Case], *, now: datetime) -> None:
    """Nobody is left who could say that it is solved, or be asked. It was not: no time of a resolution is written."""
    for case in cases:
        if case.merged_into is not None or not CASE.allows(case.state, "resolved"):
            continue
        advance(session, case, "resolved", now=now, actor=SYSTEM, data={"outcome": REASON})
        advance(session, case, "not_asked", now=now, actor=SYSTEM, data={"reason": REASON})
        case.outcome, case.closed_at, case.closed_by, case.reopen_until = REASON, now, CLOSED_BY["not_asked"], now


async def _wish_for_each(session: AsyncSession, wish: Erasure, known: Sequence[UUID]) -> None:
    """Once they are forgotten nobody knows which names were one: each is looked at again, and noted, by itself."""
    rows = [{"customer_id": each, "asked_at": wish.asked_at, "asked_by": wish.asked_by} for each in known]
    await session.exec(cast("Any", insert(Erasure).values(rows).on_conflict_do_nothing()))


async def _let_go(session: AsyncSession, customer_id: UUID, *, now: datetime) -> None:
    """What nobody serves yet is not served any more; what waits for the customer is over."""
    known = await customer_family(session, customer_id)
    for contact in await _contacts(session, known):
        if contact.state == "parked":
            await complete(session, contact.id, outcome=REASON, actor=SYSTEM, now=now)
        elif INTERACTION.allows(contact.state, "cancelled"):
            await cancel(session, contact.id, reason=REASON, actor=SYSTEM, now=now)


async def _locked(session: AsyncSession, customer_id: UUID) -> Theirs:
    known = await customer_family(session, customer_id)
    contacts = await _contacts(session, known)
    own = select(Case).where(col(Case.id).in_(await matters_of(session, known))).order_by(col(Case.id))
    people = select(Customer).where(col(Customer.id).in_(known)).order_by(col(Customer.id))
    locking: Any = {"key_share": True}
    return Theirs(
        contacts=contacts,
        cases=(await session.exec(_anew(own.with_for_update(**locking)))).all(),
        customers=(await session.exec(_anew(people.with_for_update(**locking)))).all(),
    )


async def _contacts(session: AsyncSession, known: Sequence[UUID]) -> Sequence[Interaction]:
    """Theirs, and those on their cases whoever made them: what others said there is about them. Locked by id."""
    cases = await matters_of(session, known)
    mine = select(Interaction.id).where(col(Interaction.customer_id).in_(known))
    on_cases = select(Interaction.id).where(col(Interaction.case_id).in_(cases))
    chosen = select(Interaction).where(col(Interaction.id).in_(mine.union(on_cases))).order_by(col(Interaction.id))
    found: Sequence[Interaction] = (await session.exec(_anew(chosen.with_for_update(key_share=True)))).all()
    return found


async def _forget_people(session: AsyncSession, customers: Sequence[Customer], *, now: datetime) -> None:
    ids = [row.id for row in customers]
    gone: Any = delete(CustomerIdentity).where(col(CustomerIdentity.customer_id).in_(ids))
    await session.exec(gone)
    standing = (col(Proxy.customer_id).in_(ids) | col(Proxy.proxy_id).in_(ids)) & col(Proxy.ended_at).is_(None)
    ended: Any = update(Proxy).where(standing).values(ended_at=now, ended_by=SYSTEM.label)
    await session.exec(ended)
    await forget_merges(session, ids)
    for row in customers:
        row.name, row.language, row.needs, row.news_by, row.merged_into = None, None, [], None, None
        if row.state == "erased":
            continue
        advance(session, row, "erased", now=now, actor=SYSTEM)


def _anew(chosen: Any) -> Any:
    return chosen.execution_options(populate_existing=True)
