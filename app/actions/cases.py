"""A contact joins a case it has proven to belong to.

Decides what joining does to the case: one that was resolved or closed is open again, near the front.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.actions.write_batch import NewEvent, insert_events
from app.db import Connection
from routing.lifecycle import CASE

_LOCKED = """
SELECT id, state, version, customer_id, waited_seconds FROM "case" WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE
"""
_MOVED = """
UPDATE "case" SET state = moved.state, version = moved.version,
    resolved_at = CASE WHEN moved.state IN ('resolved', 'closed') THEN resolved_at END,
    outcome = CASE WHEN moved.state IN ('resolved', 'closed') THEN outcome END,
    closed_at = CASE WHEN moved.state = 'closed' THEN closed_at END,
    closed_by = CASE WHEN moved.state = 'closed' THEN closed_by END,
    reopened = reopened + moved.reopened
FROM unnest($1::uuid[], $2::text[], $3::int[], $4::int[]) AS moved (id, state, version, reopened)
WHERE "case".id = moved.id
"""
OF_A_CONTACT = {
    "awaiting_customer": ["customer_replied"],
    "checking": ["customer_replied"],
    "resolved": ["reopened"],
    "closed": ["reopened"],
}
"""What a customer's contact means to a case, by its state; in the others it just joins."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Joined:
    """A case as it stands after a contact joined it."""

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
    connection: Connection, case_ids: Iterable[UUID], *, heard: Collection[UUID], now: datetime
) -> dict[UUID, Joined]:
    """Lock the cases, move them, record it. Cases that do not exist are missing from the answer.

    `heard`: those on which the customer spoke. A machine's letter joins a case and changes nothing about it.
    """
    wanted = sorted(set(case_ids))
    if not wanted:
        return {}
    rows = await connection.fetch(_LOCKED, wanted)
    moved: list[tuple[UUID, str, int, int]] = []
    events: list[NewEvent] = []
    joined: dict[UUID, Joined] = {}
    for row in rows:
        kinds = [*(OF_A_CONTACT.get(row["state"], []) if row["id"] in heard else []), "joined"]
        events += [
            NewEvent(subject="case", subject_id=str(row["id"]), version=row["version"] + step, kind=kind, data={})
            for step, kind in enumerate(kinds, start=1)
        ]
        reopened = int("reopened" in kinds)
        moved.append((row["id"], CASE.fold(kinds, row["state"]), row["version"] + len(kinds), reopened))
        waited = row["waited_seconds"] if "reopened" in kinds else None
        joined[row["id"]] = Joined(id=row["id"], customer_id=row["customer_id"], waited_seconds=waited)
    await connection.execute(_MOVED, *([one[column] for one in moved] for column in range(4)))
    await insert_events(connection, events, actor="customer", now=now)
    return joined
