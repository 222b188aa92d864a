"""A case is solved by the representative's word: with what came of it, and why it had happened.

Decides who may say so, and that nobody says so while a required step is missing or before a second person has looked where
the rules want one. Closing is the customer's.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.cases.gate import missing_steps, open_checks, request_check
from app.actions.cases.resolved import resolved
from app.actions.record import advance, locked
from app.errors import Conflict, Forbidden
from app.queries.cases.served import has_served, last_served
from app.queries.cases.surveys import latest
from app.queries.rules import rules_for
from app.security import Actor
from app.tables import Case


async def resolve(
    session: AsyncSession,
    case_id: UUID,
    *,
    outcome: str | None,
    root_cause: str | None = None,
    actor: Actor,
    now: datetime,
) -> Case:
    """Resolve it, or send it to a second person first (`checking`). Again: the same row, nothing written.

    Raises `NotFound`, `Forbidden`, `Conflict` (`merged`, `illegal_transition`, `steps_missing` with the steps).
    """
    case = await locked(session, Case, case_id)
    if actor.representative is not None and not await has_served(session, case, actor.representative):
        raise Forbidden("You have not served this case.", code="not_yours")
    if case.merged_into is not None:
        raise Conflict("This case was taken into another one.", code="merged")
    if case.state == "resolved" or await _is_checked(session, case):
        return case
    if case.state in ("checking", "closed"):
        advance(session, case, "resolved", now=now, actor=actor)  # refuses, in the words of everybody else
    await _complete(session, case)
    whose = actor.representative or await last_served(session, case.id) or case.owner
    rules = await rules_for(session)
    check = await request_check(
        session,
        case,
        rules,
        before="resolution",
        representative=whose,
        outcome=outcome,
        root_cause=root_cause,
        forced="reopened" if await _was_not_solved(session, case) else None,
        actor=actor,
        now=now,
    )
    if check is None:
        await resolved(
            session,
            case,
            "resolved",
            outcome=outcome,
            root_cause=root_cause,
            resolved_by=whose,
            actor=actor,
            now=now,
        )
    await session.flush()
    return case


async def _is_checked(session: AsyncSession, case: Case) -> bool:
    """Whether a second person looks at its resolution now: saying so again changes nothing."""
    if case.state != "checking":
        return False
    return any(check.before == "resolution" for check in await open_checks(session, case))


async def _complete(session: AsyncSession, case: Case) -> None:
    missing = await missing_steps(session, case)
    if missing:
        raise Conflict(
            "Required steps of the playbook are not done yet.",
            code="steps_missing",
            errors=[{"where": step, "detail": "This step is required."} for step in missing],
        )


async def _was_not_solved(session: AsyncSession, case: Case) -> bool:
    """Whether the customer said, when they were last asked, that it is not."""
    survey = await latest(session, case.id) if case.reopened else None
    return survey is not None and survey.solved == "no"
