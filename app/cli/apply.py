"""`raabta apply FILE`: configuration as code."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.place import database
from app.cli.terminal import say, table
from app.settings import load

if TYPE_CHECKING:
    from app.actions.apply import Change
    from app.configuration import Configuration


def apply(
    file: Annotated[Path, typer.Argument(help="a configuration file such as sample/office.toml")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="do not ask")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="show the differences and stop")] = False,
) -> None:
    """Make the service's configuration what FILE says. Shows the differences first; changes all of them or nothing."""
    from app.configuration import read
    from app.configuration.references import unserved

    wanted = read(file)
    for warning in unserved(wanted):
        say(f"warning: {warning}")
    with database(load()) as dsn:
        changes = asyncio.run(_differences(dsn, wanted))
        if not changes:
            say("nothing to change")
            return
        _show(changes)
        if dry_run:
            return
        if not yes:
            typer.confirm(f"Make {_counted(len(changes))}?", abort=True)
        say(f"{_counted(len(asyncio.run(_apply(dsn, wanted))))} made")


async def _differences(dsn: str, wanted: Configuration) -> list[Change]:
    from app.actions.apply import differences
    from app.db import Database

    async with Database(dsn) as db, db.reading() as session:
        return await differences(session, wanted)


async def _apply(dsn: str, wanted: Configuration) -> list[Change]:
    from app.actions.apply import apply as write
    from app.db import Database, now
    from app.security import Actor

    async with Database(dsn) as db, db.session() as session:
        return await write(session, wanted, actor=Actor(role="admin", key_id="cli"), now=await now(session))


def _show(changes: Sequence[Change]) -> None:
    rows = [
        [change.kind, change.what, "" if change.what == "organisation" else change.code, _fields(change)]
        for change in changes
    ]
    table(["CHANGE", "WHAT", "CODE", "FIELDS"], rows)


def _fields(change: Change) -> str:
    if change.kind == "added":
        return ""
    return "; ".join(f"{name}: {_word(old)} -> {_word(new)}" for name, (old, new) in change.fields.items())


def _word(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_word(one)}" for key, one in value.items()) + "}"
    return "[" + ", ".join(_word(one) for one in value) + "]" if isinstance(value, list) else str(value)


def _counted(number: int) -> str:
    return f"{number} change{'' if number == 1 else 's'}"
