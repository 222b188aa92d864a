"""How a survey ends without an answer: by silence, because it never reached anybody, or because its case is open again.

Decides what becomes of a case when the time to answer is over: silence where the customer was asked, `not_asked` where they
were not or the letter came back. Never what an answer does. Every function wants the lock of the case.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.cases.close import Closing, shut
from app.actions.heard import Due, Heard
from app.actions.outward.command import key_of
from app.actions.outward.notify import FACT, withdraw
from app.actions.record import advance
from app.actions.timers import set_timer
from app.queries.cases.surveys import bounced, letter_key
from app.security import SYSTEM, Actor
from app.tables import Case, Survey
from routing.lifecycle import SURVEY
from routing.rules import Rules

PAGE: Final = "page"
"""Asked on their own page alone: there is no letter that could come back."""
KIND: Final = "survey_closes"
"""Of the timer that ends the time to answer. A case that is resolved has one, whether anybody was asked or not."""


def timer_key(case_id: UUID) -> str:
    """The key of that timer: another resolution moves it."""
    return f"solved:{case_id}"


async def survey_closes(session: AsyncSession, due: Sequence[Due], rules: Rules, now: datetime) -> None:
    """The time to answer is over. A case that is open again, or was taken into another, is left as it is."""
    over = {
        case.id: case
        for each in due
        if (case := each.case) is not None and case.state == "resolved" and case.merged_into is None
    }
    asked = await _standing(session, over)
    unreached = await _unreached(session, asked)
    for case in over.values():
        ending = _end(session, case, asked.get(case.id), unreached, now=now)
        shut(session, case, ending, rules=rules, actor=SYSTEM, now=now)
    await session.flush()


async def heed(session: AsyncSession, heard: Sequence[Heard], rules: Rules, now: datetime) -> None:
    """A case that opened again, or that was taken into another, is not asked about any more."""
    over = {
        each.case.id: each.case for each in heard if each.event.kind == "reopened" and each.case.state != "resolved"
    }
    for case in over.values():
        await drop(session, case, reason="reopened", actor=SYSTEM, now=now)
    for each in heard:
        if each.event.subject != "case" or each.event.kind not in ("merged", "unmerged"):
            continue
        case_id = UUID(each.event.subject_id)
        own = each.case if each.case.id == case_id else await session.get_one(Case, case_id)
        if own.merged_into is not None:
            await drop(session, own, reason="merged", actor=SYSTEM, now=now)
        elif own.state == "resolved":
            await wait_for_answer(session, own, rules, now=now)


async def wait_for_answer(session: AsyncSession, case: Case, rules: Rules, *, now: datetime) -> datetime:
    """Until when the customer may answer, counted from the resolution; sets the timer that ends it."""
    days = rules.resolution.after(case.queue).survey_days
    closes_at = (case.resolved_at or now) + timedelta(days=days)
    await set_timer(session, KIND, key=timer_key(case.id), due_at=closes_at, case_id=case.id)
    return closes_at


async def standing(session: AsyncSession, case: Case) -> Survey | None:
    """The survey of this case that waits for an answer."""
    return (await _standing(session, [case.id])).get(case.id)


async def drop(session: AsyncSession, case: Case, *, reason: str, actor: Actor, now: datetime) -> None:
    """Nobody is to answer any more; where nothing waits for an answer, nothing happens. `reason`: a code."""
    survey = await standing(session, case)
    if survey is not None:
        await withdraw(session, [letter_key(survey.id)], now=now)
        _ended(session, case, survey, "survey_dropped", reason=reason, actor=actor, now=now)
        await session.flush()


async def _standing(session: AsyncSession, cases: Collection[UUID]) -> dict[UUID, Survey]:
    """The surveys that wait for an answer, by case: a case has one at most."""
    found = select(Survey).where(col(Survey.case_id).in_(cases), Survey.state == "asked")
    rows = (await session.exec(found.execution_options(populate_existing=True))).all() if cases else ()
    return {row.case_id: row for row in rows}


async def _unreached(session: AsyncSession, asked: Mapping[UUID, Survey]) -> Collection[str]:
    """The commands, by their keys, whose letter came back. Whoever is asked on their page alone was sent none."""
    return await bounced(session, [_command(survey) for survey in asked.values() if survey.channel != PAGE])


def _end(
    session: AsyncSession, case: Case, survey: Survey | None, unreached: Collection[str], *, now: datetime
) -> Closing:
    """End what was asked, if anything was; as what the case is to be closed."""
    if survey is None:
        return "not_asked"
    if _command(survey) in unreached:
        _ended(session, case, survey, "survey_dropped", reason="not_reached", actor=SYSTEM, now=now)
        return "not_asked"
    _ended(session, case, survey, "survey_lapsed", reason=None, actor=SYSTEM, now=now)
    return "lapsed"


def _command(survey: Survey) -> str:
    return key_of(FACT, letter_key(survey.id))


def _ended(
    session: AsyncSession, case: Case, survey: Survey, event: str, *, reason: str | None, actor: Actor, now: datetime
) -> None:
    survey.state, survey.ended_at = SURVEY.after(survey.state, event), now
    session.add(survey)
    fact = {"survey": str(survey.id), **({"reason": reason} if reason else {})}
    advance(session, case, event, now=now, actor=actor, data=fact)
