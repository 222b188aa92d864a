"""An interaction goes back to the line, or to another one. The customer's clock never restarts.

Decides the due time of whoever stands in line again: counted from when they first stood there, but for those who slept
(parked), whose clock starts at the wake-up, and for those who gave up and came back too late.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.command import command
from app.actions.record import advance, locked_with_live, mine, once_mine
from app.actions.release import end_assignment
from app.errors import Conflict, Invalid
from app.security import Actor
from app.tables import Assignment, Interaction, Queue, Representative, RequestType
from routing.lifecycle import INTERACTION

PREFERRED_SECONDS = 120
"""How long an interaction waits for the one representative who should have it before everybody may."""


async def transfer(
    session: AsyncSession,
    interaction_id: UUID,
    *,
    queue: str | None,
    representative: str | None,
    reason: str | None,
    actor: Actor,
    now: datetime,
) -> Interaction:
    """Move it to another queue, to a named representative, or both; raises `Invalid`, `Conflict`, `Forbidden`."""
    if queue is None and representative is None:
        raise Invalid("Say where to: a queue, a representative, or both.", code="no_target")
    interaction, assignment = await locked_with_live(session, interaction_id)
    mine(assignment, actor)
    target = await _queue(session, queue or interaction.queue)
    if representative is not None:
        await _known(session, representative)
    fact = _fact(assignment, reason=reason) | {"queue": target.code}
    advance(session, interaction, "transferred", now=now, actor=actor, data=fact)
    if interaction.queue != target.code:
        interaction.skills = await _needed_by_all(session, target.code)
    interaction.queue = target.code
    interaction.due_at = _due(interaction, target, start=interaction.queued_at or now)
    prefer(interaction, representative, now=now)
    # Whoever hands it on is not asked for it again at once.
    giver = (
        assignment.representative if assignment is not None and assignment.representative != representative else None
    )
    interaction.not_before, interaction.excluded = now if giver else None, [giver] if giver else []
    if assignment is not None:
        await end_assignment(session, assignment, "transferred", now=now, reason=reason)
        await command(session, interaction, "transferred", reason=str(assignment.id), payload={}, now=now)
    await session.flush()
    return interaction


async def park(
    session: AsyncSession,
    interaction_id: UUID,
    *,
    until: datetime | None,
    reason: str | None,
    actor: Actor,
    now: datetime,
) -> Interaction:
    """Lay it aside until a date or until the customer writes; whoever had it stays preferred."""
    interaction, assignment = await locked_with_live(session, interaction_id)
    if interaction.state == "parked":
        await once_mine(session, interaction, actor)
        return interaction
    mine(assignment, actor)
    if until is not None and until <= now:
        raise Invalid("`until` is over already.", code="in_the_past")
    advance(session, interaction, "parked", now=now, actor=actor, data=_fact(assignment, reason=reason))
    interaction.wake_at = until
    if assignment is not None:
        interaction.preferred = assignment.representative
        await end_assignment(session, assignment, "parked", now=now, reason=reason)
    await session.flush()
    return interaction


async def wake(session: AsyncSession, interaction_id: UUID, *, actor: Actor, now: datetime) -> Interaction:
    """Back from parking: due counts from now. Anything not parked stays as it is."""
    interaction, _ = await locked_with_live(session, interaction_id)
    if not INTERACTION.allows(interaction.state, "woken"):
        return interaction
    advance(session, interaction, "woken", now=now, actor=actor)
    interaction.wake_at, interaction.queued_at = None, now
    interaction.due_at = _due(interaction, await _queue(session, interaction.queue), start=now)
    prefer(interaction, interaction.preferred, now=now)
    await session.flush()
    return interaction


async def come_back(session: AsyncSession, interaction_id: UUID, *, actor: Actor, now: datetime) -> Interaction:
    """Who left and returns: within the grace time at the old place, later at the end of the line."""
    interaction, _ = await locked_with_live(session, interaction_id)
    if not INTERACTION.allows(interaction.state, "returned") or interaction.queue is None:
        return interaction
    queue = await _queue(session, interaction.queue)
    in_time = now - interaction.state_at <= timedelta(seconds=queue.grace_seconds)
    advance(session, interaction, "returned", now=now, actor=actor, data={"in_time": in_time})
    start = (interaction.queued_at or now) if in_time else now
    interaction.queued_at = start
    interaction.due_at = _due(interaction, queue, start=start)
    await session.flush()
    return interaction


async def hand_back(
    session: AsyncSession, interaction_id: UUID, *, reason: str, actor: Actor, now: datetime, event: str = "handed_back"
) -> Interaction:
    """Out of a representative's hands and back to its old place; `event` is `handed_back` or `withdrawn`."""
    interaction, assignment = await locked_with_live(session, interaction_id)
    if assignment is None or not INTERACTION.allows(interaction.state, event):
        return interaction
    advance(session, interaction, event, now=now, actor=actor, data=_fact(assignment, reason=reason))
    await end_assignment(session, assignment, event, now=now, reason=reason)
    await command(session, interaction, event, reason=str(assignment.id), payload={}, now=now)
    await session.flush()
    return interaction


def prefer(interaction: Interaction, representative: str | None, *, now: datetime) -> None:
    """Hold the interaction for one representative for a limited time; None holds it for nobody."""
    interaction.preferred = representative
    interaction.preferred_until = now + timedelta(seconds=PREFERRED_SECONDS) if representative else None


def _due(interaction: Interaction, queue: Queue, *, start: datetime) -> datetime:
    head_start = min(interaction.head_start_seconds, queue.head_start_cap_seconds)
    return start + timedelta(seconds=queue.target_seconds - head_start)


def _fact(assignment: Assignment | None, *, reason: str | None) -> dict[str, str]:
    fact = {"reason": reason} if reason else {}
    if assignment is not None:
        fact |= {"assignment": str(assignment.id), "representative": assignment.representative}
    return fact


async def _queue(session: AsyncSession, code: str | None) -> Queue:
    queue = await session.get(Queue, code) if code is not None else None
    if queue is None:
        raise Invalid(f"There is no queue {code!r}.", code="unknown_queue")
    return queue


async def _needed_by_all(session: AsyncSession, queue: str) -> dict[str, int]:
    """The skills that every request of this queue needs, at the lowest level asked for.

    What was asked for at first says nothing about another line: nobody there might ever have those skills.
    """
    asked = list((await session.exec(select(RequestType.skills).where(RequestType.queue == queue))).all())
    if not asked:
        return {}
    shared = set.intersection(*(set(skills) for skills in asked))
    return {skill: min(skills[skill] for skills in asked) for skill in sorted(shared)}


async def _known(session: AsyncSession, code: str) -> None:
    representative = await session.get(Representative, code)
    if representative is None or representative.retired:
        raise Invalid(f"There is no representative {code!r}.", code="unknown_representative")
    if representative.presence == "offline":
        raise Conflict("This representative is not on shift.", code="not_on_shift")
