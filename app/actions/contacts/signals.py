"""What a signal about a contact that is already here does to it: it chose, wrote, left, returned, ended, failed.

Decides by the signal's kind and the interaction's state. Signals may come in any order and any number of times: a receipt
makes each count once, and what no longer fits the state changes nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.contacts.admission import Entry
from app.actions.contacts.arrival import Arrival, RulesMovedOn
from app.actions.contacts.cases import hear, over, survivor
from app.actions.contacts.depart import depart
from app.actions.line.entering import REOPENED, Comer, Entered, enter
from app.actions.line.filing import refile
from app.actions.line.requeue import come_back, hand_back, wake
from app.actions.line.ruled import ruled
from app.actions.outward.command import key_of
from app.actions.record import advance, locked, locked_with_live
from app.db import uuid7
from app.queries.rules import live_version, raw
from app.security import SYSTEM, Actor
from app.tables import Case, Interaction, Message, Outbox, Receipt
from channels.base import Connected, Delivered, Disconnected, Ended, Failed, Left, Returned, Wrote
from routing.lifecycle import INTERACTION, OVER_STATES
from routing.plan import Cause, back_off

Later = Left | Returned | Connected | Disconnected | Ended | Failed
"""Signals about a contact that is known by its name."""


async def claim(
    session: AsyncSession,
    *,
    source: str,
    channel: str,
    ref: str,
    interaction_id: UUID | None,
    now: datetime,
    digest: str | None = None,
) -> bool:
    """Take the receipt of one report; False: it was taken before, and the report must do nothing."""
    row = {
        "source": source,
        "channel": channel,
        "ref": ref,
        "interaction_id": interaction_id,
        "digest": digest,
        "at": now,
    }
    made = insert(Receipt).values(**row).on_conflict_do_nothing().returning(col(Receipt.ref))
    return (await session.exec(cast("Any", made))).first() is not None


async def choose(
    session: AsyncSession, interaction_id: UUID, arrival: Arrival, *, language: str | None, actor: Actor, now: datetime
) -> Entered | None:
    """The contact has said what it wants: from the menu into the line, or turned away. Said already, or gone meanwhile: None.

    `language`: the one that was said now; None leaves what was said before. Raises `RulesMovedOn`: the caller's transaction
    is to be given up.
    """
    interaction = await locked(session, Interaction, interaction_id)
    if interaction.state != "arriving" or arrival.request is None:
        return None
    if await live_version(await raw(session)) != arrival.door.catalogue.rules.version:
        raise RulesMovedOn
    case = await locked(session, Case, interaction.case_id)
    case.request_type = case.request_type or arrival.request.code
    interaction.request_type = arrival.request.code
    interaction.language = language or interaction.language
    entry = arrival.entering(interaction.id, interaction.language or arrival.language)
    assert entry is not None, "it asks for something"
    await session.flush()
    (entered,) = await enter(await raw(session), [_comer(interaction, entry, arrival)], now=now)
    if entered.entry.turned_away:
        interaction.queue, interaction.rules_version = entry.pattern.queue, entry.rules.version
        advance(session, interaction, "turned_away", now=now, actor=actor, data=entered.fact())
    else:
        await _stand_in_line(session, interaction, entered, actor=actor, now=now)
    return entered


def _comer(interaction: Interaction, entry: Entry, arrival: Arrival) -> Comer:
    """All reasons that either report gave, and what the row has already: the head start of a reopened case."""
    reopened = REOPENED in interaction.head_start_reasons
    return Comer(
        id=interaction.id,
        entry=entry,
        actor=arrival.actor,
        reply_to=interaction.reply_to,
        customer_id=interaction.customer_id,
        case_id=interaction.case_id,
        claims=sorted({*interaction.head_start_reasons, *arrival.claims} - {REOPENED}),
        reopened_seconds=interaction.head_start_seconds if reopened else None,
    )


async def _stand_in_line(
    session: AsyncSession, interaction: Interaction, entered: Entered, *, actor: Actor, now: datetime
) -> None:
    interaction.head_start_seconds, interaction.head_start_reasons = entered.head_start_seconds, list(entered.reasons)
    interaction.preferred = entered.record.preferred if entered.preferred_seconds > 0 else None
    interaction.barred = list(entered.record.barred)
    entry = entered.entry
    await refile(session, interaction, queue=entry.pattern.queue, start=entered.start, now=now, rules=entry.rules)
    advance(session, interaction, "queued", now=now, actor=actor, data=entered.fact())
    if entry.callback and interaction.reply_to is not None:
        interaction.callback = True
        advance(session, interaction, "callback_requested", now=now, actor=actor, data={"offered": True})


async def append(session: AsyncSession, interaction_id: UUID, wrote: Wrote, *, actor: Actor, now: datetime) -> bool:
    """A message to an open interaction: kept with it, and wakes it. False: it or its case is over; it needs a new one."""
    interaction = await locked(session, Interaction, interaction_id)
    if interaction.state in OVER_STATES or await _stays_closed(session, interaction.case_id, now=now):
        return False
    message = Message(
        id=uuid7(),
        interaction_id=interaction.id,
        case_id=interaction.case_id,
        direction="in",
        subject=wrote.subject,
        body=wrote.body,
        reference=wrote.ref,
        at=now,
        attributes={**wrote.attributes, "content": wrote.content, "automatic": wrote.automatic},
    )
    session.add(message)
    advance(session, interaction, "wrote", now=now, actor=actor, data={"message": str(message.id)})
    await session.flush()
    if not wrote.automatic:
        await wake(session, interaction_id, actor=actor, now=now)
        await _case_heard(session, interaction.case_id, actor=actor, now=now)
    return True


async def happen(session: AsyncSession, interaction_id: UUID, signal: Later, *, actor: Actor, now: datetime) -> None:
    """Do what the signal means to the interaction as it stands."""
    await _MEANING[type(signal)](session, interaction_id, signal, actor, now)


async def undelivered(session: AsyncSession, interaction_id: UUID, *, key: str, now: datetime) -> None:
    """A command will never reach its goal. If it called for whoever serves now, the customer is not left waiting for them."""
    await _failed(session, interaction_id, Failed(ref=key, key=key, reason="unreachable"), SYSTEM, now)


async def settle(session: AsyncSession, signal: Delivered | Failed, *, now: datetime) -> UUID | None:
    """A command's fate, told by the edge: marks it in the outbox and names its interaction; None: no such command."""
    found = await session.exec(select(Outbox).where(Outbox.dedupe_key == signal.key).with_for_update())
    row = found.one_or_none()
    if row is None:
        return None
    if isinstance(signal, Failed):
        row.state, row.reason = "failed", signal.reason
    elif row.state != "failed":  # a letter may bounce after it was taken, or the two reports may change places
        row.state, row.reason = "sent", None
    row.done_at = row.done_at or now
    session.add(row)
    return row.interaction_id


