"""Words on an interaction: an answer to the customer, or a note for colleagues.

Decides who may write, and how an answer's letter is known again when the customer replies. It never sends: the outbox
does.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app import registry
from app.actions.command import command
from app.actions.record import advance, locked_with_live, mine, once_mine
from app.db import uuid7
from app.errors import Conflict
from app.security import Actor
from app.tables import Case, Interaction, Message

REFERENCES_AT_MOST = 20


async def write(
    session: AsyncSession,
    interaction_id: UUID,
    *,
    direction: Literal["out", "note"],
    subject: str | None,
    body: str,
    actor: Actor,
    now: datetime,
) -> Message:
    """Add the message; an answer goes into the outbox. Raises `Conflict` where nobody serves, or the channel sends none."""
    interaction, assignment = await locked_with_live(session, interaction_id)
    if direction == "out" or assignment is not None:
        mine(assignment, actor)
    else:
        await once_mine(session, interaction, actor)
    message = Message(
        id=uuid7(),
        interaction_id=interaction.id,
        case_id=interaction.case_id,
        direction=direction,
        author=actor.representative or (assignment.representative if assignment else None),
        subject=subject or interaction.subject,
        body=body,
        at=now,
    )
    if direction == "out":
        message.reference = await _send(session, interaction, message, now=now)
    event = "answered" if direction == "out" else "noted"
    advance(session, interaction, event, now=now, actor=actor, data={"message": str(message.id)})
    session.add(message)
    await session.flush()
    return message


async def _send(session: AsyncSession, interaction: Interaction, message: Message, *, now: datetime) -> str | None:
    earlier = select(Message.reference).where(
        Message.case_id == interaction.case_id, col(Message.reference).is_not(None)
    )
    references = (await session.exec(earlier.order_by(col(Message.at).desc()).limit(REFERENCES_AT_MOST))).all()
    case = await session.get_one(Case, interaction.case_id)
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
