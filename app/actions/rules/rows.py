"""Rows of the configuration, compared with what they shall be and made so.

Decides what differs and writes just that. A row that anything still names is not removed: history would lose its words.
It never decides what the rows shall be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias, cast

from sqlalchemy import delete, text, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.errors import Conflict
from app.tables import Case, Interaction, Office, Organisation, Queue, Representative, RequestType

Catalogue: TypeAlias = type[Office] | type[Queue] | type[RequestType]
Fields: TypeAlias = Mapping[str, Any]
Wanted: TypeAlias = Mapping[str, Fields]
"""Rows by code, as they shall be."""

NAMES: Final = {Office: "office", Queue: "queue", RequestType: "request type"}
NAMED_BY: Final[Mapping[Catalogue, Sequence[Any]]] = {
    Office: [Interaction.office],
    Queue: [Interaction.queue, Interaction.overflow_to],
    RequestType: [Interaction.request_type, Case.request_type, Organisation.default_request_type],
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One difference. `fields`: what was and what shall be, by field; empty for what is removed or retired."""

    kind: Literal["added", "changed", "removed", "retired", "returned"]
    what: str
    code: str
    fields: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)


def compared(what: str, stored: Wanted, wanted: Wanted) -> list[Change]:
    """What must happen for `stored` to be `wanted`, in the order of `wanted`, removals last."""
    changes = []
    for code, fields in wanted.items():
        if code not in stored:
            changes.append(Change(kind="added", what=what, code=code, fields=_from_nothing(fields)))
        elif found := differing(stored[code], fields):
            changes.append(Change(kind="changed", what=what, code=code, fields=found))
    return changes + [Change(kind="removed", what=what, code=code) for code in stored if code not in wanted]


def differing(stored: Fields, wanted: Fields) -> dict[str, tuple[Any, Any]]:
    """What is and what shall be, by field, for the fields of `wanted` only."""
    return {name: (stored.get(name), value) for name, value in wanted.items() if stored.get(name) != value}


async def stored(session: AsyncSession, model: Catalogue | type[Representative]) -> Wanted:
    """All rows by code, in the order of their codes, read anew."""
    found = await session.exec(select(model).execution_options(populate_existing=True))
    rows = [row.model_dump() for row in found]
    return {row["code"]: row for row in sorted(rows, key=lambda row: str(row["code"]))}


async def write(session: AsyncSession, model: Catalogue, rows: Wanted, changes: Sequence[Change]) -> None:
    """Add and change what `changes` name. `rows` has what must stand first before what names it."""
    for change in changes:
        if change.kind == "added":
            session.add(model(code=change.code, **rows[change.code]))
    await session.flush()  # in the order they were added: a parent stands before its children
    for change in changes:
        if change.kind == "changed":
            values = {name: rows[change.code][name] for name in change.fields}
            await session.exec(update(model).where(col(model.code) == change.code).values(**values))


async def remove(session: AsyncSession, model: Catalogue, changes: Sequence[Change]) -> None:
    """Remove what `changes` say is removed. Raises `Conflict` (`still_named`)."""
    codes = [change.code for change in changes if change.kind == "removed"]
    if not codes:
        return
    if model is Office:
        # The retired sit nowhere; their history names no office.
        gone = col(Representative.office).in_(codes) & col(Representative.retired)
        await session.exec(update(Representative).where(gone).values(office=None))
    # Whoever holds a receipt is entering now, perhaps here; who comes later finds other rules than they were let in by.
    await session.exec(cast("Any", text("LOCK TABLE receipt IN SHARE MODE")))
    named = await still_named(session, model, codes)
    if named is not None:
        raise _still_named(model, named)
    try:
        await session.exec(delete(model).where(col(model.code).in_(codes)))
    except IntegrityError as error:
        told = str(getattr(getattr(error.orig, "__cause__", None), "detail", None) or "")
        raise _still_named(model, next((code for code in codes if f"=({code})" in told), codes[0])) from error


async def still_named(session: AsyncSession, model: Catalogue, codes: Sequence[str]) -> str | None:
    """One of `codes` that contacts or the organisation name, without a foreign key; None = none of them."""
    for column in NAMED_BY[model] if codes else ():
        named = (await session.exec(select(column).where(col(column).in_(codes)).limit(1))).first()
        if named is not None:
            return str(named)
    return None


def _still_named(model: Catalogue, code: str) -> Conflict:
    return Conflict(
        f"The {NAMES[model]} {code!r} would be removed, but other rows still name it: keep it.", code="still_named"
    )


def _from_nothing(fields: Fields) -> dict[str, tuple[Any, Any]]:
    return {name: (None, value) for name, value in fields.items() if value not in (None, [], {})}
