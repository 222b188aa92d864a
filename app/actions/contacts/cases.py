"""A contact joins a case it has proven to belong to.

Decides which case that is by now and what joining does to it. One that was taken into another is spoken for by its survivor;
one that was resolved or closed is open again, near the front; and after its time to be opened again it stays closed, and the
contact begins a case that names it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.contacts.write_batch import NewEvent, insert_events
from app.actions.record import advance, locked
from app.db import Connection, uuid7
from app.errors import Conflict, Unavailable
from app.security import Actor
from app.tables import Case
from routing.lifecycle import CASE

# The survivors of those that are merged are locked with them, in one order. An array, and no list of rows: the index is asked
# for each id, where a list of rows would be held against every case there is.
_LOCKED: Final = """
SELECT id, state, version, customer_id, request_type, merged_into,
    (state = 'closed' AND reopen_until < $2) OR erased_at IS NOT NULL AS over, waited_seconds
    + (SELECT coalesce(sum(waited_seconds), 0)::int FROM "case" taken WHERE taken.merged_into = c.id) AS waited_seconds
FROM "case" c
WHERE id = ANY($1::uuid[] || ARRAY(SELECT merged_into FROM "case" WHERE id = ANY($1::uuid[])))
ORDER BY id FOR NO KEY UPDATE
"""
_FOLLOWED: Final = """
SELECT DISTINCT ON (follows) follows, id FROM "case" WHERE follows = ANY($1::uuid[]) ORDER BY follows, id DESC
"""
_MOVED: Final = """
UPDATE "case" SET state = moved.state, version = moved.version,
    resolved_at = CASE WHEN moved.state IN ('resolved', 'closed') THEN resolved_at END,
    outcome = CASE WHEN moved.state IN ('resolved', 'closed') THEN outcome END,
    closed_at = CASE WHEN moved.state = 'closed' THEN closed_at END,
    closed_by = CASE WHEN moved.state = 'closed' THEN closed_by END,
    reopened = "case".reopened + moved.reopened
