"""Make the tables say what a configuration file says.

Decides what differs and writes just that, so a second run finds nothing. People are never deleted: who is no longer in the
file is retired. An office, queue or request type that anything still names is not removed: history would lose its words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

from sqlalchemy import delete, func, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.presence import set_presence
from app.actions.record import advance, locked
from app.configuration import Configuration
from app.errors import Conflict
from app.security import Actor
from app.tables import Case, Interaction, Office, Organisation, Queue, Representative, RequestType
from routing.lifecycle import NEW

Catalogue: TypeAlias = type[Office] | type[Queue] | type[RequestType]
Fields: TypeAlias = Mapping[str, Any]
Wanted: TypeAlias = Mapping[str, Fields]
"""Rows by code, as they shall be."""

CATALOGUES: Final[tuple[Catalogue, ...]] = (Office, Queue, RequestType)
"""In the order of their references: each names only what stands before it."""
APPLY_LOCK: Final = 7_262_265
NAMES: Final = {Office: "office", Queue: "queue", RequestType: "request type"}
NAMED_BY: Final[Mapping[Catalogue, Sequence[Any]]] = {
    Office: [Interaction.office],
    Queue: [Interaction.queue],
    RequestType: [Interaction.request_type, Case.request_type],
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One difference. `fields`: what was and what shall be, by field; empty for what is removed or retired."""

    kind: Literal["added", "changed", "removed", "retired", "returned"]
    what: str
    code: str
    fields: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)


async def differences(session: AsyncSession, wanted: Configuration) -> list[Change]:
    """What `apply` would do now. Writes nothing."""
    changes = _compared("organisation", await _organisations(session), {"1": _organisation(wanted)})
    for model, rows in _catalogues(wanted).items():
        changes += _compared(NAMES[model], await _stored(session, model), rows)
    return changes + _staff_changes(await _stored(session, Representative), _representatives(wanted))


async def apply(session: AsyncSession, wanted: Configuration, *, actor: Actor, now: datetime) -> list[Change]:
    """Write every difference, all or nothing, and tell which they were.

    Raises Conflict (`still_named`) for a removal that something stands against. Two at once wait for each other.
    """
    await session.exec(select(func.pg_advisory_xact_lock(APPLY_LOCK)))
    changes = await differences(session, wanted)
    if any(change.what == "organisation" for change in changes):
        await session.merge(Organisation(id=1, **_organisation(wanted)))
        await session.flush()
    rows = _catalogues(wanted)
    for model in CATALOGUES:
        await _write(session, model, rows[model], [change for change in changes if change.what == NAMES[model]])
    staff = _representatives(wanted)
    for change in changes:
        if change.what == "representative":
            await _write_one(session, change, staff.get(change.code, {}), actor=actor, now=now)
    await session.flush()
    for model in reversed(CATALOGUES):
        gone = [change.code for change in changes if change.what == NAMES[model] and change.kind == "removed"]
        if gone:
            await _remove(session, model, gone)
    return changes


async def _write(session: AsyncSession, model: Catalogue, rows: Wanted, changes: list[Change]) -> None:
    for change in changes:
        if change.kind == "added":
            session.add(model(code=change.code, **rows[change.code]))
            await session.flush()  # one by one: a parent stands before its children
    for change in changes:
        if change.kind == "changed":
            values = {name: rows[change.code][name] for name in change.fields}
            await session.exec(update(model).where(col(model.code) == change.code).values(**values))


async def _write_one(session: AsyncSession, change: Change, fields: Fields, *, actor: Actor, now: datetime) -> None:
    """One representative, with the event that tells of it. Events name fields, not values: names stay out of them."""
    if change.kind == "added":
        row = Representative(
            code=change.code, presence=NEW, presence_at=now, idle_since=now, version=0,
            ceiling=fields["capacity"], **fields,
        )  # fmt: skip
        advance(session, row, "joined", now=now, actor=actor)
        return
    if change.kind == "retired":
        await set_presence(session, change.code, status="offline", reason="retired", actor=actor, now=now)
    row = await locked(session, Representative, change.code)
    for name, (_, value) in change.fields.items():
        setattr(row, name, value)
    row.ceiling = max(row.capacity, row.units)  # a lowered capacity drains: what is held stays held
    row.retired = change.kind == "retired"
    named = ["retired"] if change.kind in {"retired", "returned"} else []
    advance(session, row, "changed", now=now, actor=actor, data={"fields": [*named, *sorted(change.fields)]})


