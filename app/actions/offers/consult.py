"""A colleague is asked first, and takes over if they agree: the warm way to hand somebody on.

Decides how the question waits (an interaction of its own on the same case, never live, offered to whoever is asked) and that
the customer goes from one pair of hands to the other in one step, guarded like any offer. Their clock never restarts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.line.filing import lands_in, refile
from app.actions.line.requeue import on_shift
from app.actions.line.waited import CONSULTED
from app.actions.offers.accept import take
from app.actions.offers.assign import fits, give
from app.actions.offers.release import end_assignment
from app.actions.offers.serving import lacks
from app.actions.outward.command import CONSOLE, command
from app.actions.record import advance, locked, locked_with_live, mine
from app.actions.representatives.bar import AT_MOST
from app.actions.representatives.presence import let_go_of_offers
from app.db import uuid7
from app.errors import Conflict, Invalid, NotFound
from app.security import Actor
from app.tables import Assignment, Interaction, Receipt, Representative

SOURCE: Final = "consultation"
"""Who vouches for a contact that we made ourselves."""


async def consult(
    session: AsyncSession,
    interaction_id: UUID,
    *,
    representative: str | None,
    queue: str | None,
    reason: str | None,
    actor: Actor,
    now: datetime,
) -> Interaction:
    """Ask a colleague, or whoever is free in a queue, about a contact that is being served; returns the question.

    Raises `Conflict` (`illegal_transition`, `not_on_shift`, `cannot_serve`), `Invalid`, `Forbidden`.
    """
    if queue is None and representative is None:
        raise Invalid("Say whom to ask: a representative or a queue.", code="no_target")
    interaction, assignment = await locked_with_live(session, interaction_id)
    mine(assignment, actor)
    target = await lands_in(session, interaction, queue or interaction.queue or "")
    chosen = await on_shift(session, representative) if representative is not None else None
    if assignment is not None and representative == assignment.representative:
        raise Invalid("They serve it themselves.", code="no_target")
    question = _question(interaction, asker=assignment, preferred=representative, now=now)
    fact = {"consultation": str(question.id), **({"reason": reason} if reason else {})}
    advance(session, interaction, "consulted", now=now, actor=actor, data=fact)
    session.add(question)
    advance(session, question, "queued", now=now, actor=actor, data={"queue": target, "consults": str(interaction.id)})
    filing = await refile(session, question, queue=target, start=now, now=now)
    if chosen is not None and (lack := lacks(chosen, question, filing, now=now)):
        raise Conflict(f"This representative could not be asked there: {lack}.", code="cannot_serve")
    session.add(Receipt(source=SOURCE, channel=CONSOLE, ref=str(question.id), interaction_id=question.id, at=now))
    await session.flush()
    return question


async def hand_over(
    session: AsyncSession, interaction_id: UUID, *, consultation: UUID, reason: str | None, actor: Actor, now: datetime
) -> Interaction:
    """The colleague who was asked takes over at once; the question is answered with it.

    Raises `Conflict` (`illegal_transition`, `no_consultation`, `barred`, `on_a_call`, `over_capacity`), `NotFound`,
    `Forbidden`.
    """
    pair = await _locked(session, interaction_id, consultation)
    mine(pair.giver, actor)
    interaction, to = pair.interaction, pair.taker.representative
    fact = {"reason": reason} if reason else {}
    fact |= {"queue": interaction.queue or "", "preferred": to, "consultation": str(consultation), **_of(pair.giver)}
    advance(session, interaction, "transferred", now=now, actor=actor, data=fact)
    advance(
        session, pair.question, "completed", now=now, actor=actor, data={"outcome": "taken_over", **_of(pair.taker)}
    )
    await _lock_both(session, pair.giver.representative, to)
    await end_assignment(session, pair.giver, "transferred", now=now, reason=reason)
    await end_assignment(session, pair.taker, "completed", now=now, reason="taken_over")
    await command(session, interaction, "transferred", reason=str(pair.giver.id), payload={}, now=now)
    chosen = await locked(session, Representative, to)
    _check(interaction, chosen)
    interaction.preferred, interaction.excluded = to, []
    made = await give(session, interaction, chosen, override=None, actor=actor, now=now)
    if await take(session, interaction, made, actor=actor, now=now):
        await let_go_of_offers(session, to, actor=actor, now=now)
    return interaction


@dataclass(frozen=True, kw_only=True, slots=True)
class _Pair:
    """A contact and the question about it, each with whoever holds it, all locked."""

    interaction: Interaction
    question: Interaction
    giver: Assignment
    taker: Assignment


async def _locked(session: AsyncSession, interaction_id: UUID, consultation: UUID) -> _Pair:
    rows: dict[UUID, Interaction] = {}
    for each in sorted({interaction_id, consultation}):
        rows[each] = await locked(session, Interaction, each)
    asked = select(Assignment).where(col(Assignment.interaction_id).in_(rows), col(Assignment.ended_at).is_(None))
    asked = asked.order_by(col(Assignment.id)).with_for_update(key_share=True)
    found = await session.exec(asked.execution_options(populate_existing=True))
    held = {each.interaction_id: each for each in found}
    question, interaction = rows[consultation], rows[interaction_id]
    if question.attributes.get(CONSULTED) != str(interaction_id):
        raise NotFound(f"There is no consultation {consultation} about this interaction.")
    if question.state != "active" or consultation not in held:
        raise Conflict("Nobody is being consulted (any more).", code="no_consultation")
    if interaction.state != "active" or interaction_id not in held:
        raise Conflict(f"This interaction is {interaction.state}; nobody hands it on.", code="illegal_transition")
    return _Pair(interaction=interaction, question=question, giver=held[interaction_id], taker=held[consultation])


async def _lock_both(session: AsyncSession, *codes: str) -> None:
    """Representatives by code, before the first of the two is written."""
    asked = select(Representative.code).where(col(Representative.code).in_(codes)).order_by(col(Representative.code))
    await session.exec(asked.with_for_update(key_share=True))


def _check(interaction: Interaction, chosen: Representative) -> None:
    """They said yes themselves, so neither a rest nor being away keeps them from it; a limit does."""
    if chosen.code in interaction.barred:
        raise Conflict("This customer is never to meet this representative.", code="barred")
    if interaction.live and chosen.live > 0:
        raise Conflict("They are with another customer.", code="on_a_call")
    if not fits(interaction, chosen):
        raise Conflict("They hold as much as they may.", code="over_capacity")


def _question(
    interaction: Interaction, *, asker: Assignment | None, preferred: str | None, now: datetime
) -> Interaction:
    identity = uuid7()
    return Interaction(
        id=identity,
        case_id=interaction.case_id,
        customer_id=interaction.customer_id,
        channel=CONSOLE,
        contact=str(identity),
        state="arriving",
        queue=None,
        office=None,
        live=False,
        units=1,
        arrived_at=now,
        state_at=now,
        preferred=preferred,
        # Never, and not only for a while: an exclusion lapses, and whoever asks has no answer.
        barred=[*interaction.barred, asker.representative][-AT_MOST:] if asker is not None else [*interaction.barred],
        attributes={CONSULTED: str(interaction.id)},
        version=0,
    )


def _of(assignment: Assignment | None) -> dict[str, Any]:
    if assignment is None:
        return {}
    return {"assignment": str(assignment.id), "representative": assignment.representative}
