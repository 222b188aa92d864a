"""Everything that is kept about a customer, for them to take along: who they are, their cases, words and documents.

Decides what is in it: all of their matters, also a visitor's that was taken into one of theirs; what was said by and to them,
not what colleagues noted among themselves about the work; and nothing of another customer. Never writes.

Read piece by piece, each in a session of its own: whoever takes it along slowly holds nothing up, and nothing long is held in
memory.
"""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final, cast
from uuid import UUID

import orjson
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.db import Database
from app.errors import NotFound
from app.queries.cases.families import customer_family, matters_of
from app.tables import (
    Case,
    Customer,
    CustomerIdentity,
    Document,
    Interaction,
    Message,
    Promise,
    Proxy,
    Survey,
    ToldWait,
)

_CASE: Final = {
    "id", "state", "request_type", "subject", "opened_at", "resolved_at", "closed_at", "closed_by", "outcome", "language",
    "office", "amount", "area", "product", "follows", "merged_into",
}  # fmt: skip
_CONTACT: Final = {
    "id", "case_id", "channel", "state", "request_type", "office", "language", "subject", "number", "reply_to", "arrived_at",
    "head_start_reasons", "attributes",
}  # fmt: skip


_ADDRESS: Final = {"reply_to", "attributes"}
"""Of whoever made a contact: another's, where somebody else spoke for this customer."""


async def export(db: Database, customer_id: UUID) -> AsyncIterator[bytes]:
    """One JSON object in pieces: a case, or one of its documents, at a time. Raises `NotFound`, before the first piece."""
    async with db.reading() as session:
        known = await customer_family(session, customer_id)
        if not known:
            raise NotFound(f"There is no customer {customer_id}.")
        return _pieces(db, known, await _own(session, known))


async def _own(session: AsyncSession, known: Sequence[UUID]) -> Sequence[UUID]:
    """Their cases. Another customer's that was taken into one of theirs stays that one's."""
    theirs = col(Case.customer_id).in_(known) | col(Case.customer_id).is_(None)
    chosen = select(Case.id).where(col(Case.id).in_(await matters_of(session, known)), theirs)
    return (await session.exec(chosen.order_by(col(Case.id)))).all()


async def _pieces(db: Database, known: Sequence[UUID], cases: Sequence[UUID]) -> AsyncIterator[bytes]:
    async with db.reading() as session:
        person = await _person(session, known)
    yield b'{"customer":' + _json(person) + b',"cases":['
    for number, case_id in enumerate(cases):
        async with db.reading() as session:
            case = await _case(session, case_id, known)
            files = (
                await session.exec(select(Document.id).where(Document.case_id == case_id).order_by(col(Document.at)))
            ).all()
        yield (b"," if number else b"") + _json(case)[:-1] + b',"documents":['
        before = b""
        for file in files:
            async with db.reading() as session:
                row = await session.get(Document, file)
            if row is not None:  # else forgotten in this very moment
                yield before + _json(_file(row))
                before = b","
        yield b"]}"
    yield b'],"contacts_on_other_cases":['
    async with db.reading() as session:
        mine = col(Interaction.customer_id).in_(known) & col(Interaction.case_id).not_in(cases)
        others = (await session.exec(select(Interaction).where(mine).order_by(col(Interaction.id)))).all()
    yield b",".join(_json(row.model_dump(include=_CONTACT)) for row in others) + b"]}"


async def _person(session: AsyncSession, known: Sequence[UUID]) -> dict[str, Any]:
    people = (await session.exec(select(Customer).where(col(Customer.id).in_(known)).order_by(col(Customer.id)))).all()
    mine = select(CustomerIdentity).where(col(CustomerIdentity.customer_id).in_(known))
    proxies = select(Proxy).where(col(Proxy.customer_id).in_(known) | col(Proxy.proxy_id).in_(known))
    return {
        "known_as": [row.model_dump(exclude={"version"}) for row in people],
        "identities": [row.model_dump() for row in (await session.exec(mine)).all()],
        "proxies": [row.model_dump() for row in (await session.exec(proxies)).all()],
    }


async def _case(session: AsyncSession, case_id: UUID, known: Sequence[UUID]) -> dict[str, Any]:
    case = await session.get_one(Case, case_id)
    contacts = select(Interaction).where(Interaction.case_id == case.id).order_by(col(Interaction.id))
    rows = (await session.exec(contacts)).all()
    held = cast("Any", col(Message.attributes)).has_key("held")  # never left the house, perhaps never will
    told = select(Message).where(Message.case_id == case.id, Message.direction != "note", ~held)
    words = told.order_by(col(Message.id))
    promises = select(Promise).where(Promise.case_id == case.id).order_by(col(Promise.made_at))
    surveys = select(Survey).where(Survey.case_id == case.id).order_by(col(Survey.round))
    waits = select(ToldWait).where(col(ToldWait.interaction_id).in_([row.id for row in rows]))
    return {
        **case.model_dump(include=_CASE),
        "contacts": [_contact(row, known) for row in rows],
        "messages": [row.model_dump(exclude={"reference"}) for row in (await session.exec(words)).all()],
        "promises": [row.model_dump() for row in (await session.exec(promises)).all()],
        "surveys": [row.model_dump() for row in (await session.exec(surveys)).all()],
        "waits_told": [row.model_dump() for row in (await session.exec(waits)).all()],
    }


def _contact(row: Interaction, known: Sequence[UUID]) -> dict[str, Any]:
    theirs = row.customer_id is None or row.customer_id in known
    return row.model_dump(include=_CONTACT if theirs else _CONTACT - _ADDRESS)


def _json(found: Any) -> bytes:
    """The driver's own kind of UUID is told as text."""
    return orjson.dumps(found, default=str)


def _file(row: Document) -> dict[str, Any]:
    return {**row.model_dump(exclude={"content"}), "content_base64": base64.b64encode(row.content).decode()}