async def _departed(session: AsyncSession, interaction_id: UUID, signal: Any, actor: Actor, now: datetime) -> None:
    await depart(session, interaction_id, reason=signal.reason, actor=actor, now=now)


async def _returned(session: AsyncSession, interaction_id: UUID, _: Any, actor: Actor, now: datetime) -> None:
    await come_back(session, interaction_id, actor=actor, now=now)


async def _connected(session: AsyncSession, interaction_id: UUID, _: Any, actor: Actor, now: datetime) -> None:
    interaction = await locked(session, Interaction, interaction_id)
    if INTERACTION.allows(interaction.state, "connected"):
        advance(session, interaction, "connected", now=now, actor=actor)


async def _disconnected(session: AsyncSession, interaction_id: UUID, signal: Any, actor: Actor, now: datetime) -> None:
    """The talk is over, and the contact with it; but who was handed on meanwhile is still there and waits."""
    interaction = await locked(session, Interaction, interaction_id)
    if INTERACTION.allows(interaction.state, "ended"):
        await depart(session, interaction_id, reason=signal.reason, actor=actor, now=now)


async def _failed(session: AsyncSession, interaction_id: UUID, signal: Any, actor: Actor, now: datetime) -> None:
    """The representative's line did not answer: back to the old place, rested by the cause.

    A failure that names its command counts only if it is the one that called for this very representative: a letter that
    bounced, or the line of somebody before, takes nothing out of anybody's hands.
    """
    interaction, assignment = await locked_with_live(session, interaction_id)
    if interaction.state != "active" or assignment is None:
        return
    if signal.key is not None and signal.key != key_of("accepted", str(assignment.id)):
        return
    interaction.misses += 1
    cause = cast("Cause", signal.reason if signal.reason != "refused" else "unreachable")
    first_seconds = (await ruled(session, interaction)).back_off_seconds.get(cause)
    rest = back_off(cause, interaction.misses, first_seconds=first_seconds)
    interaction.not_before = now + timedelta(seconds=rest)
    await session.flush()
    await hand_back(session, interaction_id, reason=signal.reason, actor=actor, now=now)


async def _stays_closed(session: AsyncSession, case_id: UUID, *, now: datetime) -> bool:
    """Whether the case may not be opened again; read only, since its lock is the last to be taken."""
    case = await session.get_one(Case, case_id)
    return over(case if case.merged_into is None else await session.get_one(Case, case.merged_into), now=now)


async def _case_heard(session: AsyncSession, case_id: UUID, *, actor: Actor, now: datetime) -> None:
    hear(session, await survivor(session, case_id), actor=actor, now=now)


_Meaning = Callable[[AsyncSession, UUID, Any, Actor, datetime], Awaitable[None]]

_MEANING: dict[type, _Meaning] = {
    Left: _departed,
    Ended: _departed,
    Returned: _returned,
    Connected: _connected,
    Disconnected: _disconnected,
    Failed: _failed,
}
