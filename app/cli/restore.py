"""`raabta restore FILE`: everything back, or over to another PostgreSQL."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from app.actions.customers.erased_ledger import NAME
from app.cli.audit import findings_of
from app.cli.place import unprepared_database
from app.cli.terminal import say
from app.postgres import data_dir
from app.settings import load as settings


def restore(
    file: Annotated[Path, typer.Argument(help="made by raabta backup")],
    ledger: Annotated[
        Path | None, typer.Option("--erased", help="the file of those who asked to be forgotten; the data folder's")
    ] = None,
) -> None:
    """Put a backup into an empty database: all of it or nothing. Set DATABASE_URL to move to another PostgreSQL.

    Whoever asked to be forgotten since it was made is forgotten again (erased-customers.txt in the data folder).
    Afterwards every invariant is checked; exit code 1 names the rows that break one.
    """
    from app.cli.archive import load
    from app.cli.erasures import again

    with unprepared_database(settings()) as dsn:
        contents = asyncio.run(load(dsn, file))
        forgotten = asyncio.run(again(dsn, ledger or data_dir(settings()) / NAME))
        findings = asyncio.run(findings_of(dsn))
    say(
        f"restored {sum(contents.rows.values())} rows of {len(contents.rows)} tables, as they were at {contents.made_at}"
    )
    if forgotten:
        say(f"forgotten again: {forgotten} customers")
    for finding in findings:
        say(f"{finding.rule}: {finding.subject} {finding.id}: {finding.detail}")
    if findings:
        raise typer.Exit(1)
    say("audit: all is well")
