"""Two cases about one matter become one: the one that survives speaks for both, and nothing of the other is rewritten.

Decides which cases may be taken into which, and that undoing it leaves both as they were. Whatever the customer says on
either from then on is said on the survivor. Promises, clocks and surveys of the one that was taken in are ended by those who
keep them, when they hear of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.contacts.cases import open_again
from app.actions.promises.taken_along import take_along
from app.actions.record import advance
from app.actions.representatives.merge_bars import bar_cases, unbar
from app.db import uuid7
from app.errors import Conflict, Invalid, NotFound
from app.queries.cases.families import MOST
from app.queries.readers import customers_of, may_change_case
from app.security import Actor
from app.tables import Case, Customer, Merge, Proxy

OVER: Final = ("resolved", "closed")


async def merge(
    session: AsyncSession,
    survivor_id: UUID,
    merged_id: UUID,
    *,
    reason: str | None,
    actor: Actor,
    now: datetime,
    contact: UUID | None = None,
) -> Merge:
    """Take `merged_id` into `survivor_id`. Again: the merge that stands.

    `contact`: an open contact of `merged_id` that a person says is about the survivor, which opens again by it.
    Raises `NotFound`, also where a representative has not served one of them; `Forbidden` (`not_accepted`); `Invalid` (`merge_of_one`); `Conflict`:
    `already_merged`, `two_customers`, `survivor_over`, `stays_closed`, `being_checked`, `erased`, `too_many_merged`.
    """
    if survivor_id == merged_id:
        raise Invalid("A case cannot be taken into itself.", code="merge_of_one")
    for case_id in (survivor_id, merged_id):
        await may_change_case(session, case_id, reader=actor.representative)
    barred = await bar_cases(session, [survivor_id, merged_id], actor=actor, now=now)
    rows = await with_taken(session, [survivor_id, merged_id])
    survivor, merged = rows[survivor_id], rows[merged_id]
    standing = await _standing(session, merged_id)
    if standing is not None and standing.survivor == survivor_id:
        return standing
    _alone(survivor, merged)
    if contact is not None:
        open_again(session, survivor, interaction=contact, actor=actor, now=now)
    _fit(survivor, merged)
    await one_person(session, await customers_of(session, [survivor_id, merged_id]))
    taken = [row for row in rows.values() if row.merged_into == merged_id]
    if len(rows) + await _size(session, survivor_id) > MOST:
        raise Conflict(f"{MOST} cases are one already.", code="too_many_merged")
    made = Merge(
        id=uuid7(),
        kind="case",
        survivor=survivor_id,
        merged=merged_id,
        moved=_take(survivor, merged, taken)
        | ({"barred": [[str(one), code] for one, code in barred]} if barred else {}),
        reason=reason,
        made_at=now,
        made_by=actor.label,
    )
    _tell(session, made, survivor, [merged, *taken], actor=actor, now=now)
    session.add(made)
    await session.flush()
    return made


async def unmerge(session: AsyncSession, made: Merge, *, actor: Actor, now: datetime) -> Merge:
    """Both stand by themselves again. Again: the same row.

    Raises `NotFound` where a representative has served neither; `Forbidden` (`not_accepted`); `Conflict`: `erased`; `merged_since` where the survivor
    was taken into another since: that is to be undone first.
    """
    await may_change_case(session, made.survivor, reader=actor.representative)
    await unbar(session, [(UUID(one), code) for one, code in made.moved.get("barred", [])], actor=actor, now=now)
    taken = [UUID(each) for each in made.moved.get("cases", [])]
    rows = await with_taken(session, [made.survivor, made.merged, *taken])
    await session.refresh(made, with_for_update=True)
    if made.undone_at is not None:
        return made
    survivor, merged = rows[made.survivor], rows[made.merged]
    if survivor.merged_into is not None:
        raise Conflict("The case that survived was merged since: undo that first.", code="merged_since")
    if survivor.erased_at is not None or merged.erased_at is not None:
        raise Conflict("Of cases whose words are gone nothing can be given back.", code="erased")
    _give_back(survivor, merged, [rows[each] for each in taken], made.moved)
    fact = {"merge": str(made.id)}
    advance(session, merged, "unmerged", now=now, actor=actor, data={"from": str(survivor.id), **fact})
    advance(session, survivor, "released", now=now, actor=actor, data={"case": str(merged.id), **fact})
    for each in taken:
        advance(session, rows[each], "merged", now=now, actor=actor, data={"into": str(merged.id), **fact})
    made.undone_at, made.undone_by = now, actor.label
    session.add(made)
    await take_along(session, [survivor.id], [merged.id, *taken])
    return made


async def with_taken(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, Case]:
    """These cases and all that were taken into them, locked by id; raises `NotFound`."""
    wanted = set(ids)
    rows: dict[UUID, Case] = {}
    pointing = select(Case.id).where(col(Case.merged_into).in_(wanted))
    while not (known := wanted | set((await session.exec(pointing)).all())) <= rows.keys():
        chosen = select(Case).where(col(Case.id).in_(known - rows.keys())).order_by(col(Case.id))
        locking = chosen.with_for_update(key_share=True).execution_options(populate_existing=True)
        rows |= {row.id: row for row in await session.exec(locking)}
        if not wanted <= rows.keys():
            raise NotFound(f"There is no case {next(iter(wanted - rows.keys()))}.")
    return rows


async def one_person(session: AsyncSession, people: set[UUID]) -> None:
    """Raises `Conflict` (`two_customers`) unless these are one person, or one who speaks for the other, or nobody known."""
    if len(people) < 2:
        return
    known = select(Customer.id).where(col(Customer.id).in_(people) | col(Customer.merged_into).in_(people))
    agreed = select(Proxy.id).where(
        col(Proxy.customer_id).in_(known), col(Proxy.proxy_id).in_(known), col(Proxy.ended_at).is_(None)
    )
    if (await session.exec(agreed.limit(1))).first() is None:
        raise Conflict(
            "These are cases of two people: if they are one, merge the customers first.", code="two_customers"
        )


def _alone(survivor: Case, merged: Case) -> None:
    for row in (survivor, merged):
        if row.merged_into is not None:
            members = {"survivor": str(row.merged_into)}
            raise Conflict(f"Case {row.id} was taken into another already.", code="already_merged", members=members)
        if row.erased_at is not None:
            raise Conflict(f"Of case {row.id} nothing is left to be merged.", code="erased")


def _fit(survivor: Case, merged: Case) -> None:
    if merged.state == "checking":
        raise Conflict("A second person is looking at it: wait for what they say.", code="being_checked")
    if survivor.state in OVER and merged.state not in OVER:
        raise Conflict(
            "What is open cannot be taken into what is over: merge them the other way round, or open it again first.",
            code="survivor_over",
        )


def _take(survivor: Case, merged: Case, taken: list[Case]) -> dict[str, Any]:
    """Let the survivor speak for all; what has changed on it, so that it can be taken back. Touches are counted by family."""
    moved: dict[str, Any] = {"cases": [str(row.id) for row in taken]}
    for row in (merged, *taken):
        row.merged_into = survivor.id
    if survivor.customer_id is None and merged.customer_id is not None:
        survivor.customer_id = merged.customer_id
        moved["customer_id"] = str(merged.customer_id)
    if survivor.owner is None and merged.owner is not None and not survivor.supervised:
        survivor.owner = merged.owner
        moved["owner"] = merged.owner
    return moved


def _give_back(survivor: Case, merged: Case, taken: list[Case], moved: Mapping[str, Any]) -> None:
    """As it was; what somebody changed since stays as they changed it."""
    merged.merged_into = None
    for row in taken:
        row.merged_into = merged.id
    if "customer_id" in moved and str(survivor.customer_id) == moved["customer_id"]:
        survivor.customer_id = None
    if "owner" in moved and survivor.owner == moved["owner"]:
        survivor.owner = None


def _tell(
    session: AsyncSession, made: Merge, survivor: Case, merged: list[Case], *, actor: Actor, now: datetime
) -> None:
    fact = {"merge": str(made.id), **({"reason": made.reason} if made.reason else {})}
    for row in merged:
        advance(session, row, "merged", now=now, actor=actor, data={"into": str(survivor.id), **fact})
    advance(session, survivor, "absorbed", now=now, actor=actor, data={"case": str(made.merged), **fact})


async def _standing(session: AsyncSession, merged_id: UUID) -> Merge | None:
    found = select(Merge).where(Merge.kind == "case", Merge.merged == merged_id, col(Merge.undone_at).is_(None))
    return (await session.exec(found)).one_or_none()


async def _size(session: AsyncSession, case_id: UUID) -> int:
    counted = select(func.count()).select_from(Case).where(Case.merged_into == case_id)
    return int((await session.exec(counted)).one())
