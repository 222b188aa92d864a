"""An interaction goes back to the line, or to another one. The customer's clock never restarts.

Decides when the clock of whoever stands in line again began: when they first stood there, but for those who slept (parked),
whose clock starts at the wake-up, and for those who gave up and came back too late. How they wait from then on, the rules say.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.line.escalate import escalate
from app.actions.line.filing import lands_in, refile
from app.actions.line.ruled import ruled
from app.actions.offers.release import end_assignment
from app.actions.offers.serving import lacks
from app.actions.outward.command import command
from app.actions.record import advance, locked_with_live, mine, once_mine
from app.actions.representatives.hear_of_bars import hear_of_bars
from app.errors import Conflict, Invalid
from app.queries.line.known import RESUMED
from app.security import Actor
from app.tables import Assignment, Interaction, Receipt, Representative
from routing.lifecycle import INTERACTION


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
    """Move it to another queue, to a named representative, or both; raises `Invalid`, `Conflict`, `Forbidden`.

    A named representative gets it alone for as long as the queue's rule says, then everybody may. `cannot_serve`: they lack
    what is needed there.
    """
    if queue is None and representative is None:
        raise Invalid("Say where to: a queue, a representative, or both.", code="no_target")
    interaction, assignment = await locked_with_live(session, interaction_id)
    mine(assignment, actor)
    target = await lands_in(session, interaction, queue or interaction.queue or "")
    chosen = await on_shift(session, representative) if representative is not None else None
    fact = _fact(assignment, reason=reason) | {"queue": target}
    if representative is not None:
        fact["preferred"] = representative
    advance(session, interaction, "transferred", now=now, actor=actor, data=fact)
    interaction.preferred = representative
    filing = await refile(session, interaction, queue=target, start=interaction.queued_at or now, now=now)
    if chosen is not None and (lack := lacks(chosen, interaction, filing, now=now)):
        raise Conflict(f"This representative could not serve it there: {lack}.", code="cannot_serve")
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
    queue = await lands_in(session, interaction, interaction.queue or "")
    advance(session, interaction, "woken", now=now, actor=actor, data=elsewhere(interaction, queue))
    interaction.wake_at = None
    await refile(session, interaction, queue=queue, start=now, now=now)
    await session.flush()
    return interaction


async def come_back(session: AsyncSession, interaction_id: UUID, *, actor: Actor, now: datetime) -> Interaction:
    """Who left and returns: within the grace time at the old place, later at the end of the line.

    So does one whose place was taken up under a new name meanwhile: it is theirs once.
    """
    interaction, _ = await locked_with_live(session, interaction_id)
    if not INTERACTION.allows(interaction.state, "returned") or interaction.queue is None:
        return interaction
    grace = timedelta(seconds=(await ruled(session, interaction)).grace_seconds)
    in_time = now - interaction.state_at <= grace and not await _taken_up(session, interaction)
    queue = await lands_in(session, interaction, interaction.queue)
    fact = {"in_time": in_time, **elsewhere(interaction, queue)}
    advance(session, interaction, "returned", now=now, actor=actor, data=fact)
    start = (interaction.queued_at or now) if in_time else now
    # Who was given up on the telephone stands here now: nobody calls them any more.
    interaction.callback, interaction.callback_attempts = False, 0
    await refile(session, interaction, queue=queue, start=start, now=now)
    await hear_of_bars(session, interaction, actor=actor, now=now)
    await session.flush()
    return interaction


def elsewhere(interaction: Interaction, queue: str) -> dict[str, str]:
    """What its event tells where it goes on waiting in another queue: its own is split by now."""
    return {} if queue == interaction.queue else {"queue": queue}


async def _taken_up(session: AsyncSession, interaction: Interaction) -> bool:
    """Whether somebody has its place; whoever takes it holds the row's lock, as we do."""
    name = RESUMED, interaction.channel, str(interaction.id)
    return await session.get(Receipt, name, populate_existing=True) is not None


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
    await escalate_missed(session, interaction, now=now)
    await session.flush()
    return interaction


async def escalate_missed(session: AsyncSession, interaction: Interaction, *, now: datetime) -> None:
    """Tell a supervisor of a locked, queued interaction that was missed as often in a row as its queue allows."""
    rule = await ruled(session, interaction)
    if interaction.misses >= rule.offers_at_most:
        escalate(session, interaction, reason="missed_offers", rest_seconds=rule.supervisor_seconds, now=now)


async def on_shift(session: AsyncSession, code: str) -> Representative:
    """A representative something may be held for; raises `Invalid` (`unknown_representative`), `Conflict` (`not_on_shift`)."""
    representative = await session.get(Representative, code)
    if representative is None or representative.retired:
        raise Invalid(f"There is no representative {code!r}.", code="unknown_representative")
    if representative.presence == "offline":
        raise Conflict("This representative is not on shift.", code="not_on_shift")
    return representative


def _fact(assignment: Assignment | None, *, reason: str | None) -> dict[str, str]:
    fact = {"reason": reason} if reason else {}
    if assignment is not None:
        fact |= {"assignment": str(assignment.id), "representative": assignment.representative}
    return fact
