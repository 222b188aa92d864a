"""Why an interaction went where it went, and why it is still waiting.

Decides what is told of its offers and steps, and replays one offer in full: everybody who was there, and what spoke against
them. It asks the router and never judges by itself. Never writes. Ids, codes and numbers only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
import orjson

from app import convert
from app.db import Connection
from app.errors import NotFound
from app.queries.explained.past import Past, floor_at
from app.queries.explained.verdicts import Verdict, judge, loaded, verdicts
from app.queries.line import floor
from app.queries.line.standing import Place, Waits, places
from routing.explain import Standing, stands
from routing.lifecycle import LIVE_STATES
from routing.model import Staff, Trace, Waiting

MOST_OFFERS: Final = 200
PAGE: Final = 1_000

_ROW: Final = f"""
SELECT {floor.COLUMNS}, step, queued_at, state_at, escalated_at, exhausted, exhausted_at FROM interaction WHERE id = $1
"""  # noqa: S608  (texts of our own)
_OFFERS: Final = """
SELECT e.at, (e.data -> 'trace')::text AS trace, e.data ->> 'by' AS by, e.data ->> 'override' AS override, a.id AS assignment,
       a.representative, a.state, a.expires_at, a.answered_at, a.ended_at, a.outcome, a.reason
FROM event e JOIN assignment a ON a.id = (e.data ->> 'assignment')::uuid
WHERE e.subject = 'interaction' AND e.subject_id = $1 AND e.kind = 'offered'
ORDER BY e.version DESC LIMIT $2
"""
_ONE: Final = """
SELECT a.id, a.representative, a.offered_at, (e.data -> 'trace')::text AS trace
FROM assignment a JOIN event e ON e.subject = 'interaction' AND e.subject_id = $1 AND e.data ->> 'assignment' = a.id::text
    AND e.kind = 'offered'
WHERE a.id = $2 AND a.interaction_id = $3
"""
# One plan is one statement: all its offers have the same moment.
_SAME_PLAN: Final = """
SELECT a.interaction_id, a.representative FROM assignment a
WHERE a.interaction_id = ANY ($1::uuid[]) AND a.offered_at = $2 AND a.interaction_id <> $3
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Offered:
    """One offer that was made. `by`: who gave it by hand; None = the matcher did."""

    assignment: UUID
    representative: str
    offered_at: datetime
    expires_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    outcome: str | None
    reason: str | None
    by: str | None
    override: str | None
    trace: Trace | None


@dataclass(frozen=True, kw_only=True, slots=True)
class StepStood:
    """One step: from when, with which needs, and what became of it. The needs of the entry are number 0."""

    number: int
    at: datetime | None
    state: str
    """`inactive` (yet to come), `active`, `expired`, or `matched`: an offer was accepted, or is open, while it stood."""
    needs: dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Live:
    """How one who waits stands at this moment."""

    place: Place
    standing: Standing


@dataclass(frozen=True, kw_only=True, slots=True)
class Replayed:
    """One offer in full. `agrees`: the replay chooses the same one; `approximate`: not everything was on record."""

    assignment: UUID
    at: datetime
    agrees: bool
    approximate: bool
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Story:
    """The whole answer. `live`: only of one who waits; `more`: there were more offers than are told, earlier ones."""

    id: UUID
    state: str
    rules: int
    offers: list[Offered]
    more: bool
    steps: list[StepStood]
    exhausted: str | None
    exhausted_at: datetime | None
    escalated_at: datetime | None
    live: Live | None


async def story(connection: Connection, interaction_id: UUID, *, now: datetime) -> Story:
    """All offers, the newest first, all steps, and for one who waits how it stands. Raises `NotFound`."""
    row = await connection.fetchrow(_ROW, interaction_id)
    if row is None:
        raise NotFound(f"There is no interaction {interaction_id}.")
    rows = await connection.fetch(_OFFERS, str(interaction_id), MOST_OFFERS + 1)
    return Story(
        id=interaction_id,
        state=row["state"],
        rules=row["rules_version"],
        offers=[_offered(each) for each in rows[:MOST_OFFERS]],
        more=len(rows) > MOST_OFFERS,
        steps=_steps(row) if row["due_at"] is not None else [],
        exhausted=row["exhausted"],
        exhausted_at=row["exhausted_at"],
        escalated_at=row["escalated_at"],
        live=await _live(connection, row, now=now) if row["state"] == "queued" else None,
    )


