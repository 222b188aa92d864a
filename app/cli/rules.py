"""`raabta rules`: versions of the rules, looked at, tried, published and rolled back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from app.cli.apply import show_changes, word
from app.cli.place import database
from app.cli.terminal import say, table
from app.settings import load

if TYPE_CHECKING:
    from sqlmodel.ext.asyncio.session import AsyncSession

    from app.actions.rules.trial import Trial
    from app.db import Database
    from app.tables import RuleSet

Answer = TypeVar("Answer")
Version = Annotated[int, typer.Argument(min=1, max=2_000_000_000, help="its number; `raabta rules list` shows it")]
LISTED = 200

rules = typer.Typer(name="rules", help="Versions of the rules: who should get what.", no_args_is_help=True)


@rules.command("list")
def listed() -> None:
    """Every version, newest first."""
    from app.queries.rules import page

    async def read(session: AsyncSession) -> list[dict[str, Any]]:
        return (await page(session, state=None, after=None, limit=LISTED))[0]

    rows = [
        [str(row["version"]), row["state"], str(row["based_on"]), _moment(row["made_at"]), row["made_by"],
         _moment(row["published_at"]), row["note"] or ""]
        for row in _reading(read)
    ]  # fmt: skip
    table(["VERSION", "STATE", "BASED ON", "MADE", "BY", "PUBLISHED", "NOTE"], rows)


@rules.command()
def show(version: Version) -> None:
    """Print a version's document, as JSON."""
    import orjson

    say(orjson.dumps(_reading(lambda session: _found(session, version)).document, option=orjson.OPT_INDENT_2).decode())


@rules.command()
def diff(
    version: Version,
    other: Annotated[
        int | None, typer.Argument(min=1, max=2_000_000_000, help="compared with this one; else the live one")
    ] = None,
) -> None:
    """What VERSION says otherwise than OTHER."""
    from app.actions.rules.changes import changes

    async def both(session: AsyncSession) -> tuple[Any, Any]:
        old = await _found(session, other) if other is not None else await _live(session)
        return (old.document if old else {}), (await _found(session, version)).document

    if found := changes(*_reading(both)):
        show_changes(found)
    else:
        say("both say the same")


@rules.command("dry-run")
def dry_run(version: Version) -> None:
    """What publishing VERSION would do, and what filing anew would change for those who wait. Changes nothing."""
    from app.actions.rules.trial import trial

    _tell(_reading(lambda session: trial(session, version)))


@rules.command()
def publish(
    version: Version,
    recompute: Annotated[bool, typer.Option("--recompute", help="also file anew those who wait")] = False,
) -> None:
    """From now on VERSION holds. Those who wait keep what they entered with, unless they are filed anew."""
    from app.actions.rules.versions import publish as write

    async def run(db: Database) -> None:
        made = await _written(db, write, version)
        say(f"version {made.row.version} of the rules is live")
        refiled, more = 0, recompute
        while more:
            recomputed = (await _written(db, write, version, recompute=True)).recomputed
            refiled += recomputed.refiled
            more = recomputed.left > 0 and recomputed.refiled > 0
            if not more:
                say(f"{refiled} who wait were filed anew, {recomputed.left} are left as they were")

    _with_database(run)


@rules.command()
def discard(version: Version) -> None:
    """Nobody wants draft VERSION any more."""
    from app.actions.rules.versions import discard as write

    row = _with_database(lambda db: _written(db, write, version))
    say(f"version {row.version} of the rules is discarded")


@rules.command("roll-back")
def roll_back(version: Version) -> None:
    """What held as VERSION holds again, as a new version."""
    from app.actions.rules.versions import roll_back as write

    row = _with_database(lambda db: _written(db, write, version))
    say(f"version {row.version} of the rules is live, and says what version {version} said")


def _tell(found: Trial) -> None:
    for warning in found.warnings:
        say(f"warning: {warning}")
    if found.differences:
        rows = [[path, word(old), word(new)] for path, old, new in found.differences]
        table(["FIELD", f"LIVE ({found.live})", f"VERSION {found.version}"], rows)
    else:
        say(f"it says what the live rules say (version {found.live})")
    looked_at = "" if found.looked_at == found.waiting else f" of the first {found.looked_at}"
    say(f"{found.waiting} wait now; filed anew, {found.changing}{looked_at} would change")
    if found.moved:
        moved = [
            [str(each.id), each.new.queue, _moment(each.old.due_at), _moment(each.new.due_at),
             word(dict(each.old.needs)), word(dict(each.new.needs))]
            for each in found.moved
        ]  # fmt: skip
        table(["INTERACTION", "QUEUE", "DUE", "DUE THEN", "NEEDS", "NEEDS THEN"], moved)


async def _found(session: AsyncSession, version: int) -> RuleSet:
    from app.queries.rules import one

    return await one(session, version)


async def _live(session: AsyncSession) -> RuleSet | None:
    from app.actions.rules.versions import live_row

    return await live_row(session)


def _reading(work: Callable[[AsyncSession], Awaitable[Answer]]) -> Answer:
    async def run(db: Database) -> Answer:
        async with db.reading() as session:
            return await work(session)

    return _with_database(run)


def _with_database(work: Callable[[Database], Awaitable[Answer]]) -> Answer:
    from app.db import Database

    async def run(dsn: str) -> Answer:
        async with Database(dsn) as db:
            return await work(db)

    with database(load()) as dsn:
        return asyncio.run(run(dsn))


async def _written(db: Database, action: Callable[..., Awaitable[Answer]], version: int, **more: bool) -> Answer:
    """One action in a transaction of its own."""
    from app.db import now
    from app.security import Actor

    async with db.session() as session:
        return await action(session, version, actor=Actor(role="admin", key_id="cli"), now=await now(session), **more)


def _moment(moment: Any) -> str:
    return moment.isoformat(timespec="seconds") if moment is not None else ""
