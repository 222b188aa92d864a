"""`raabta backup FILE`: everything, in one file."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from app.cli.place import database
from app.cli.terminal import say
from app.errors import CannotStart
from app.settings import load


def backup(
    file: Annotated[Path, typer.Argument(help="where to; readable by you only")],
    force: Annotated[bool, typer.Option("--force", help="replace a file that is there")] = False,
) -> None:
    """Save everything to FILE, as it stands at one instant, while the service runs. Keys are in it as digests only."""
    from app.cli.archive import save

    if file.exists() and not force:
        raise CannotStart(f"{file}: is there already; --force replaces it")
    with database(load()) as dsn:
        contents = asyncio.run(save(dsn, file))
    rows = sum(contents.rows.values())
    say(f"saved {rows} rows of {len(contents.rows)} tables to {file} ({file.stat().st_size} bytes)")
