"""The event feed: each event once, in an order that never misses one.

Decides the order (epoch, transaction, sequence) and how far it may be read: sequence numbers are not given in the order
of commits, so only what lies below the oldest transaction still running is told. Never writes and never waits.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from app.db import Connection
from app.queries import cursors

# One subject's rows by their keys, in the query of the page itself: what an event costs more is a few looks at an index.
_FIELDS = """
SELECT e.epoch, e.xid::text AS xid, e.seq, e.subject, e.subject_id, e.version, e.kind, e.at, e.actor, e.data,
    CASE e.subject
        WHEN 'representative' THEN ARRAY[e.subject_id]
        WHEN 'interaction' THEN ARRAY(
            SELECT a.representative FROM assignment a
            WHERE a.interaction_id = (CASE e.subject WHEN 'interaction' THEN e.subject_id END)::uuid
                AND e.at BETWEEN a.offered_at AND coalesce(a.ended_at, 'infinity')
            UNION ALL
            SELECT o.owner FROM interaction i JOIN "case" c ON c.id = i.case_id
                JOIN "case" o ON o.id = coalesce(c.merged_into, c.id)
            WHERE i.id = (CASE e.subject WHEN 'interaction' THEN e.subject_id END)::uuid AND o.owner IS NOT NULL)
        WHEN 'case' THEN ARRAY(
            SELECT DISTINCT a.representative FROM assignment a JOIN interaction i ON i.id = a.interaction_id
            WHERE i.case_id = (CASE e.subject WHEN 'case' THEN e.subject_id END)::uuid
                AND e.at BETWEEN a.offered_at AND coalesce(a.ended_at, 'infinity')
            UNION ALL
            SELECT o.owner FROM "case" c JOIN "case" o ON o.id = coalesce(c.merged_into, c.id)
            WHERE c.id = (CASE e.subject WHEN 'case' THEN e.subject_id END)::uuid AND o.owner IS NOT NULL)
        ELSE '{}'::text[]
    END AS audience
FROM event e
"""
# Of an earlier epoch everything is told: its transaction numbers are another database's.
_SETTLED = "(e.epoch < current_epoch() OR e.xid < pg_snapshot_xmin(pg_current_snapshot()))"
_PAGE = f"""{_FIELDS}
WHERE (e.epoch, e.xid, e.seq) > ($1::int, $2::text::xid8, $3::bigint) AND {_SETTLED}
ORDER BY e.epoch, e.xid, e.seq LIMIT $4
"""
_END = """
SELECT current_epoch() AS epoch, (pg_snapshot_xmin(pg_current_snapshot())::text::bigint - 1)::text AS xid
"""
_LAG = """
SELECT coalesce(greatest(extract(epoch FROM wall_clock() - min(at)), 0), 0)::float FROM event
WHERE epoch = current_epoch() AND xid >= pg_snapshot_xmin(pg_current_snapshot())
"""
_OF_SUBJECT = f"""{_FIELDS}
WHERE e.subject = $1 AND e.subject_id = $2 AND e.version > $3 ORDER BY e.version LIMIT $4
"""
LAST_SEQ = 2**63 - 1
LAST_EPOCH = 2**31 - 1


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Place:
    """A place in the feed: everything up to it was told."""

    epoch: int = 0
    xid: int = 0
    seq: int = 0

    @property
    def cursor(self) -> str:
        """The place as an opaque word."""
        return cursors.encode(self.epoch, self.xid, self.seq)


START = Place()


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """One event, where it stands in the feed, and which representatives it concerns."""

    place: Place
    subject: str
    subject_id: str
    version: int
    kind: str
    at: datetime
    actor: str
    data: dict[str, Any]
    audience: frozenset[str]

    def concerns(self, representative: str) -> bool:
        """Whether it happened to them, to something they were offered or held at that moment, or to a case they own."""
        return representative in self.audience


def place(cursor: str) -> Place:
    """The place a cursor names; raises `Invalid`."""
    epoch, xid, seq = cursors.decode(cursor, (int, int, int))
    return Place(epoch=min(epoch, LAST_EPOCH), xid=xid, seq=seq)


async def page(connection: Connection, after: Place, *, limit: int) -> list[Told]:
    """The next events after a place, at most `limit`, whomever they concern."""
    rows = await connection.fetch(_PAGE, after.epoch, str(after.xid), after.seq, limit)
    return [_told(row) for row in rows]


async def of_subject(
    connection: Connection, subject: str, subject_id: UUID | str, *, after_version: int, limit: int
) -> list[Told]:
    """The story of one subject, by version. It does not wait for other transactions: its order is its own."""
    rows = await connection.fetch(_OF_SUBJECT, subject, str(subject_id), after_version, limit)
    return [_told(row) for row in rows]


async def end(connection: Connection) -> Place:
    """The place after everything that can be told now."""
    row = await connection.fetchrow(_END)
    assert row is not None
    return Place(epoch=row["epoch"], xid=int(row["xid"]), seq=LAST_SEQ)


async def lag_seconds(connection: Connection) -> float:
    """Age of the oldest committed event that the feed still holds back, because an older transaction is open."""
    found = await connection.fetchval(_LAG)
    return float(found)


def _told(row: asyncpg.Record) -> Told:
    data = row["data"]
    named = {data.get("representative"), data.get("before") if row["kind"] == "owned" else None} - {None}
    return Told(
        place=Place(epoch=row["epoch"], xid=int(row["xid"]), seq=row["seq"]),
        subject=row["subject"],
        subject_id=row["subject_id"],
        version=row["version"],
        kind=row["kind"],
        at=row["at"],
        actor=row["actor"],
        data=data,
        audience=frozenset(row["audience"]) | named,
    )
