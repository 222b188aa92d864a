"""Playbooks: which steps a case of this kind goes through, and which of them were done.

Decides when a playbook has a new version, which version a case goes by, and who may tick a step. A case keeps the version it
was given; what a step says is never changed, only followed by another version.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, tuple_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.contacts.cases import survivor
from app.actions.heard import Heard
from app.actions.record import advance
from app.errors import Conflict, Forbidden, NotFound
from app.queries.cases.playbooks import steps_of, worked_on
from app.security import SYSTEM, Actor
from app.tables import Case, Playbook, PlaybookTick
from routing.resolution.playbooks import stored
from routing.rules import Rules


async def publish_playbooks(session: AsyncSession, rules: Rules, *, now: datetime) -> list[tuple[str, int]]:
    """Write a version of every playbook whose steps differ from its newest; returns those written, as (code, version).

    The caller holds the lock of whoever changes the rules.
    """
    latest = select(Playbook.code, func.max(Playbook.version)).group_by(col(Playbook.code))
    newest = select(Playbook).where(tuple_(col(Playbook.code), col(Playbook.version)).in_(latest))
    known = {row.code: row for row in await session.exec(newest)}
    made = []
    for code, steps in rules.resolution.playbooks.items():
        said = [stored(step) for step in steps]
        last = known.get(code)
        if last is not None and last.steps == said:
            continue
        version = last.version + 1 if last else 1
        session.add(Playbook(code=code, version=version, rules_version=rules.version, steps=said, published_at=now))
        made.append((code, version))
    await session.flush()
    return made


async def heed(session: AsyncSession, heard: Sequence[Heard], rules: Rules, now: datetime) -> None:
    """Give each case the playbook of its request type: once, and another one only when it turns out to be another matter."""
    for each in heard:
        case, event = each.case, each.event
        named = event.subject == "case" and event.kind == "described" and "request_type" in event.data.get("fields", ())
        if case.playbook is None or named:
            await give_first(session, case, rules, now=now, another=named)


async def give_first(session: AsyncSession, case: Case, rules: Rules, *, now: datetime, another: bool = False) -> None:
    """The newest version of the playbook the rules name for it, if it has none; the caller holds the case's lock.

    `another`: it turned out to be another matter, so that it may get another playbook, or none. What was ticked of the one says
    nothing of the other. What is resolved stays as it was.
    """
    code = rules.resolution.of(case.request_type).playbook
    if code == case.playbook or (case.playbook is not None and not another) or case.state in ("resolved", "closed"):
        return
    newest = select(Playbook.version).where(Playbook.code == code).order_by(col(Playbook.version).desc()).limit(1)
    version = (await session.exec(newest)).first() if code is not None else None
    if version is None and code is not None:
        return
    if case.playbook is not None:
        ticks: Any = delete(PlaybookTick).where(col(PlaybookTick.case_id) == case.id)
        await session.exec(ticks)
    case.playbook, case.playbook_version = code, version
    advance(session, case, "playbook_given", now=now, actor=SYSTEM, data={"playbook": code, "version": version})


async def tick(session: AsyncSession, case_id: UUID, step: str, *, actor: Actor, now: datetime) -> Case:
    """It was done. Again: nothing is written. Raises `NotFound` (`unknown_step`), `Forbidden`, `Conflict` (`not_open`)."""
    case = await _working(session, case_id, step, actor)
    if await session.get(PlaybookTick, (case.id, step)) is None:
        advance(session, case, "ticked", now=now, actor=actor, data=_fact(case, step))
        session.add(PlaybookTick(case_id=case.id, step=step, at=now, by=actor.label))
        await session.flush()
    return case


async def untick(session: AsyncSession, case_id: UUID, step: str, *, actor: Actor, now: datetime) -> Case:
    """It was not done after all. Again: nothing is written. Raises as `tick`."""
    case = await _working(session, case_id, step, actor)
    found = await session.get(PlaybookTick, (case.id, step))
    if found is not None:
        advance(session, case, "unticked", now=now, actor=actor, data=_fact(case, step))
        await session.delete(found)
        await session.flush()
    return case


async def _working(session: AsyncSession, case_id: UUID, step: str, actor: Actor) -> Case:
    """The case, locked, if this step of its playbook may be ticked now."""
    case = await survivor(session, case_id)
    if actor.representative is not None and not await worked_on(session, case, actor.representative):
        raise Forbidden("You have not served this case.", code="not_yours")
    if step not in [each["code"] for each in await steps_of(session, case)]:
        raise NotFound(f"The playbook of this case has no step {step}.", code="unknown_step")
    if case.state not in ("open", "awaiting_customer"):
        raise Conflict(f"This case is {case.state}: what was done for it stands.", code="not_open")
    return case


def _fact(case: Case, step: str) -> dict[str, Any]:
    return {"step": step, "playbook": case.playbook, "version": case.playbook_version}
