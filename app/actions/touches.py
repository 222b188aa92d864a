"""Touches: how often the customer had to turn to us, each with its cause, and who is told when it is too often.

Decides nothing about what counts: `routing.resolution.touches` does. The alarm at the budget goes to the owner; at twice
the budget the matter is the supervisors', and the event keeps whose it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.alarms import raise_alarm
from app.actions.heard import Heard
from app.actions.record import advance
from app.db import uuid7
from app.queries.families import family
from app.queries.touches import Words, count_touches, first_contacts, first_words, since_last_turn, words_of
from app.security import SYSTEM
from app.tables import Case, Interaction, Touch
from routing.resolution.touches import Kind, cause_of, kind_of, level
from routing.rules import Rules

_OURS: Final = "representative:"
_GROWN: Final = frozenset({"absorbed"})
_CUT: Final = frozenset({"split_off", "joined_by_split"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """An event that is a touch, unless it is `first`: what a case begins with. `words`: of a message; else None."""

    heard: Heard
    contact: Interaction
    kind: Kind
    words: Words | None
    first: bool


async def heed(session: AsyncSession, heard: Sequence[Heard], rules: Rules, now: datetime) -> None:
    """Write the touches these events are, and look at the budget of every case that has more of them now."""
    grown: dict[UUID, Case] = {}
    for turn in await turns_of(session, heard):
        if not turn.first:
            await _write(session, turn, rules, now)
            grown[turn.heard.case.id] = turn.heard.case
    for each in heard:
        if each.event.subject == "case" and each.event.kind in _CUT:
            await _count_anew(session, UUID(each.event.subject_id))
        if each.event.subject == "case" and each.event.kind in _GROWN | _CUT:
            grown[each.case.id] = each.case
    for case in sorted(grown.values(), key=lambda case: case.id):
        await _hold_against_budget(session, case, rules, now)


async def turns_of(session: AsyncSession, heard: Sequence[Heard]) -> list[Turn]:
    """Those of these events by which the customer turns to us, or we ask them for something."""
    said = {UUID(each.event.data["message"]) for each in heard if each.event.kind == "wrote"}
    messages = await words_of(session, said)
    found: list[tuple[Heard, Interaction, Kind, Words | None]] = []
    for each in heard:
        if each.interaction is None:
            continue
        words = messages.get(UUID(each.event.data["message"])) if each.event.kind == "wrote" else None
        automatic = words.automatic if words is not None else _from_a_machine(each, each.interaction)
        kind = kind_of(each.event.kind, each.event.version, each.event.data, automatic=automatic)
        if kind is not None:
            found.append((each, each.interaction, kind, words))
    firsts = await first_contacts(session, {contact.case_id for _, contact, kind, _ in found if kind == "contact"})
    return [
        Turn(heard=each, contact=contact, kind=kind, words=words, first=kind == "contact" and contact.id in firsts)
        for each, contact, kind, words in found
    ]


def _from_a_machine(heard: Heard, contact: Interaction) -> bool:
    """A machine's letter is kept and never offered: it is over as soon as it is there."""
    return heard.event.kind == "arrived" and not contact.live and contact.state == "cancelled"


async def _write(session: AsyncSession, turn: Turn, rules: Rules, now: datetime) -> None:
    event, contact = turn.heard.event, turn.contact
    case = await session.get_one(Case, contact.case_id)
    cause = await _cause(session, turn, rules)
    case.touches += 1
    touch = Touch(
        id=uuid7(),
        case_id=case.id,
        number=case.touches,
        kind=turn.kind,
        subject_id=contact.id,
        version=event.version,
        channel=contact.channel,
        cause=cause,
        caused_by="rule",
        representative=_whose(turn),
        request_type=case.request_type or contact.request_type,
        queue=contact.queue or case.queue,
        office=contact.office or case.office,
        at=event.at,
    )
    fact = {"touch": touch.number, "kind": touch.kind, "cause": cause, "interaction": str(contact.id)}
    advance(session, case, "touched", now=now, actor=SYSTEM, data=fact)
    session.add(touch)
    await session.flush()


async def _cause(session: AsyncSession, turn: Turn, rules: Rules) -> str:
    event, contact = turn.heard.event, turn.contact
    if turn.kind == "asked":
        return str(event.data["asks"])
    ids = await family(session, contact.case_id)
    since = await since_last_turn(session, ids, at=event.at)
    words = turn.words.text if turn.words else await first_words(session, contact.id, until=event.at)
    return cause_of(since, words, rules.resolution.causes)


def _whose(turn: Turn) -> str | None:
    """Who asked; else whose matter it was."""
    actor = turn.heard.event.actor
    if turn.kind == "asked" and actor.startswith(_OURS):
        return actor.removeprefix(_OURS)
    return turn.heard.case.owner


async def _hold_against_budget(session: AsyncSession, case: Case, rules: Rules, now: datetime) -> None:
    budget = rules.resolution.of(case.request_type).touches
    count = await count_touches(session, await family(session, case.id))
    for step in range(case.alarmed + 1, level(count, budget) + 1):
        owner = case.owner if step == 1 else None
        fact = {"touches": count, "budget": budget}
        key = f"touches:{case.id}:{step}"
        await raise_alarm(session, "touch_budget", key=key, case=case, representative=owner, now=now, data=fact)
        if step > 1:
            _hand_to_the_supervisors(session, case, now)
        case.alarmed = step
    session.add(case)


def _hand_to_the_supervisors(session: AsyncSession, case: Case, now: datetime) -> None:
    if case.supervised:
        return
    before = {"before": case.owner} if case.owner is not None else {}
    case.supervised, case.owner = True, None
    advance(session, case, "owned", now=now, actor=SYSTEM, data={"supervised": True, "reason": "touches", **before})


async def _count_anew(session: AsyncSession, case_id: UUID) -> None:
    """After a split: the touches are where their contacts are, from 1 without a gap, and no case begins with one."""
    case = await session.get(Case, case_id)
    if case is None:
        return
    firsts = await first_contacts(session, [case_id])
    chosen = select(Touch).join(Interaction, col(Interaction.id) == col(Touch.subject_id))
    mine = chosen.where(Interaction.case_id == case_id).order_by(col(Touch.at), col(Touch.id))
    kept = []
    for touch in await session.exec(mine):
        if touch.kind == "contact" and touch.subject_id in firsts:
            await session.delete(touch)
        else:
            kept.append(touch)
    for number, touch in enumerate(kept, start=1):
        touch.case_id, touch.number = case_id, number
        session.add(touch)
    case.touches = len(kept)
    session.add(case)
    await session.flush()
