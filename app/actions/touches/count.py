"""Touches: how often the customer had to turn to us, each with its cause, and who is told when it is too often.

Decides nothing about what counts: `routing.resolution.touches` does. The alarm at the budget goes to the owner; at twice
the budget the matter is the supervisors', and the event keeps whose it was. Where that was so only together with a case that
is taken out again, it is theirs as before.
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
from app.actions.touches.rows import cause_by_rule, count_anew, write_touch
from app.queries.cases.touches import Words, count_touches, families, first_contacts, words_of
from app.security import SYSTEM
from app.tables import Case, EventRow, Interaction
from routing.resolution.touches import Kind, kind_of, level
from routing.rules import Rules

_OURS: Final = "representative:"
_GROWN: Final = frozenset({"absorbed", "unmerged"})
_SHRUNK: Final = frozenset({"released"})
_CUT: Final = frozenset({"split_off", "joined_by_split"})
_MERGED: Final = frozenset({"merged", "unmerged"})


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
    turns = [turn for turn in await turns_of(session, heard) if not turn.first]
    matters = await families(session, {turn.contact.case_id for turn in turns})
    for turn in turns:
        await _write(session, turn, matters[turn.contact.case_id], rules, now)
        grown[turn.heard.case.id] = turn.heard.case
    for each in heard:
        if each.event.subject == "case" and each.event.kind in _CUT | _MERGED:
            await count_anew(session, UUID(each.event.subject_id), rules, now)
        if each.event.subject == "case" and (each.event.kind in _GROWN | _SHRUNK | _CUT or _has_another_budget(each)):
            grown[each.case.id] = each.case
    await session.flush()
    shrunk = {each.case.id for each in heard if each.event.subject == "case" and each.event.kind in _SHRUNK}
    for case_id, count in (await count_touches(session, grown)).items():
        if case_id in shrunk:
            await _take_back(session, grown[case_id], count, rules, now)
        await _hold_against_budget(session, grown[case_id], count, rules, now)


def _has_another_budget(heard: Heard) -> bool:
    """What it is about was said anew: what it has cost so far is held against that budget."""
    return heard.event.kind == "described" and "request_type" in heard.event.data


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


async def _write(session: AsyncSession, turn: Turn, matter: Sequence[UUID], rules: Rules, now: datetime) -> None:
    event = turn.heard.event
    if turn.kind == "asked":
        cause = str(event.data["asks"])
    else:
        words = turn.words.text if turn.words else None
        cause = await cause_by_rule(session, matter, turn.contact, words, at=event.at, rules=rules)
    await write_touch(
        session, turn.contact, kind=turn.kind, version=event.version, at=event.at, cause=cause,
        representative=_whose(turn), now=now,
    )  # fmt: skip


def _whose(turn: Turn) -> str | None:
    """Who asked, also where somebody else let it go; else whose matter it was."""
    event = turn.heard.event
    if turn.kind == "asked" and "representative" in event.data:
        return str(event.data["representative"])
    if turn.kind == "asked" and event.actor.startswith(_OURS):
        return event.actor.removeprefix(_OURS)
    return turn.heard.case.owner


async def _hold_against_budget(session: AsyncSession, case: Case, count: int, rules: Rules, now: datetime) -> None:
    budget = rules.resolution.of(case.request_type).touches
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


async def _take_back(session: AsyncSession, case: Case, count: int, rules: Rules, now: datetime) -> None:
    """By itself it is within its budget again: whose it was before the supervisors took it, owns it."""
    step = level(count, rules.resolution.of(case.request_type).touches)
    if step >= case.alarmed:
        return
    case.alarmed = step
    session.add(case)
    last = select(EventRow.data).where(
        EventRow.subject == "case", EventRow.subject_id == str(case.id), EventRow.kind == "owned"
    )
    found = (await session.exec(last.order_by(col(EventRow.version).desc()).limit(1))).first() or {}
    if not case.supervised or step > 1 or found.get("reason") != "touches":
        return  # or somebody has settled since whose it is
    case.supervised, case.owner = False, found.get("before")
    whose = {"representative": case.owner} if case.owner is not None else {}
    advance(session, case, "owned", now=now, actor=SYSTEM, data={"supervised": False, "reason": "unmerged", **whose})
