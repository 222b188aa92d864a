"""Whether this is still the database the feed was counted in.

Decides when the feed's epoch rises: another system identifier or timeline means that transaction numbers may start low again,
and followers would take the new for old. Never changes an event.
"""

from __future__ import annotations

from app.db import Connection

_IDENTITY = """
SELECT (SELECT system_identifier FROM pg_control_system()) || '/' || (SELECT timeline_id FROM pg_control_checkpoint())
"""


async def settle_epoch(connection: Connection) -> bool:
    """Raise the epoch where the database is another one than last time; True when it rose. Opens its own transaction."""
    async with connection.transaction():
        identity = await connection.fetchval(_IDENTITY)
        if await connection.fetchval("SELECT identity FROM feed_epoch") == identity:
            return False
        # Whoever writes an event now finishes first and whoever comes later waits: none is filed under the old epoch
        # after a follower has gone on to the new one.
        await connection.execute("LOCK TABLE event IN EXCLUSIVE MODE")
        known = await connection.fetchval("SELECT identity FROM feed_epoch FOR UPDATE")
        if known == identity:
            return False
        await connection.execute(
            "UPDATE feed_epoch SET identity = $1, epoch = epoch + ($2 <> '')::int", identity, known
        )
        return bool(known)
