"""The only place where a state changes: row, version and event move together.

Decides nothing by itself: the lifecycle tables say what may follow. It never commits.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any, Final, TypeAlias, TypeVar
from uuid import UUID

import orjson
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.errors import Conflict, Forbidden, NotFound
from app.queries.rules import raw
from app.security import Actor
from app.tables import (
    Assignment,
    Case,
    Customer,
    EventRow,
    Incident,
    Interaction,
    Queue,
    Representative,
    RuleSet,
)
from routing.errors import IllegalTransition
from routing.lifecycle import CASE, CUSTOMER, INCIDENT, INTERACTION, NEW, PRESENCE, QUEUE, RULES

Row = TypeVar("Row", Interaction, Assignment, Case, Representative, Customer, Incident)
Told: TypeAlias = Interaction | Case | Representative | RuleSet | Queue | Customer | Incident
"""What has a story of its own in the log."""
RULES_STORY: Final = {"draft": 1, "live": 2, "discarded": 2, "past": 3}
"""How many events lead to a state: `RuleSet.version` is the name of the rules, and its story has one way only."""
_GATHERED: Final = "gathered"
_TELL: Final = """
INSERT INTO event (subject, subject_id, version, kind, at, actor, data)
SELECT subject, subject_id, version, kind, at, actor, data::jsonb
FROM unnest($1::text[], $2::text[], $3::int[], $4::text[], $5::timestamptz[], $6::text[], $7::text[])
    AS t (subject, subject_id, version, kind, at, actor, data)
"""
NO_KEY_UPDATE: Final[dict[str, bool]] = {"key_share": True}
"""Keys never change, so whoever only refers to a locked row need not wait."""


async def locked(session: AsyncSession, model: type[Row], key: UUID | str) -> Row:
    """The row, locked until the transaction ends and read anew; raises `NotFound`."""
    row = await session.get(model, key, with_for_update=NO_KEY_UPDATE, populate_existing=True)
    if row is None:
        raise NotFound(f"There is no {model.__name__.lower()} {key}.")
    return row


async def locked_pair(session: AsyncSession, assignment_id: UUID) -> tuple[Interaction, Assignment]:
    """An assignment and its interaction, locked in the order every writer keeps: interaction first."""
    known = await session.get(Assignment, assignment_id)
    if known is None:
        raise NotFound(f"There is no assignment {assignment_id}.")
    interaction = await locked(session, Interaction, known.interaction_id)
    return interaction, await locked(session, Assignment, assignment_id)


async def locked_with_live(session: AsyncSession, interaction_id: UUID) -> tuple[Interaction, Assignment | None]:
    """An interaction and the assignment that holds it now, if any, both locked."""
    interaction = await locked(session, Interaction, interaction_id)
    live = select(Assignment).where(Assignment.interaction_id == interaction_id, col(Assignment.ended_at).is_(None))
    found = await session.exec(live.with_for_update(key_share=True).execution_options(populate_existing=True))
    return interaction, found.one_or_none()


def mine(assignment: Assignment | None, actor: Actor) -> None:
    """A representative's own key acts on what they hold, and on nothing else; raises `Forbidden`."""
    if actor.representative is None:
        return
    if assignment is None or assignment.representative != actor.representative:
        raise Forbidden("This is not your assignment.", code="not_yours")


async def once_mine(session: AsyncSession, interaction: Interaction, actor: Actor) -> None:
    """What is over and asked again: only by those who held it. Raises `Forbidden`."""
    if actor.representative is None:
        return
    held = select(Assignment.id).where(
        Assignment.interaction_id == interaction.id, Assignment.representative == actor.representative
    )
    if (await session.exec(held.limit(1))).first() is None:
        raise Forbidden("This is not your interaction.", code="not_yours")


def advance(
    session: AsyncSession,
    row: Told,
    event: str,
    *,
    now: datetime,
    actor: Actor,
    data: Mapping[str, Any] | None = None,
    told: int = 0,
) -> None:
    """Move `row` by `event` and record it; raises `Conflict` (`illegal_transition`) and then nothing has changed.

    The caller holds the row's lock, so `version` is dense. Who waited for that lock read the clock before what happened
    meanwhile; a story never goes back in time for it. `told`: how long the story of a queue is, which its row does not count.
    """
    at = max(now, _last_moved(row) or now)
    try:
        subject, identity = _moved(row, event, now=at, told=told)
    except IllegalTransition as error:
        raise Conflict(
            f"This {error.machine} is {error.state}; {error.event.replace('_', ' ')} is not possible now.",
            code="illegal_transition",
        ) from error
    version = _next_version(row, told)
    if row not in session:
        session.add(row)
    fact: dict[str, Any] = {
        "subject": subject,
        "subject_id": identity,
        "version": version,
        "kind": event,
        "at": at,
        "actor": actor.label,
        "data": dict(data or {}),
    }
    gathered = session.info.get(_GATHERED)
    if gathered is None:
        session.add(EventRow(**fact))  # seq, epoch and xid are the database's to fill
    else:
        gathered.append(fact)


@contextlib.asynccontextmanager
async def gathering(session: AsyncSession) -> AsyncIterator[None]:
    """In the block events are gathered and written in one statement at its end: for hundreds of moves at once.

    Whoever reads the log inside does not see them yet. An error writes none: the transaction is lost with it.
    """
    facts: list[dict[str, Any]] = []
    session.info[_GATHERED] = facts
    try:
        yield
    finally:
        del session.info[_GATHERED]
    await session.flush()
    if facts:
        columns = [
            [fact[name] for fact in facts] for name in ("subject", "subject_id", "version", "kind", "at", "actor")
        ]
        data = [orjson.dumps(fact["data"]).decode() for fact in facts]
        await (await raw(session)).execute(_TELL, *columns, data)


def _next_version(row: Told, told: int) -> int:
    if isinstance(row, RuleSet):
        return RULES_STORY[row.state]
    if isinstance(row, Queue):
        return told + 1
    row.version += 1
    return row.version


def _last_moved(row: Told) -> datetime | None:
    if isinstance(row, Case):
        return row.resolved_at
    if isinstance(row, RuleSet):
        return row.published_at or row.made_at
    if isinstance(row, Queue | Customer):
        return None
    if isinstance(row, Incident):
        return row.ended_at or row.made_at
    return row.presence_at if isinstance(row, Representative) else row.state_at


def _moved(row: Told, event: str, *, now: datetime, told: int) -> tuple[str, str]:
    if isinstance(row, Representative):
        after = PRESENCE.after(row.presence, event)
        if after != row.presence:
            row.presence, row.presence_at = after, now
        return "representative", row.code
    if isinstance(row, Case):
        row.state = CASE.after(row.state, event)
        return "case", str(row.id)
    if isinstance(row, Customer | Incident):
        return _moved_by_hand(row, event)
    if isinstance(row, RuleSet):
        row.state = RULES.after(row.state, event)
        return "rules", str(row.version)
    if isinstance(row, Queue):  # its state is whether `closed_until` says anything; the caller sets that
        QUEUE.after("closed" if row.closed_until else "open" if told else NEW, event)
        return "queue", row.code
    after = INTERACTION.after(row.state, event)
    if after != row.state:
        row.state, row.state_at = after, now
    return "interaction", str(row.id)


def _moved_by_hand(row: Customer | Incident, event: str) -> tuple[str, str]:
    machine = CUSTOMER if isinstance(row, Customer) else INCIDENT
    row.state = machine.after(row.state if row.version else NEW, event)
    return machine.name, str(row.id)