FROM unnest($1::uuid[], $2::text[], $3::int[], $4::int[]) AS moved (id, state, version, reopened)
WHERE "case".id = moved.id
"""
# Who was forgotten is nobody's customer: what comes to their case from now on is the matter of whoever brings it.
_FOLLOWING: Final = """
INSERT INTO "case" (id, token, customer_id, request_type, state, opened_at, version, follows)
SELECT made.id, replace(gen_random_uuid()::text, '-', ''), known.id, request_type, 'open', $5, 1, follows
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[]) AS made (id, customer_id, request_type, follows)
LEFT JOIN customer AS known ON known.id = made.customer_id AND known.state <> 'erased'
RETURNING id, customer_id
"""
OF_A_CONTACT: Final = {
    "awaiting_customer": ["customer_replied"],
    "checking": ["customer_replied"],
    "resolved": ["reopened"],
    "closed": ["reopened"],
}
"""What a customer's contact means to a case, by its state; in the others it just joins."""
STEPS: Final = 8
"""So many merges and follow-ups may come between a case and the one it leads to, before its contact is told to come again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Joined:
    """A case as it stands after a contact joined it. It may be another than was asked for: its survivor or its follow-up."""

    id: UUID
    customer_id: UUID | None
    waited_seconds: int | None
    """What it had waited in line before, if the customer said that it is not solved; else None."""


async def existing(connection: Connection, case_ids: Iterable[UUID]) -> set[UUID]:
    """Those of `case_ids` that there are."""
    wanted = sorted(set(case_ids))
    if not wanted:
        return set()
    rows = await connection.fetch('SELECT id FROM "case" WHERE id = ANY($1::uuid[])', wanted)
    return {row["id"] for row in rows}


async def join(
    connection: Connection, case_ids: Iterable[UUID], *, heard: Mapping[UUID, UUID], now: datetime
) -> dict[UUID, Joined]:
    """Lock the cases, move them, record it; by the ids asked for. Cases that do not exist are missing from the answer.

    `heard`: those on which the customer spoke, and in which interaction. A machine's letter joins a case and changes nothing
    about it.
    """
    wanted = sorted(set(case_ids))
    if not wanted:
        return {}
    goes = await _led(connection, wanted, heard=heard, now=now)
    spoken = {row["id"]: heard[asked] for asked, row in goes.items() if asked in heard}
    rows = {row["id"]: row for row in goes.values()}
    joined = {key: row for key, row in rows.items() if not (row["over"] and key in spoken)}
    found = await _joined(connection, list(joined.values()), spoken=spoken, now=now)
    over = [row for key, row in rows.items() if key not in joined]
    if over:
        found |= await _followed(connection, over, spoken=spoken, now=now)
    return {asked: found[row["id"]] for asked, row in goes.items()}


async def survivor(session: AsyncSession, case_id: UUID) -> Case:
    """The case, or the one it was taken into, locked; also while the merge is under way. Raises `NotFound`."""
    pointer = select(Case.merged_into).where(Case.id == case_id)
    target = (await session.exec(pointer)).first() or case_id
    for _ in range(STEPS):
        case = await locked(session, Case, target)
        if case.merged_into is None:
            return case
        target = case.merged_into
    raise _being_merged()


async def alone(session: AsyncSession, case_id: UUID) -> Case:
    """The case, locked. Raises `NotFound`, and `Conflict` (`already_merged`) where another speaks for it."""
    case = await locked(session, Case, case_id)
    if case.merged_into is not None:
        members = {"survivor": str(case.merged_into)}
        raise Conflict("This case was taken into another.", code="already_merged", members=members)
    return case


def over(case: Case, *, now: datetime) -> bool:
    """Whether it stays closed whatever comes: a contact about it begins a case that follows. So it does after an erasure."""
    if case.erased_at is not None:
        return True
    return case.state == "closed" and case.reopen_until is not None and case.reopen_until < now


def hear(
    session: AsyncSession, case: Case, *, actor: Actor, now: datetime, data: Mapping[str, Any] | None = None
) -> bool:
    """The customer spoke on a case that is locked: what waited for them goes on, what was over is open. True: it opened."""
    opened = False
    for event in OF_A_CONTACT.get(case.state, ()):
        advance(session, case, event, now=now, actor=actor, data=data)
        if event == "reopened":
            opened = True
            case.reopened += 1
            case.resolved_at = case.outcome = case.closed_at = case.closed_by = None
    return opened


def open_again(session: AsyncSession, case: Case, *, interaction: UUID, actor: Actor, now: datetime) -> None:
    """A person says that this contact is about a case that is locked. Raises `Conflict` (`stays_closed`)."""
    if over(case, now=now):
        raise Conflict("This case stays closed: a contact about it is a case of its own.", code="stays_closed")
    hear(session, case, actor=actor, now=now, data={"interaction": str(interaction)})


async def _led(
    connection: Connection, wanted: Sequence[UUID], *, heard: Mapping[UUID, UUID], now: datetime
) -> dict[UUID, Any]:
    """Where each leads, as locked rows by the ids asked for: to a survivor, or to the newest that follows it."""
    goes = {asked: asked for asked in wanted}
    rows: dict[UUID, Any] = {}
    for _ in range(STEPS):
        missing = sorted(set(goes.values()) - rows.keys())
        if missing:
            rows |= {row["id"]: row for row in await connection.fetch(_LOCKED, missing, now)}
        goes = {asked: place for asked, place in goes.items() if place in rows}
        ended = sorted({place for asked, place in goes.items() if asked in heard and rows[place]["over"]})
        followed = await connection.fetch(_FOLLOWED, ended) if ended else []
        next_one = {row["follows"]: row["id"] for row in followed}
        moved = {
            asked: rows[place]["merged_into"] or (next_one.get(place, place) if asked in heard else place)
            for asked, place in goes.items()
        }
        if moved == goes:
            return {asked: rows[place] for asked, place in goes.items()}
        goes = moved
    raise _being_merged()


async def _joined(
    connection: Connection, rows: Sequence[Any], *, spoken: Mapping[UUID, UUID], now: datetime
) -> dict[UUID, Joined]:
    moved: list[tuple[UUID, str, int, int]] = []
    events: list[NewEvent] = []
    joined: dict[UUID, Joined] = {}
    for row in rows:
        kinds = [*(OF_A_CONTACT.get(row["state"], []) if row["id"] in spoken else []), "joined"]
        events += [
            NewEvent(subject="case", subject_id=str(row["id"]), version=row["version"] + step, kind=kind, data={})
            for step, kind in enumerate(kinds, start=1)
        ]
        reopened = int("reopened" in kinds)
        moved.append((row["id"], CASE.fold(kinds, row["state"]), row["version"] + len(kinds), reopened))
        waited = row["waited_seconds"] if reopened else None
        joined[row["id"]] = Joined(id=row["id"], customer_id=row["customer_id"], waited_seconds=waited)
    if moved:
        await connection.execute(_MOVED, *([one[column] for one in moved] for column in range(4)))
        await insert_events(connection, events, actor="customer", now=now)
    return joined


async def _followed(
    connection: Connection, rows: Sequence[Any], *, spoken: Mapping[UUID, UUID], now: datetime
) -> dict[UUID, Joined]:
    """A new case for each that stays closed: it names the old one, and the old one tells of it."""
    made = [uuid7() for _ in rows]
    ids = [row["id"] for row in rows]
    customers = [row["customer_id"] for row in rows]
    types = [row["request_type"] for row in rows]
    whose = {
        row["id"]: row["customer_id"] for row in await connection.fetch(_FOLLOWING, made, customers, types, ids, now)
    }
    events: list[NewEvent] = []
    moved: list[tuple[UUID, str, int, int]] = []
    for row, new in zip(rows, made, strict=True):
        told = {"case": str(new), "interaction": str(spoken[row["id"]])}
        begun = {"interaction": str(spoken[row["id"]]), "follows": str(row["id"])}
        events += [
            NewEvent(
                subject="case",
                subject_id=str(row["id"]),
                version=row["version"] + 1,
                kind="follow_up_opened",
                data=told,
            ),
            NewEvent(subject="case", subject_id=str(new), version=1, kind="opened", data=begun),
        ]
        moved.append((row["id"], row["state"], row["version"] + 1, 0))
    await connection.execute(_MOVED, *([one[column] for one in moved] for column in range(4)))
    await insert_events(connection, events, actor="customer", now=now)
    return {
        row["id"]: Joined(id=new, customer_id=whose[new], waited_seconds=None)
        for row, new in zip(rows, made, strict=True)
    }


def _being_merged() -> Unavailable:
    return Unavailable("These cases are being merged at this moment. Try again.", retry_after_seconds=1)
