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
    from app.actions.rules.apply import Differences
    from app.actions.rules.rows import Change
    from app.configuration import Configuration


def apply(
    file: Annotated[Path, typer.Argument(help="a configuration file such as sample/office.toml")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="do not ask")] = False,
    publish: Annotated[bool, typer.Option("--publish", help="also publish the rules, in the same step")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="show the differences and stop")] = False,
) -> None:
    """Make the service's configuration what FILE says. Shows the differences first; changes all of them or nothing.

    Offices and people are changed at once. The rules (queues, request types, reasons, channels) become a draft, which
    `raabta rules publish` makes live; the first rules ever are live at once.
    """
    from app.configuration import read
    from app.configuration.references import unserved

    wanted = read(file)
    for warning in unserved(wanted):
        say(f"warning: {warning}")
    with database(load()) as dsn:
        found = asyncio.run(_differences(dsn, wanted))
        if not found.to_do(publish=publish):
            say("nothing to change")
            _tell_draft(found)
            return
        show_changes(found.all)
        if dry_run:
            return
        if not yes:
            typer.confirm(f"Make {_counted(len(found.all))}?", abort=True)
        found = asyncio.run(_apply(dsn, wanted, publish=publish))
        say(f"{_counted(len(found.all))} made")
        _tell_draft(found)
        if found.published and wanted.rules_version not in (None, found.drafted):
            say(f"the next change of the file is one of theirs: say rules_version = {found.drafted} in it")


def show_changes(changes: Sequence[Change]) -> None:
    """One line for each."""
    rows = [
        [change.kind, change.what, "" if change.what == "organisation" else change.code, _fields(change)]
        for change in changes
    ]
    table(["CHANGE", "WHAT", "CODE", "FIELDS"], rows)


def word(value: Any) -> str:
    """A value as people write it, on one line."""
    if value is None:
        return "none"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {word(one)}" for key, one in value.items()) + "}"
    return "[" + ", ".join(word(one) for one in value) + "]" if isinstance(value, list) else str(value)


async def _differences(dsn: str, wanted: Configuration) -> Differences:
    from app.actions.rules.apply import differences
    from app.db import Database

    async with Database(dsn) as db, db.reading() as session:
        return await differences(session, wanted)


async def _apply(dsn: str, wanted: Configuration, *, publish: bool) -> Differences:
    from app.actions.rules.apply import apply as write
    from app.db import Database, now
    from app.security import Actor

    async with Database(dsn) as db, db.session() as session:
        actor = Actor(role="admin", key_id="cli")
        return await write(session, wanted, publish=publish, actor=actor, now=await now(session))


def _tell_draft(found: Differences) -> None:
    if found.published:
        say(f"the rules are live as version {found.drafted}")
    elif found.drafted is not None:
        say(
            f"the rules are version {found.drafted}, a draft: see what it would do with `raabta rules dry-run"
            f" {found.drafted}`, make it live with `raabta rules publish {found.drafted}`"
        )


def _fields(change: Change) -> str:
    if change.kind == "added":
        return ""
    return "; ".join(f"{name}: {word(old)} -> {word(new)}" for name, (old, new) in change.fields.items())


def _counted(number: int) -> str:
    return f"{number} change{'' if number == 1 else 's'}"
