"""Whether the database is the one this version needs, and which chores somebody does now."""

from __future__ import annotations

from dataclasses import dataclass

from app.db import Connection, head_revision


@dataclass(frozen=True, kw_only=True, slots=True)
class Readiness:
    """`chores`: every lease by name, and whether it is held."""

    revision: str | None
    migrated: bool
    chores: dict[str, bool]


async def readiness(connection: Connection) -> Readiness:
    """Read it; an empty database is simply not migrated."""
    if await connection.fetchval("SELECT to_regclass('alembic_version')") is None:
        return Readiness(revision=None, migrated=False, chores={})
    revision = await connection.fetchval("SELECT version_num FROM alembic_version")
    migrated = revision == head_revision()
    leases = (
        await connection.fetch("SELECT name, until > wall_clock() AS held FROM lease ORDER BY name") if migrated else []
    )
    return Readiness(revision=revision, migrated=migrated, chores={row["name"]: row["held"] for row in leases})
