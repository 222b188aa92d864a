"""How Alembic reaches the database: one connection, one transaction, under a lock so that two migrations never meet."""

import asyncio
from typing import Any

import asyncpg
from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import SQLModel

from app.tables import Xid8

ischema_names["xid8"] = Xid8  # so that comparing reads it back as what it is
MIGRATION_LOCK = 7_262_264  # any constant of our own


def _render(kind: str, item: Any, _: Any) -> str | bool:
    if kind == "type" and type(item).__name__ == "Xid8":
        return "app.tables.Xid8()"
    return False


def _run(connection: Connection) -> None:
    connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))
    context.configure(
        connection=connection, target_metadata=SQLModel.metadata, compare_server_default=False, render_item=_render
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()


async def _online(dsn: str) -> None:
    async def connect() -> asyncpg.Connection:
        return await asyncpg.connect(dsn, server_settings={"timezone": "UTC", "application_name": "raabta-migrate"})

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect)
    async with engine.connect() as connection:
        await connection.run_sync(_run)
    await engine.dispose()


asyncio.run(_online(context.config.attributes["dsn"]))