async def _remove(session: AsyncSession, model: Catalogue, codes: list[str]) -> None:
    if model is Office:
        # The retired sit nowhere; their history names no office.
        gone = col(Representative.office).in_(codes) & col(Representative.retired)
        await session.exec(update(Representative).where(gone).values(office=None))
    for column in NAMED_BY[model]:  # contacts name codes without a foreign key
        named = (await session.exec(select(column).where(col(column).in_(codes)).limit(1))).first()
        if named is not None:
            raise _still_named(model, named)
    try:
        await session.exec(delete(model).where(col(model.code).in_(codes)))
    except IntegrityError as error:
        told = str(getattr(getattr(error.orig, "__cause__", None), "detail", None) or "")
        raise _still_named(model, next((code for code in codes if f"=({code})" in told), codes[0])) from error


def _still_named(model: Catalogue, code: str) -> Conflict:
    return Conflict(
        f"{NAMES[model]} {code!r} is not in the file, but other rows still name it: keep it in the file.",
        code="still_named",
    )


def _compared(what: str, stored: Wanted, wanted: Wanted) -> list[Change]:
    changes = []
    for code, fields in wanted.items():
        if code not in stored:
            changes.append(Change(kind="added", what=what, code=code, fields=_from_nothing(fields)))
        elif differing := _differing(stored[code], fields):
            changes.append(Change(kind="changed", what=what, code=code, fields=differing))
    return changes + [Change(kind="removed", what=what, code=code) for code in stored if code not in wanted]


def _staff_changes(stored: Wanted, wanted: Wanted) -> list[Change]:
    """As `_compared`, but people are retired and return."""
    changes = []
    for change in _compared("representative", stored, wanted):
        if change.kind != "removed":
            changes.append(change)
        elif not stored[change.code]["retired"]:
            changes.append(Change(kind="retired", what=change.what, code=change.code))
    for code, fields in wanted.items():
        if code in stored and stored[code]["retired"]:
            changes = [change for change in changes if change.code != code or change.what != "representative"]
            fields_changed = _differing(stored[code], fields)
            changes.append(Change(kind="returned", what="representative", code=code, fields=fields_changed))
    return changes


def _differing(stored: Fields, wanted: Fields) -> dict[str, tuple[Any, Any]]:
    return {name: (stored[name], value) for name, value in wanted.items() if stored[name] != value}


def _from_nothing(fields: Fields) -> dict[str, tuple[Any, Any]]:
    return {name: (None, value) for name, value in fields.items() if value not in (None, [], {})}


async def _organisations(session: AsyncSession) -> Wanted:
    return {str(row.id): row.model_dump() for row in await session.exec(select(Organisation))}


async def _stored(session: AsyncSession, model: Catalogue | type[Representative]) -> Wanted:
    found = await session.exec(select(model).execution_options(populate_existing=True))
    rows = [row.model_dump() for row in found]
    return {row["code"]: row for row in sorted(rows, key=lambda row: str(row["code"]))}


def _organisation(wanted: Configuration) -> Fields:
    said = wanted.organisation
    return {
        "name": said.name,
        "languages": list(said.languages),
        "default_request_type": said.default_request_type,
    }


def _catalogues(wanted: Configuration) -> Mapping[Catalogue, Wanted]:
    offices = {
        code: {"name": office.name, "timezone": office.timezone, "place": place}
        for place, (code, office) in enumerate(wanted.offices.items())
    }
    queues = {
        code: {**queue.model_dump(exclude={"hours"}), "hours": _hours(wanted, code)}
        for code, queue in wanted.queues.items()
    }
    return {Office: offices, Queue: queues, RequestType: _request_types(wanted)}


def _hours(wanted: Configuration, code: str) -> dict[str, Any]:
    """As stored: {} is always; else {"timezone": …, "mon": [["09:00", "17:00"]], …, "exceptions": {"2027-03-20": []}}."""
    hours = wanted.queues[code].hours
    if hours is None:
        return {}
    zone = hours.timezone or next(iter(wanted.offices.values())).timezone
    days = {day: _spans(spans) for day, spans in hours.model_dump(exclude={"timezone", "exceptions"}).items() if spans}
    exceptions = {day: _spans(spans) for day, spans in hours.exceptions.items()}
    return {"timezone": zone, **days, **({"exceptions": exceptions} if exceptions else {})}


def _spans(spans: Sequence[str]) -> list[list[str]]:
    return [span.split("-") for span in spans]


def _request_types(wanted: Configuration) -> Wanted:
    """Parents before children."""
    places = {code: place for place, code in enumerate(wanted.request_types)}
    rows: dict[str, Fields] = {}

    def add(code: str) -> None:
        node = wanted.node(code)
        if node.parent is not None and node.parent not in rows:
            add(node.parent)
        rows.setdefault(code, {**node.model_dump(), "place": places[code]})

    for code in wanted.request_types:
        add(code)
    return rows


def _representatives(wanted: Configuration) -> Wanted:
    return {
        code: {**person.model_dump(), "languages": list(person.languages), "queues": list(person.queues)}
        for code, person in wanted.representatives.items()
    }
