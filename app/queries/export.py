"""Everything that is kept about a customer, for them to take along: who they are, their cases, words and documents.

Decides what is in it: what was said by and to them, not what colleagues noted among themselves about the work. Never writes.
"""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final, cast
from uuid import UUID

import orjson
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.errors import NotFound
from app.queries.families import customer_family
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


async def export(session: AsyncSession, customer_id: UUID) -> AsyncIterator[bytes]:
    """One JSON object, piece by piece: a case at a time, so that a long history needs no large memory. Raises `NotFound`."""
    known = await customer_family(session, customer_id)
    if not known:
        raise NotFound(f"There is no customer {customer_id}.")
    return _pieces(session, known)


async def _pieces(session: AsyncSession, known: Sequence[UUID]) -> AsyncIterator[bytes]:
    yield b'{"customer":' + _json(await _person(session, known)) + b',"cases":['
    cases = (await session.exec(select(Case).where(col(Case.customer_id).in_(known)).order_by(col(Case.id)))).all()
    for number, case in enumerate(cases):
        yield (b"," if number else b"") + _json(await _case(session, case))
    yield b'],"contacts_on_other_cases":['
    others = select(Interaction).where(
        col(Interaction.customer_id).in_(known), col(Interaction.case_id).not_in([case.id for case in cases])
    )
    for number, row in enumerate((await session.exec(others.order_by(col(Interaction.id)))).all()):
        yield (b"," if number else b"") + _json(row.model_dump(include=_CONTACT))
    yield b"]}"


async def _person(session: AsyncSession, known: Sequence[UUID]) -> dict[str, Any]:
    people = (await session.exec(select(Customer).where(col(Customer.id).in_(known)).order_by(col(Customer.id)))).all()
    mine = select(CustomerIdentity).where(col(CustomerIdentity.customer_id).in_(known))
    proxies = select(Proxy).where(col(Proxy.customer_id).in_(known) | col(Proxy.proxy_id).in_(known))
    return {
        "known_as": [row.model_dump(exclude={"version"}) for row in people],
        "identities": [row.model_dump() for row in (await session.exec(mine)).all()],
        "proxies": [row.model_dump() for row in (await session.exec(proxies)).all()],
    }


async def _case(session: AsyncSession, case: Case) -> dict[str, Any]:
    contacts = select(Interaction).where(Interaction.case_id == case.id).order_by(col(Interaction.id))
    rows = (await session.exec(contacts)).all()
    held = cast("Any", col(Message.attributes)).has_key("held")  # never left the house, perhaps never will
    told = select(Message).where(Message.case_id == case.id, Message.direction != "note", ~held)
    words = told.order_by(col(Message.id))
    promises = select(Promise).where(Promise.case_id == case.id).order_by(col(Promise.made_at))
    surveys = select(Survey).where(Survey.case_id == case.id).order_by(col(Survey.round))
    files = select(Document).where(Document.case_id == case.id).order_by(col(Document.at))
    waits = select(ToldWait).where(col(ToldWait.interaction_id).in_([row.id for row in rows]))
    return {
        **case.model_dump(include=_CASE),
        "contacts": [row.model_dump(include=_CONTACT) for row in rows],
        "messages": [row.model_dump(exclude={"reference"}) for row in (await session.exec(words)).all()],
        "promises": [row.model_dump() for row in (await session.exec(promises)).all()],
        "surveys": [row.model_dump() for row in (await session.exec(surveys)).all()],
        "waits_told": [row.model_dump() for row in (await session.exec(waits)).all()],
        "documents": [_file(row) for row in (await session.exec(files)).all()],
    }


def _json(found: Any) -> bytes:
    """The driver's own kind of UUID is told as text."""
    return orjson.dumps(found, default=str)


def _file(row: Document) -> dict[str, Any]:
    return {**row.model_dump(exclude={"content"}), "content_base64": base64.b64encode(row.content).decode()}
