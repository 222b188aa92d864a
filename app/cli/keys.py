"""`raabta keys create|list|revoke|file`: who may call."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar
from uuid import UUID

import typer

from app.cli.place import database
from app.cli.terminal import say, table
from app.settings import load

if TYPE_CHECKING:
    from sqlmodel.ext.asyncio.session import AsyncSession

    from app.tables import ApiKey

Answer = TypeVar("Answer")
keys = typer.Typer(name="keys", help="Make, list and revoke the keys that callers show.", no_args_is_help=True)


@keys.command()
def create(
    name: Annotated[str, typer.Argument(help="whose it is; two keys of one name may live at once, for rotation")],
    role: Annotated[
        Literal["admin", "supervisor", "representative", "integration", "kiosk"], typer.Option(help="what it may do")
    ],
    representative: Annotated[str | None, typer.Option(help="for the role of that name: whose code")] = None,
) -> None:
    """Make a key and print it. It is not stored and cannot be shown again."""
    from app.actions.keys import create_key
    from app.db import now

    async def make(session: AsyncSession) -> str:
        made = await create_key(session, name, role=role, representative=representative, now=await now(session))
        return made[1]

    say(_in_session(make))


@keys.command("list")
def list_keys() -> None:
    """List all keys, with the first letters of each."""
    from sqlmodel import col, select

    from app.tables import ApiKey

    async def find(session: AsyncSession) -> list[ApiKey]:
        return list((await session.exec(select(ApiKey).order_by(col(ApiKey.created_at), col(ApiKey.id)))).all())

    table(["ID", "NAME", "ROLE", "REPRESENTATIVE", "STARTS WITH", "CREATED", "REVOKED"], map(_row, _in_session(find)))


@keys.command()
def revoke(key: Annotated[UUID, typer.Argument(help="its id, as `raabta keys list` shows it")]) -> None:
    """Make a key worthless, within a second."""
    from app.actions.keys import revoke_key
    from app.db import now

    async def end(session: AsyncSession) -> str:
        return (await revoke_key(session, key, now=await now(session))).name

    say(f"revoked: {_in_session(end)}")


@keys.command()
def file() -> None:
    """Print where the keys of the first start lie. `. "$(raabta keys file)"` makes them variables of a shell."""
    from app.cli.first_run import keys_file

    say(str(keys_file(load())))


def _in_session(work: Callable[[AsyncSession], Awaitable[Answer]]) -> Answer:
    from app.db import Database

    async def run(dsn: str) -> Answer:
        async with Database(dsn) as db, db.session() as session:
            return await work(session)

    with database(load()) as dsn:
        return asyncio.run(run(dsn))


def _row(key: ApiKey) -> list[str]:
    revoked = key.revoked_at.isoformat(timespec="seconds") if key.revoked_at else ""
    created = key.created_at.isoformat(timespec="seconds")
    return [str(key.id), key.name, key.role, key.representative or "", key.prefix, created, revoked]
