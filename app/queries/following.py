"""The event feed as a chore follows it: everything, once, from where it stopped. Never writes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.db import Connection
from app.queries.feed import Place

# As in `app.queries.feed`: of an earlier epoch everything is told, of this one what no running transaction can still precede.
# Ordered by the number of the transaction, never by the text it is read as: 1000 comes after 999.
_PAGE = """
SELECT epoch, xid::text AS xid, seq, subject, subject_id, version, kind, at, actor, data FROM event
WHERE (epoch, xid, seq) > ($1::int, $2::text::xid8, $3::bigint)
    AND (epoch < current_epoch() OR xid < pg_snapshot_xmin(pg_current_snapshot()))
ORDER BY event.epoch, event.xid, event.seq LIMIT $4
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Followed:
    """One event and where it stands in the feed."""

    place: Place
    subject: str
    subject_id: str
    version: int
    kind: str
    at: datetime
    actor: str
    data: dict[str, Any]


async def following(connection: Connection, after: Place, *, limit: int) -> list[Followed]:
    """The next events after a place, at most `limit`."""
    rows = await connection.fetch(_PAGE, after.epoch, str(after.xid), after.seq, limit)
    return [
        Followed(
            place=Place(epoch=row["epoch"], xid=int(row["xid"]), seq=row["seq"]),
            subject=row["subject"],
            subject_id=row["subject_id"],
            version=row["version"],
            kind=row["kind"],
            at=row["at"],
            actor=row["actor"],
            data=row["data"],
        )
        for row in rows
    ]
