"""A supervisor gives an interaction to somebody by hand: an offer like any other, out of turn.

Decides whom it may be given to: anybody who is there and not barred. What is more than they may hold, or than their hour
allows, needs a reason on record; two calls at once nobody gets, whatever the reason.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.line.ruled import OFFER_SECONDS
from app.actions.record import advance, locked, locked_with_live
from app.db import uuid7
from app.errors import Conflict, Invalid
from app.queries.rules import rules_for
from app.security import Actor
from app.tables import Assignment, Interaction, Representative
from routing.lifecycle import ASSIGNMENT, NEW


async def assign(
    session: AsyncSession,
    interaction_id: UUID,
    *,
    representative: str,
    override: str | None,
    actor: Actor,
    now: datetime,
) -> Assignment:
    """Offer it to them. Offered to them already: that offer. `override` is the reason for going past a limit.

    Raises `Conflict` (`illegal_transition`, `barred`, `not_on_shift`, `not_available`, `resting`, `over_capacity`,
    `on_a_call`), `Invalid` (`unknown_representative`).
    """
    interaction, held = await locked_with_live(session, interaction_id)
    if held is not None and held.state == "offered" and held.representative == representative:
        return held
    chosen = await session.get(Representative, representative)
    if chosen is None or chosen.retired:
        raise Invalid(f"There is no representative {representative!r}.", code="unknown_representative")
    chosen = await locked(session, Representative, representative)
    may_be_given(interaction, chosen, override=override, now=now)
    return await give(session, interaction, chosen, override=override, actor=actor, now=now)


def may_be_given(
    interaction: Interaction, representative: Representative, *, override: str | None, now: datetime
) -> None:
    """Raises `Conflict` where a locked representative must not get a locked interaction, even by hand."""
    if representative.code in interaction.barred:
        raise Conflict("This customer is never to meet this representative.", code="barred")
    if representative.presence == "offline":
        raise Conflict("This representative is not on shift.", code="not_on_shift")
    if representative.presence != "available":
        raise Conflict("This representative is away.", code="not_available")
    if interaction.live and representative.live > 0:
        raise Conflict("They are with another customer.", code="on_a_call")
    if override is not None:
        return
    if representative.resting_until is not None and representative.resting_until > now:
        raise Conflict("They have taken as many as their hour or day allows; say why one more.", code="resting")
    if not fits(interaction, representative):
        raise Conflict("They hold as much as they may; say why more.", code="over_capacity")


def fits(interaction: Interaction, representative: Representative) -> bool:
    """Whether it fits beside what a representative holds now, by the rules it was filed by."""
    alone = not interaction.live and interaction.routing.get("beside_live") is False
    if representative.live > 0 and (interaction.live or alone):
        return False
    units = units_of(interaction)
    return units == 0 or representative.units + units <= representative.capacity


def units_of(interaction: Interaction) -> int:
    """The units it takes while it is offered and served: live work that may interrupt takes none."""
    return 0 if interaction.live and interaction.routing.get("interrupts") else interaction.units


async def give(
    session: AsyncSession,
    interaction: Interaction,
    representative: Representative,
    *,
    override: str | None,
    actor: Actor,
    now: datetime,
) -> Assignment:
    """The offer itself, of a locked and queued interaction to a locked representative."""
    # Whoever waited for a lock read the clock before what happened meanwhile; an offer is not made before that.
    at = max(now, interaction.state_at)
    # As the dispatcher's offers: how long one stands concerns whoever serves, and follows the live rules at once.
    rule = (await rules_for(session)).queues.get(interaction.queue or "")
    timeout = timedelta(seconds=rule.offer_timeout_seconds if rule is not None else OFFER_SECONDS)
    made = Assignment(
        id=uuid7(),
        interaction_id=interaction.id,
        representative=representative.code,
        state=ASSIGNMENT.after(NEW, "offered"),
        live=interaction.live,
        units=units_of(interaction),
        offered_at=at,
        expires_at=at + timeout,
    )
    fact = {
        "assignment": str(made.id),
        "representative": representative.code,
        "expires_at": made.expires_at.isoformat(),
        "by": actor.label,
        **({"override": override} if override else {}),
    }
    advance(session, interaction, "offered", now=at, actor=actor, data=fact)
    representative.live += int(interaction.live)
    representative.units += made.units
    # Past the capacity only with a reason on record: the row's last net is raised for it, and sinks with the load.
    representative.ceiling = max(representative.ceiling, representative.units)
    session.add(made)
    session.add(representative)
    await session.flush()
    return made
