"""Who may speak for a customer: a child for a parent, a guardian. Nothing without the customer's consent, which is noted.

Decides that there is one standing note for two people, and when it ends. What a proxy may then do, those decide who ask.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.cases.describe import known_customer
from app.actions.record import advance
from app.db import uuid7
from app.errors import Conflict, Invalid, NotFound
from app.queries.cases.families import customer_family
from app.queries.readers import may_change_customer
from app.security import Actor
from app.tables import Proxy

AT_MOST = 16
"""People who may speak for one customer."""


async def name_proxy(
    session: AsyncSession,
    customer_id: UUID,
    proxy_id: UUID,
    *,
    relation: str,
    consent: str,
    actor: Actor,
    now: datetime,
) -> Proxy:
    """Note that `proxy_id` may speak for `customer_id`. Again: the note that stands.

    Raises `NotFound`, `Forbidden`, `Invalid` (`own_proxy`), `Conflict` (`already_merged`, `erased`, `too_many_proxies`).
    """
    if customer_id == proxy_id:
        raise Invalid("Everybody speaks for themselves.", code="own_proxy")
    for each in (customer_id, proxy_id):
        await may_change_customer(session, each, reader=actor.representative)
    rows = {each: await known_customer(session, each) for each in sorted((customer_id, proxy_id))}
    known, speaker = await customer_family(session, customer_id), await customer_family(session, proxy_id)
    standing = select(Proxy).where(col(Proxy.customer_id).in_(known), col(Proxy.ended_at).is_(None))
    there = (await session.exec(standing)).all()
    found = next((each for each in there if each.proxy_id in speaker), None)
    if found is not None:
        return found
    if len(there) >= AT_MOST:
        raise Conflict(f"{AT_MOST} people speak for this customer already.", code="too_many_proxies")
    made = Proxy(
        id=uuid7(),
        customer_id=customer_id,
        proxy_id=proxy_id,
        relation=relation,
        consent=consent,
        noted_at=now,
        noted_by=actor.label,
    )
    fact = {"proxy": str(made.id), "customer": str(proxy_id), "relation": relation, "consent": consent}
    advance(session, rows[customer_id], "proxy_named", now=now, actor=actor, data=fact)
    session.add(made)
    await session.flush()
    return made


async def end_proxy(session: AsyncSession, customer_id: UUID, note_id: UUID, *, actor: Actor, now: datetime) -> Proxy:
    """They speak for the customer no longer, by whichever of their ids it was noted. Again: the same row.

    Raises `NotFound`, `Forbidden`, `Conflict`.
    """
    await may_change_customer(session, customer_id, reader=actor.representative)
    customer = await known_customer(session, customer_id)
    note = await session.get(Proxy, note_id, with_for_update=True)
    if note is None or note.customer_id not in await customer_family(session, customer_id):
        raise NotFound(f"There is no proxy {note_id} of this customer.")
    if note.ended_at is None:
        note.ended_at, note.ended_by = now, actor.label
        advance(session, customer, "proxy_ended", now=now, actor=actor, data={"proxy": str(note.id)})
        session.add(note)
        await session.flush()
    return note
