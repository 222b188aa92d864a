"""The work of a case that was opened again, back in line near the front: a new contact on it, by the way all contacts go.

Decides on which channel it waits and whom it is not offered first: whoever called it solved, while anybody else on shift could
take it. Head start, queue and needs are those of a contact that reopens a case (`app.actions.contacts.receive`). Nobody is turned away
here: the customer has been let in before.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app import registry
from app.actions.contacts.admission import Door
from app.actions.contacts.arrival import Arrival, RulesMovedOn, prepare
from app.actions.contacts.receive import Taken, receive
from app.actions.record import advance
from app.errors import Unavailable
from app.queries.cases.families import family
from app.queries.catalogue import Catalogue, catalogue
from app.queries.line.colleagues import others_could
from app.queries.rules import raw
from app.security import SYSTEM, Actor
from app.tables import Case, Interaction
from channels.base import Arrived, Info

SOURCE: Final = "reopening"
"""Who vouches for a contact that we made ourselves."""
CONSOLE: Final = "console"
ATTEMPTS: Final = 5
"""So often rules may be published while it is being written."""
_LAST: Final = 50
"""So many of the last contacts of a case are looked at for a way to answer."""


async def put_back(
    session: AsyncSession,
    case: Case,
    *,
    reason: str,
    avoid: str | None,
    via: str | None,
    words: str | None,
    actor: Actor,
    now: datetime,
) -> UUID:
    """Write the new contact of a locked case that was just opened; returns it. `case` is read anew.

    Raises `Unavailable` where rules are published faster than this can follow.
    """
    before = await _contacts(session, case)
    waited = await _waited(session, case)
    for _ in range(ATTEMPTS):
        found = await catalogue(await raw(session))
        arrival = _arrival(case, before, found, reason=reason, via=via, words=words, actor=actor)
        try:
            async with session.begin_nested():
                (taken,) = await receive(await raw(session), [replace(arrival, reopened_seconds=waited)])
            break
        except RulesMovedOn:
            continue
    else:
        raise Unavailable("The rules are changing at this moment. Try again.", retry_after_seconds=1)
    if not isinstance(taken, Taken):
        raise taken
    await session.refresh(case)
    if avoid is not None:
        await _withhold(session, taken.interaction_id, avoid, now=now)
    return taken.interaction_id


async def _withhold(session: AsyncSession, interaction_id: UUID, code: str, *, now: datetime) -> None:
    """Others are asked before this one, if there are any: for a while, as with one who declined."""
    if not await others_could(session, interaction_id, besides=[code]):
        return
    # Written in this very transaction: nobody else has seen it, and its lock is ours.
    interaction = await session.get_one(Interaction, interaction_id, populate_existing=True)
    advance(session, interaction, "withheld", now=now, actor=SYSTEM, data={"representative": code})
    interaction.not_before, interaction.excluded = now, [code]
    if interaction.preferred == code:
        interaction.preferred = interaction.preferred_until = None
    await session.flush()


async def _contacts(session: AsyncSession, case: Case) -> list[Interaction]:
    """The last contacts of the case's family, the newest first."""
    chosen = select(Interaction).where(col(Interaction.case_id).in_(await family(session, case.id)))
    newest = chosen.order_by(col(Interaction.arrived_at).desc(), col(Interaction.id).desc())
    return list((await session.exec(newest.limit(_LAST))).all())


async def _waited(session: AsyncSession, case: Case) -> int:
    """What it and those that were taken into it had waited in line."""
    total = select(func.coalesce(func.sum(col(Case.waited_seconds)), 0)).where(
        col(Case.id).in_(await family(session, case.id))
    )
    return int((await session.exec(total)).one())


def _arrival(
    case: Case,
    before: list[Interaction],
    found: Catalogue,
    *,
    reason: str,
    via: str | None,
    words: str | None,
    actor: Actor,
) -> Arrival:
    info, last = _way(before, via)
    name = f"{case.id}:{case.reopened}"
    language = next((each.language for each in before if each.language in found.languages), None)
    signal = Arrived(
        ref=name,
        contact=name,
        request_type=_request_type(case, found),
        language=language,
        office=case.office if case.office in found.offices else None,
        subject=last.subject if last is not None else case.subject,
        body=words,
        reply_to=last.reply_to if last is not None else None,
        attributes={"reopened": reason},
    )
    arrival = prepare(signal, info, Door(found), source=SOURCE, actor=actor.label, case_id=case.id)
    entry = arrival.entry
    return (
        replace(arrival, entry=entry.into(entry.pattern.queue)) if entry is not None and entry.turned_away else arrival
    )


def _way(before: list[Interaction], via: str | None) -> tuple[Info, Interaction | None]:
    """The channel the answer came on; else the last they wrote on; else the console, where somebody reads it."""
    channels = registry.current()
    written = [each for each in before if each.channel in channels and _is_written(channels[each.channel].info)]
    if via is not None and via in channels:
        return channels[via].info, next((each for each in written if each.channel == via), None)
    if written:
        return channels[written[0].channel].info, written[0]
    return registry.info(CONSOLE), None


def _is_written(info: Info) -> bool:
    return not info.live and not info.numbered and "replied" in info.commands


def _request_type(case: Case, found: Catalogue) -> str | None:
    """What the case is about; where the rules know that no more, what holds for everybody who does not say."""
    wishes = (case.request_type, found.default_request_type, next(iter(found.requests), None))
    return next((each for each in wishes if each in found.requests), None)
