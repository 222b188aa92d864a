"""`raabta audit`: does every row keep its promise?"""

from __future__ import annotations

import asyncio
import dataclasses
import json
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.place import database
from app.cli.terminal import say, table
from app.settings import load

if TYPE_CHECKING:
    from app.queries.audit.audit import Finding


def audit(as_json: Annotated[bool, typer.Option("--json", help="one JSON object per finding")] = False) -> None:
    """Work out every invariant again from the tables. Names each row that breaks one, and then exits with 1."""
    with database(load()) as dsn:
        findings = asyncio.run(findings_of(dsn))
    if as_json:
        for finding in findings:
            say(json.dumps(dataclasses.asdict(finding)))
    elif findings:
        table(["RULE", "SUBJECT", "ID", "DETAIL"], [[one.rule, one.subject, one.id, one.detail] for one in findings])
    if not as_json:
        say(f"audit: {len(findings)} finding{'' if len(findings) == 1 else 's'}" if findings else "audit: all is well")
    if findings:
        raise typer.Exit(1)


async def findings_of(dsn: str) -> list[Finding]:
    """What the audit of a database finds."""
    import asyncpg

    from app.queries.audit.audit import audit as examine

    connection = await asyncpg.connect(dsn)
    try:
        return await examine(connection)
    finally:
        await connection.close()
