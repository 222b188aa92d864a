"""`raabta restore FILE`: everything back, or over to another PostgreSQL."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from app.cli.audit import findings_of
from app.cli.place import unprepared_database
from app.cli.terminal import say
from app.settings import load as settings


def restore(file: Annotated[Path, typer.Argument(help="made by raabta backup")]) -> None:
    """Put a backup into an empty database: all of it or nothing. Set DATABASE_URL to move to another PostgreSQL.

    Afterwards every invariant is checked; exit code 1 names the rows that break one.
    """
    from app.cli.archive import load

    with unprepared_database(settings()) as dsn:
        contents = asyncio.run(load(dsn, file))
        findings = asyncio.run(findings_of(dsn))
    say(
        f"restored {sum(contents.rows.values())} rows of {len(contents.rows)} tables, as they were at {contents.made_at}"
    )
    for finding in findings:
        say(f"{finding.rule}: {finding.subject} {finding.id}: {finding.detail}")
    if findings:
        raise typer.Exit(1)
    say("audit: all is well")