async def replay(connection: Connection, interaction_id: UUID, assignment_id: UUID) -> Replayed:
    """Everybody as they were when this offer was made, and what spoke against them.

    Needs a transaction that sees one snapshot. Raises `NotFound`, and what `floor_at` raises.
    """
    row = await connection.fetchrow(_ONE, str(interaction_id), assignment_id, interaction_id)
    if row is None:
        raise NotFound(f"There is no assignment {assignment_id} of this interaction.", code="unknown_assignment")
    at: datetime = row["offered_at"]
    past = await floor_at(connection, at, inclusive=False)
    waiting = next((each for each in past.waiting if each.id == interaction_id), None)
    if waiting is None:
        raise NotFound("This offer cannot be replayed: the log does not show it waiting then.", code="not_replayable")
    staff = await _at_its_turn(connection, past, waiting, at=at, chosen=row["representative"])
    found = verdicts(waiting, staff, rules=past.rules, now=past.now)
    told = convert.trace(orjson.loads(row["trace"])) if row["trace"] is not None else None
    # Held for one alone, it goes to that one even where another would come first.
    judged = judge(waiting, (), staff, rules=past.rules, now=past.now).trace if told is not None else None
    return Replayed(
        assignment=assignment_id,
        at=at,
        agrees=told is None or (judged is not None and judged.chosen.representative == told.chosen.representative),
        approximate=str(interaction_id) in past.approximate or any(each.id in past.approximate for each in staff),
        verdicts=tuple(found),
    )


async def everybody(connection: Connection) -> tuple[list[Staff], list[Staff]]:
    """All on shift: those whom the dispatcher could offer something to, and those who ask by themselves."""
    offered: list[Staff] = []
    pulling: list[Staff] = []
    code = ""
    while rows := await floor.staff_after(connection, code, limit=PAGE):
        code = rows[-1]["code"]
        for row in rows:
            if row["presence"] != "offline" and not row["retired"]:
                (pulling if row["pull"] else offered).append(convert.staff(row))
    return offered, pulling


async def _at_its_turn(
    connection: Connection, past: Past, waiting: Waiting, *, at: datetime, chosen: str
) -> list[Staff]:
    """The representatives after the earlier offers of the same plan. Who asked by themselves was alone on the floor."""
    pulling = [replace(each, pulls=False) for each in past.pulling if each.id == chosen]
    if pulling:
        return pulling
    before = {each.id: each for each in past.waiting if (each.due, each.id) < (waiting.due, waiting.id)}
    given = await connection.fetch(_SAME_PLAN, list(before), at, waiting.id)
    return loaded(
        past.staff, [(row["representative"], before[row["interaction_id"]]) for row in given], now=past.now
    )  # fmt: skip


async def _live(connection: Connection, row: asyncpg.Record, *, now: datetime) -> Live:
    waits = Waits(due_at=row["due_at"], id=row["id"], queue=row["queue"], queued_at=row["queued_at"])
    found = await places(connection, [waits])
    staff, pulling = await everybody(connection)
    standing = stands(convert.waiting(row), staff, now=now.timestamp(), pulling=pulling)
    return Live(place=found[row["id"]], standing=standing)


def _offered(row: asyncpg.Record) -> Offered:
    return Offered(
        assignment=row["assignment"],
        representative=row["representative"],
        offered_at=row["at"],
        expires_at=row["expires_at"],
        answered_at=row["answered_at"],
        ended_at=row["ended_at"],
        outcome=row["outcome"],
        reason=row["reason"],
        by=row["by"],
        override=row["override"],
        trace=convert.trace(orjson.loads(row["trace"])) if row["trace"] is not None else None,
    )


def _steps(row: asyncpg.Record) -> list[StepStood]:
    waiting = convert.waiting(row)
    stages = [(None, waiting.needs), *((step.deadline, step.needs) for step in waiting.steps)]
    return [
        StepStood(
            number=number,
            at=None if deadline is None else datetime.fromtimestamp(deadline, tz=row["due_at"].tzinfo),
            state=_state(number, row["step"], row["state"]),
            needs=convert.needs_document(needs),
        )
        for number, (deadline, needs) in enumerate(stages)
    ]


def _state(number: int, passed: int, state: str) -> str:
    if number != passed:
        return "expired" if number < passed else "inactive"
    if state == "queued":
        return "active"
    return "matched" if state in (*LIVE_STATES, "parked", "completed") else "expired"
