"""What publishing a version of the rules would do, before anybody publishes it.

Decides what is told: every field that differs from what is live, who could be served by nobody, and what filing anew would
change for those who wait. It goes the way publishing goes and writes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Final
from uuid import UUID

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.rules.changes import changes, paths
from app.actions.rules.recompute import as_filed
from app.actions.rules.rows import NAMES, still_named
from app.actions.rules.versions import find, live_number, live_row, read_row
from app.configuration import Configuration
from app.configuration.references import unknown_people, unserved
from app.configuration.shape import Organisation as SaidOrganisation
from app.configuration.shape import Representative as SaidRepresentative
from app.tables import Interaction, Organisation, Queue, Representative, RequestType, RuleSet
from routing.rules import Rules

MOST_LOOKED_AT: Final = 10_000
MOST_TOLD: Final = 100
MOST_DIFFERENCES: Final = 1_000
MOST_WARNINGS: Final = 100
PAGE: Final = 100
"""Rows at a time: others are heard in between."""
QUEUE: Final = "queue"
NEEDS: Final = ("skills", "speak", "units", "routing", "steps")
TIMES: Final = ("due_at", "exhausted", "exhausted_at", "overflow_to", "head_start_seconds")
SAME_SECONDS: Final = 0.001
"""A moment that went through a float is a microsecond off."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Placed:
    """How one who waits stands: where, by when, and what whoever serves it must have."""

    queue: str
    due_at: datetime
    needs: Mapping[str, Any]
    """`skills`, `language` (None = any), `units`, `steps` (how many), and whatever else the needs say."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Moved:
    """One who waits and would stand otherwise."""

    id: UUID
    old: Placed
    new: Placed


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """The whole answer. `differences`: (path, old, new), at most 1,000."""

    version: int
    live: int
    differences: list[tuple[str, Any, Any]]
    warnings: list[str]
    waiting: int
    """How many wait now."""
    looked_at: int
    """Of them, by id; at most 10,000."""
    changing: int
    """Of those looked at."""
    moved: list[Moved]
    """The first 100 of those."""


async def trial(session: AsyncSession, version: int) -> Trial:
    """Publish `version`, with those who wait filed anew, on paper only. Raises `NotFound`."""
    row = await find(session, version)
    live = await live_row(session)
    rules = read_row(row)
    looked_at, changing, moved = await _moves(session, rules)
    return Trial(
        version=version,
        live=live_number(live),
        differences=paths(live.document if live else {}, row.document)[:MOST_DIFFERENCES],
        warnings=await _warnings(session, row, live, rules),
        waiting=(await session.exec(select(func.count()).where(Interaction.state == "queued"))).one(),
        looked_at=looked_at,
        changing=changing,
        moved=moved,
    )


async def unserved_by_staff(session: AsyncSession, rules: Rules) -> list[str]:
    """A line for each request that nobody who works here could take in some language."""
    said = (await session.exec(select(Organisation.languages))).first()
    staff = await session.exec(select(Representative).where(col(Representative.retired).is_(False)))
    house: dict[str, Any] = {  # as a file would say it; the rows were checked when they were written
        "organisation": SaidOrganisation.model_construct(name="", languages=tuple(said or ())),
        "representatives": {row.code: _person(row.model_dump()) for row in staff},
        "rules": rules,
    }
    wanted = Configuration.model_construct(**house)
    return await asyncio.to_thread(
        lambda: list(islice(unserved(wanted), MOST_WARNINGS))
    )  # of large rules it takes a moment


def _person(fields: dict[str, Any]) -> SaidRepresentative:
    return SaidRepresentative.model_construct(**fields)


async def _warnings(session: AsyncSession, row: RuleSet, live: RuleSet | None, rules: Rules) -> list[str]:
    found = []
    if row.state == "draft" and row.based_on != live_number(live):
        found.append(f"rules_moved_on: version {live_number(live)} is live, and this was based on {row.based_on}")
    gone = [change for change in changes(live.document if live else {}, row.document) if change.kind == "removed"]
    for model in (Queue, RequestType):
        codes = [change.code for change in gone if change.what == NAMES[model]]
        if named := await still_named(session, model, codes):
            found.append(f"still_named: the {NAMES[model]} {named!r} would be removed, but other rows still name it")
    staff = await session.exec(select(Representative.code).where(col(Representative.retired).is_(False)))
    found += [f"unknown_people: {line}" for line in unknown_people(rules, known=staff.all())]
    return (found + [f"unserved: {line}" for line in await unserved_by_staff(session, rules)])[:MOST_WARNINGS]


async def _moves(session: AsyncSession, rules: Rules) -> tuple[int, int, list[Moved]]:
    looked_at, changing, last = 0, 0, UUID(int=0)
    moved: list[Moved] = []
    while looked_at < MOST_LOOKED_AT:
        chosen = select(Interaction).where(Interaction.state == "queued", col(Interaction.id) > last)
        rows = (await session.exec(chosen.order_by(col(Interaction.id)).limit(PAGE))).all()
        for row in rows:
            last = row.id
            if row.queue not in rules.queues:
                continue  # then its queue cannot be removed, and the warnings say so
            wanted = as_filed(rules, row)
            if not all(_same(getattr(row, name), wanted[name]) for name in (QUEUE, *NEEDS, *TIMES)):
                changing += 1
                moved += [_moved(row, wanted)] if len(moved) < MOST_TOLD else []
        looked_at += len(rows)
        session.expunge_all()
        if len(rows) < PAGE:
            break
    return looked_at, changing, moved


def _moved(row: Interaction, wanted: Mapping[str, Any]) -> Moved:
    return Moved(id=row.id, old=_placed(row, row.model_dump()), new=_placed(row, wanted))


def _placed(row: Interaction, columns: Mapping[str, Any]) -> Placed:
    return Placed(
        queue=columns["queue"],
        due_at=columns["due_at"],
        needs={
            "skills": columns["skills"],
            "language": row.language if columns["speak"] else None,
            "units": columns["units"],
            "steps": len(columns["steps"]),
            **columns["routing"],
        },
    )


def _same(old: Any, new: Any) -> bool:
    if isinstance(old, datetime) and isinstance(new, datetime):
        return abs((old - new).total_seconds()) < SAME_SECONDS
    if isinstance(old, dict) and isinstance(new, Mapping):
        return old.keys() == new.keys() and all(_same(old[name], new[name]) for name in old)
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(map(_same, old, new))
    if isinstance(old, float) or isinstance(new, float):
        return old is not None and new is not None and abs(old - new) < SAME_SECONDS
    return bool(old == new)
