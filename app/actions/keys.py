"""Keys: made, shown once, and taken back.

Decides how many live keys one name may have: two, so that one can replace the other without a gap. Never stores a key itself.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.record import locked
from app.db import uuid7
from app.errors import Conflict, Invalid, NotFound
from app.security import Role, digest, new_key
from app.tables import ApiKey, Representative

LIVE_AT_MOST = 2
SHOWN_LETTERS = 4  # of the secret part: enough to tell two keys apart


async def create_key(
    session: AsyncSession, name: str, *, role: Role, representative: str | None, now: datetime, key: str | None = None
) -> tuple[ApiKey, str]:
    """A new key, drawn here unless `key` brings one, and its row. Raises Invalid, NotFound, Conflict (`two_are_live`)."""
    if (role == "representative") != (representative is not None):
        raise Invalid("A representative's key names its representative, and no other key does.", code="names_one")
    if representative is not None:
        await locked(session, Representative, representative)
    live = select(ApiKey).where(ApiKey.name == name, col(ApiKey.revoked_at).is_(None)).with_for_update()
    if len((await session.exec(live)).all()) >= LIVE_AT_MOST:
        raise Conflict(f"{name!r} has {LIVE_AT_MOST} live keys already: revoke one first.", code="two_are_live")
    secret = key or new_key(role)
    row = ApiKey(
        id=uuid7(),
        name=name,
        role=role,
        representative=representative,
        prefix=_prefix(secret, role),
        digest=digest(secret),
        created_at=now,
    )
    session.add(row)
    await session.flush()
    return row, secret


async def revoke_key(session: AsyncSession, identity: UUID, *, now: datetime) -> ApiKey:
    """The key stops working within a second. Again: the same row, nothing written. Raises NotFound."""
    row = await session.get(ApiKey, identity, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound(f"There is no key {identity}.")
    if row.revoked_at is None:
        row.revoked_at = now
        await session.flush()
    return row


def _prefix(secret: str, role: Role) -> str:
    """What a list may show of a key. Of one that was not drawn here, nothing: its start may be half of it."""
    start = f"rk_{role}_"
    return secret[: len(start) + SHOWN_LETTERS] if secret.startswith(start) else "(given)"
