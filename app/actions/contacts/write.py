"""Words on an interaction: an answer to the customer, or a note for colleagues.

Decides who may write, whether a second person must look before an answer leaves, and how its letter is known again when the
customer replies. It never sends: the outbox does. `attributes.held` of a message means that it has not left.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app import registry
from app.actions.cases.awaiting import await_customer
from app.actions.cases.gate import request_check
from app.actions.contacts.cases import survivor
from app.actions.outward.command import command
from app.actions.record import advance, locked_with_live, mine, once_mine
from app.db import uuid7
from app.errors import Conflict, Invalid
from app.queries.cases.families import family
from app.queries.rules import rules_for
from app.security import Actor
from app.tables import Case, Interaction, Message, SecondCheck
from routing.lifecycle import CASE

REFERENCES_AT_MOST = 20
SERVED = ("active", "wrapping")
"""States of an interaction in which somebody answers."""


async def write(
    session: AsyncSession,
    interaction_id: UUID,
    *,
    direction: Literal["out", "note"],
    subject: str | None,
    body: str,
    asks: str | None = None,
    actor: Actor,
    now: datetime,
) -> Message:
    """Add the message; an answer goes into the outbox, or is held until a second person has looked at it.

    `asks`: a code; the answer asks the customer for this, and their case waits for them from when it leaves. Raises `Conflict`
    where nobody serves, or the channel sends none, `Invalid` (`asks_nobody`) for a note that asks.
    """
    interaction, assignment = await locked_with_live(session, interaction_id)
    if direction == "out" or assignment is not None:
        mine(assignment, actor)
    else:
        await once_mine(session, interaction, actor)
    if asks is not None and direction == "note":
        raise Invalid("A note asks the customer for nothing.", code="asks_nobody")
    message = Message(
        id=uuid7(),
        interaction_id=interaction.id,
        case_id=interaction.case_id,
        direction=direction,
        author=actor.representative or (assignment.representative if assignment else None),
        subject=subject or interaction.subject,
        body=body,
        at=now,
        attributes={"asks": asks} if asks is not None else {},
    )
    if direction == "out":
        await _answer(session, interaction, message, actor=actor, now=now)
    else:
        advance(session, interaction, "noted", now=now, actor=actor, data={"message": str(message.id)})
    session.add(message)
    await session.flush()
    return message


async def release(
    session: AsyncSession,
    interaction: Interaction,
    case: Case,
    message: Message,
    *,
    check: SecondCheck,
    actor: Actor,
    now: datetime,
) -> None:
    """What was held leaves, whatever became of the contact meanwhile. The caller holds both locks. Raises `Conflict`."""
    message.attributes = {**{k: v for k, v in message.attributes.items() if k != "held"}, "checked": str(check.id)}
    message.at = now
    await _leave(session, interaction, case, message, check=check, actor=actor, now=now)
    session.add(message)
    await session.flush()


async def _answer(
    session: AsyncSession, interaction: Interaction, message: Message, *, actor: Actor, now: datetime
) -> None:
    if interaction.state not in SERVED:
        raise Conflict(f"This interaction is {interaction.state}; nobody serves it now.", code="illegal_transition")
    channel = registry.current().get(interaction.channel)
    if channel is None or "replied" not in channel.info.commands:
        raise Conflict("Nothing can be written to the customer on this channel.", code="channel_sends_nothing")
    case = await survivor(session, interaction.case_id)
    check = await request_check(
        session, case, await rules_for(session), before="message", representative=message.author, message=message,
        actor=actor, now=now,
    )  # fmt: skip
    if check is None:
        await _leave(session, interaction, case, message, check=None, actor=actor, now=now)
        return
    message.attributes = {**message.attributes, "held": str(check.id)}
    advance(session, interaction, "held", now=now, actor=actor, data=_fact(message, check))


async def _leave(
    session: AsyncSession,
    interaction: Interaction,
    case: Case,
    message: Message,
    *,
    check: SecondCheck | None,
    actor: Actor,
    now: datetime,
) -> None:
    message.reference = await _send(session, interaction, case, message, now=now)
    advance(session, interaction, "answered", now=now, actor=actor, data=_fact(message, check))
    asks = message.attributes.get("asks")
    if asks is not None and CASE.allows(case.state, "awaited"):
        await await_customer(session, case, cause=asks, actor=actor, now=now)


def _fact(message: Message, check: SecondCheck | None) -> dict[str, Any]:
    """What the event tells: never words. Of what was looked at also whose it is, since somebody else let it go."""
    fact: dict[str, Any] = {"message": str(message.id)}
    if message.attributes.get("asks") is not None:
        fact["asks"] = message.attributes["asks"]
    if check is not None:
        fact |= {"check": str(check.id), **({"representative": message.author} if message.author else {})}
    return fact


async def _send(
    session: AsyncSession, interaction: Interaction, case: Case, message: Message, *, now: datetime
) -> str | None:
    earlier = select(Message.reference).where(
        col(Message.case_id).in_(await family(session, case.id)), col(Message.reference).is_not(None)
    )
    references = (await session.exec(earlier.order_by(col(Message.at).desc()).limit(REFERENCES_AT_MOST))).all()
    payload = {
        "subject": message.subject,
        "body": message.body,
        "references": list(reversed(references)),
        "case_token": case.token,
    }
    sent = await command(session, interaction, "replied", reason=str(message.id), payload=payload, now=now)
    if sent is None:
        raise Conflict("Nothing can be written to the customer on this channel.", code="channel_sends_nothing")
    return registry.current()[interaction.channel].reference(sent)
