"""Who a key belongs to. Reads only; a key that is revoked, or whose representative has retired, belongs to nobody."""

from __future__ import annotations

from app.db import Connection
from app.security import Actor

_OWNER = """
SELECT k.id, k.role, k.representative, k.name
FROM api_key k LEFT JOIN representative r ON r.code = k.representative
WHERE k.digest = $1 AND (k.revoked_at IS NULL OR k.revoked_at > wall_clock()) AND NOT coalesce(r.retired, false)
"""


async def owner(connection: Connection, digest: bytes) -> Actor | None:
    """The actor behind a key's digest, or None."""
    row = await connection.fetchrow(_OWNER, digest)
    if row is None:
        return None
    return Actor(role=row["role"], key_id=str(row["id"]), representative=row["representative"], name=row["name"])
