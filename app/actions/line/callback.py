"""A caller who need not stay on the line: the place is kept, and whoever takes it calls them.

Decides what asking for a callback means by where the interaction stands, and what becomes of one whom nobody reaches. A
callback is given to somebody before anyone is called, so there are never more under way than people who hold them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.line.filing import lands_in, refile
from app.actions.line.ruled import ruled
from app.actions.line.waited import count_wait
from app.actions.offers.release import end_assignment
from app.actions.outward.command import command
from app.actions.record import advance, locked_with_live, mine
from app.errors import Conflict, Invalid
from app.security import SYSTEM, Actor
from app.tables import Assignment, EventRow, Interaction

Unreached = Literal["no_answer", "busy", "unreachable"]
AHEAD_DAYS: Final = 90
"""So far ahead a callback may be asked for."""
_WAITING_FOR_IT: Final = frozenset({"queued", "offered", "scheduled"})


async def request_callback(
    session: AsyncSession,
    interaction_id: UUID,
    *,
    number: str | None,
    at: datetime | None,
    actor: Actor,
    now: datetime,
) -> Interaction:
    """Keep the place of one who waits, or put it off until `at`, and call back on `number` (else the one they called from).

    Asked for as it stands already: the same row, nothing written. Raises `Conflict` (`not_live`, `illegal_transition`),
    `Invalid` (`no_number`, `too_far`). A moment that is over means as soon as possible.
    """
    interaction, assignment = await locked_with_live(session, interaction_id)
    mine(assignment, actor)
    if at is not None and at > now + timedelta(days=AHEAD_DAYS):
        raise Invalid(f"`at` is more than {AHEAD_DAYS} days ahead.", code="too_far")
    if not interaction.live:
        raise Conflict("Nobody waits on a line here: this is answered in writing.", code="not_live")
    at = at if at is not None and at > now else None
    number = number or interaction.reply_to
    if number is None:
        raise Invalid("Say on which number: this caller's own is not known.", code="no_number")
    if _asked_already(interaction, number, at) and not await may_be_on_the_line(session, interaction):
        return interaction
    if interaction.state not in _WAITING_FOR_IT:
        raise Conflict(f"This interaction is {interaction.state}; nobody waits here.", code="illegal_transition")
    if at is None:
        await _as_soon_as_possible(session, interaction, actor=actor, now=now)
    else:
        await _postpone(session, interaction, assignment, at=at, actor=actor, now=now)
    interaction.callback, interaction.reply_to = True, number
    await session.flush()
    return interaction


async def offer_callback(session: AsyncSession, interaction: Interaction, *, now: datetime) -> bool:
    """No step has helped a locked, queued interaction: tell the caller they may hang up. False: there is no way to call them."""
    if interaction.callback:
        return True
    if not interaction.live or interaction.reply_to is None:
        return False
    advance(session, interaction, "callback_requested", now=now, actor=SYSTEM, data={"offered": True})
    interaction.callback = True
    payload = {"number": interaction.reply_to}
    await command(session, interaction, "callback_requested", reason=str(interaction.id), payload=payload, now=now, call="offer_callback")  # fmt: skip
    return True


async def hung_up(session: AsyncSession, interaction: Interaction, *, actor: Actor, now: datetime) -> bool:
    """A locked interaction's caller is off the line. True: it was the line they waited on, and they are called back.

    Who was told that they may hang up may do so in the moment in which somebody takes them: that ends no talk.
    """
    last = await _last_word(session, interaction)
    waits = interaction.state in _WAITING_FOR_IT
    if "hung_up" in last or not (waits or (interaction.state == "active" and "offered" not in last)):
        return waits
    advance(session, interaction, "callback_requested", now=now, actor=actor, data={"hung_up": True})
    await session.flush()
    return True


async def may_be_on_the_line(session: AsyncSession, interaction: Interaction) -> bool:
    """Whether a callback was only offered so far: the caller neither asked for it nor hung up since."""
    return "offered" in await _last_word(session, interaction)


async def unreached(
    session: AsyncSession, interaction_id: UUID, *, result: Unreached, actor: Actor, now: datetime
) -> Interaction:
    """Called, and nobody answered: back to the old place after a gap, or given up after the last attempt.

    Raises `Conflict` (`no_callback`, `illegal_transition`), `Forbidden`.
    """
    interaction, assignment = await locked_with_live(session, interaction_id)
    mine(assignment, actor)
    if not interaction.callback:
        raise Conflict("This caller is not called back.", code="no_callback")
    rule = (await ruled(session, interaction)).callback
    attempt = interaction.callback_attempts + 1
    event, reason = ("unreached", result) if attempt < rule.attempts else ("no_show", "unreached")
    fact: dict[str, Any] = {"reason": reason, "result": result, "attempt": attempt, **_of(assignment)}
    advance(session, interaction, event, now=now, actor=actor, data=fact)
    interaction.callback_attempts = attempt
    if event == "unreached":
        interaction.not_before = now + timedelta(seconds=rule.gap_seconds)
    else:
        interaction.wake_at = None
    if assignment is not None:
        await end_assignment(session, assignment, event, now=now, reason=reason)
    await session.flush()
    return interaction


async def _as_soon_as_possible(session: AsyncSession, interaction: Interaction, *, actor: Actor, now: datetime) -> None:
    advance(session, interaction, "callback_requested", now=now, actor=actor)
    if interaction.state == "scheduled":
        queue = await lands_in(session, interaction, interaction.queue or "")
        advance(session, interaction, "queued", now=now, actor=actor, data={"queue": queue})
        interaction.wake_at = None
        await refile(session, interaction, queue=queue, start=now, now=now)


async def _postpone(
    session: AsyncSession,
    interaction: Interaction,
    assignment: Assignment | None,
    *,
    at: datetime,
    actor: Actor,
    now: datetime,
) -> None:
    """Out of the line until then; who is being offered it this moment is let go."""
    fact = {"at": at.isoformat()}
    if interaction.state == "scheduled":
        advance(session, interaction, "callback_requested", now=now, actor=actor, data=fact)
    else:
        if interaction.state == "offered" and assignment is not None:
            told = {"reason": "postponed", **_of(assignment)}
            advance(session, interaction, "withdrawn", now=now, actor=actor, data=told)
            await end_assignment(session, assignment, "withdrawn", now=now, reason="postponed")
        advance(session, interaction, "postponed", now=now, actor=actor, data=fact)
        await count_wait(session, interaction, until=now)
    interaction.wake_at = at


async def _last_word(session: AsyncSession, interaction: Interaction) -> Mapping[str, Any]:
    """What was said of the callback last: it was `offered`, the caller `hung_up`, or neither: they asked for it."""
    said = select(EventRow.data).where(
        EventRow.subject == "interaction",
        EventRow.subject_id == str(interaction.id),
        col(EventRow.kind).in_(("callback_requested", "postponed")),
    )
    return (await session.exec(said.order_by(col(EventRow.version).desc()).limit(1))).first() or {}


def _asked_already(interaction: Interaction, number: str, at: datetime | None) -> bool:
    if not interaction.callback or interaction.reply_to != number:
        return False
    return interaction.wake_at == at if interaction.state == "scheduled" else at is None


def _of(assignment: Assignment | None) -> dict[str, str]:
    if assignment is None:
        return {}
    return {"assignment": str(assignment.id), "representative": assignment.representative}
