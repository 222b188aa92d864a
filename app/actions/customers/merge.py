"""Two customers are one person: known from then on by all the ways either was, as the one that survives.

Decides what moves (the identities, so that the door recognises the survivor) and what is filled in (what the survivor did not
say of themselves); `moved` names it all, so that undoing leaves both as they were. Their cases and contacts keep their
customer and follow by the family.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import func, tuple_, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.record import advance
from app.actions.representatives.merge_bars import bar_customers, unbar
from app.db import uuid7
from app.errors import Conflict, Invalid, NotFound
from app.queries.cases.families import MOST
from app.security import Actor
from app.tables import Customer, CustomerIdentity, Merge

FILLED: Final = ("name", "language", "news_by")


async def merge_customers(
    session: AsyncSession, survivor_id: UUID, merged_id: UUID, *, reason: str | None, actor: Actor, now: datetime
) -> Merge:
    """Take `merged_id` into `survivor_id`. Again: the merge that stands.

    Raises `NotFound`, `Invalid` (`merge_of_one`), `Conflict` (`already_merged`, `erased`, `too_many_merged`).
    """
    if survivor_id == merged_id:
        raise Invalid("A customer cannot be taken into themselves.", code="merge_of_one")
    barred = await bar_customers(session, [survivor_id, merged_id], actor=actor, now=now)
    rows = await _with_taken(session, [survivor_id, merged_id])
    survivor, merged = rows[survivor_id], rows[merged_id]
    standing = await _standing(session, merged_id)
    if standing is not None and standing.survivor == survivor_id:
        return standing
    _fit(survivor, merged)
    if len(rows) + await _size(session, survivor_id) > MOST:
        raise Conflict(f"{MOST} customers are one already.", code="too_many_merged")
    taken = [row for row in rows.values() if row.merged_into == merged_id]
    identities = await _move_identities(session, merged_id, survivor_id)
    moved = {"identities": identities, **_take(survivor, merged, taken)}
    if barred:
        moved["barred"] = [[str(one), code] for one, code in barred]
    made = Merge(
        id=uuid7(), kind="customer", survivor=survivor_id, merged=merged_id, moved=moved, reason=reason, made_at=now,
        made_by=actor.label,
    )  # fmt: skip
    fact = {"merge": str(made.id), **({"reason": reason} if reason else {})}
    advance(session, merged, "merged", now=now, actor=actor, data={"into": str(survivor_id), **fact})
    advance(session, survivor, "absorbed", now=now, actor=actor, data={"customer": str(merged_id), **fact})
    session.add(made)
    await session.flush()
    return made


async def unmerge_customers(session: AsyncSession, made: Merge, *, actor: Actor, now: datetime) -> Merge:
    """They are two again. Again: the same row. Raises `Conflict` (`merged_since`, `erased`)."""
    await unbar(session, [(UUID(one), code) for one, code in made.moved.get("barred", [])], actor=actor, now=now)
    taken = [UUID(each) for each in made.moved["customers"]]
    rows = await _with_taken(session, [made.survivor, made.merged, *taken])
    await session.refresh(made, with_for_update=True)
    if made.undone_at is not None:
        return made
    survivor, merged = rows[made.survivor], rows[made.merged]
    if survivor.merged_into is not None:
        raise Conflict("Whoever survived was merged since: undo that first.", code="merged_since")
    if "erased" in (survivor.state, merged.state):
        raise Conflict("Of an erased customer nothing can be given back.", code="erased")
    await _return_identities(session, made)
    _give_back(survivor, merged, [rows[each] for each in taken], made.moved)
    fact = {"merge": str(made.id)}
    merged.merged_into = None
    advance(session, merged, "unmerged", now=now, actor=actor, data={"from": str(survivor.id), **fact})
    advance(session, survivor, "released", now=now, actor=actor, data={"customer": str(merged.id), **fact})
    made.undone_at, made.undone_by = now, actor.label
    session.add(made)
    await session.flush()
    return made


async def forget_merges(session: AsyncSession, customers: Sequence[UUID]) -> None:
    """Of customers who are erased: what moved between them is named no longer. The merges themselves stay."""
    about = Merge.kind == "customer"
    mine = col(Merge.survivor).in_(customers) | col(Merge.merged).in_(customers)
    for made in (await session.exec(select(Merge).where(about, mine))).all():
        made.moved = {**made.moved, "identities": []}
        session.add(made)
    await session.flush()


async def _with_taken(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, Customer]:
    """These customers and all that were taken into them, locked by id; raises `NotFound`."""
    wanted, rows = set(ids), dict[UUID, Customer]()
    pointing = select(Customer.id).where(col(Customer.merged_into).in_(wanted))
    while not (known := wanted | set((await session.exec(pointing)).all())) <= rows.keys():
        chosen = select(Customer).where(col(Customer.id).in_(known - rows.keys())).order_by(col(Customer.id))
        locking = chosen.with_for_update(key_share=True).execution_options(populate_existing=True)
        rows |= {row.id: row for row in await session.exec(locking)}
        if not wanted <= rows.keys():
            raise NotFound(f"There is no customer {next(iter(wanted - rows.keys()))}.")
    return rows


def _fit(survivor: Customer, merged: Customer) -> None:
    for row in (survivor, merged):
        if row.merged_into is not None:
            members = {"survivor": str(row.merged_into)}
            raise Conflict(f"Customer {row.id} was taken into another already.", code="already_merged", members=members)
        if row.state == "erased":
            raise Conflict(f"Customer {row.id} was erased.", code="erased")


def _take(survivor: Customer, merged: Customer, taken: Sequence[Customer]) -> dict[str, Any]:
    for row in (merged, *taken):
        row.merged_into = survivor.id
    filled = [name for name in FILLED if getattr(survivor, name) is None and getattr(merged, name) is not None]
    for name in filled:
        setattr(survivor, name, getattr(merged, name))
    needs = [need for need in merged.needs if need not in survivor.needs]
    survivor.needs = [*survivor.needs, *needs]
    return {"customers": [str(row.id) for row in taken], "filled": filled, "needs": needs}


def _give_back(survivor: Customer, merged: Customer, taken: Sequence[Customer], moved: Mapping[str, Any]) -> None:
    """What somebody changed since stays as they changed it."""
    for row in taken:
        row.merged_into = merged.id
    for name in moved["filled"]:
        if getattr(survivor, name) == getattr(merged, name):
            setattr(survivor, name, None)
    survivor.needs = [need for need in survivor.needs if need not in moved["needs"]]


async def _move_identities(session: AsyncSession, merged_id: UUID, survivor_id: UUID) -> list[list[str]]:
    mine = select(CustomerIdentity).where(CustomerIdentity.customer_id == merged_id)
    rows = (await session.exec(mine.order_by(col(CustomerIdentity.kind), col(CustomerIdentity.value)))).all()
    for row in rows:
        row.customer_id = survivor_id
        session.add(row)
    return [[row.kind, row.value] for row in rows]


async def _return_identities(session: AsyncSession, made: Merge) -> None:
    pairs = [(kind, value) for kind, value in made.moved["identities"]]
    if not pairs:
        return
    back = (
        update(CustomerIdentity)
        .where(
            tuple_(col(CustomerIdentity.kind), col(CustomerIdentity.value)).in_(pairs),
            col(CustomerIdentity.customer_id) == made.survivor,
        )
        .values(customer_id=made.merged)
        .execution_options(synchronize_session=False)
    )
    await session.exec(cast("Any", back))


async def _standing(session: AsyncSession, merged_id: UUID) -> Merge | None:
    found = select(Merge).where(Merge.kind == "customer", Merge.merged == merged_id, col(Merge.undone_at).is_(None))
    return (await session.exec(found)).one_or_none()


async def _size(session: AsyncSession, customer_id: UUID) -> int:
    counted = select(func.count()).select_from(Customer).where(Customer.merged_into == customer_id)
    return int((await session.exec(counted)).one())
