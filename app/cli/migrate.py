"""`raabta migrate`: bring the schema to what this program needs."""

from __future__ import annotations

from typing import Annotated

import typer

from app.cli.place import schema_revision, unprepared_database
from app.cli.terminal import say
from app.settings import load


def migrate(
    revision: Annotated[str, typer.Argument(help="where to: head, base (removes everything), a revision, -1")] = "head",
    yes: Annotated[bool, typer.Option("--yes", help="do not ask before going back")] = False,
) -> None:
    """Bring the database's schema up to date. `serve` does so by itself where the database is empty or older."""
    import asyncio

    from app.db import migrate as move

    with unprepared_database(load()) as dsn:
        before = asyncio.run(schema_revision(dsn))
        if (revision == "base" or revision.startswith("-")) and not yes:
            typer.confirm(f"Going back from {before} to {revision} loses data. Go on?", abort=True)
        move(dsn, revision)
        after = asyncio.run(schema_revision(dsn))
    say(f"schema: {before or 'none'} -> {after or 'none'}" if before != after else f"schema: {after}, nothing to do")
