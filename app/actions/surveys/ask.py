"""The customer is asked two things apart: whether it is solved, and how the representative was; and their answer is taken.

Decides whether they are asked (they can be reached, and were not asked too often) and writes what `routing.resolution.surveys`
says of an answer. Who is asked about was fixed when the case was resolved.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.cases.close import close
from app.actions.cases.reopen import Again, reopen
from app.actions.outward.notify import notify
from app.actions.record import advance, locked
from app.actions.surveys.end import PAGE, drop, timer_key, wait_for_answer
from app.actions.surveys.rescue import rescue
from app.actions.timers import cancel_timer
from app.db import uuid7
from app.errors import Conflict, Invalid
from app.queries.cases.surveys import asked_lately, is_latest, latest, letter_key
from app.queries.rules import raw, rules_for
from app.security import Actor
from app.tables import Case, Survey
from channels.cleaning import keepable
from routing.lifecycle import NEW, SURVEY
from routing.resolution.surveys import ANSWERS, MARKS, Effect, Said, Standing, effect, is_bad, may_ask
from routing.rules import Rules

MOST_WORDS: Final = 2_000
"""Letters of a free word; what is longer is cut."""
MOST_REMAINS: Final = 20_000
"""The same, of what is not solved."""
EMAIL: Final = "email"

# One person's cases may be resolved at the same moment: whoever comes second counts the first.
_ONE_AT_A_TIME: Final = "SELECT pg_advisory_xact_lock(hashtextextended('survey:' || $1::text, 0))"


async def ask(
    session: AsyncSession,
    case: Case,
    *,
    now: datetime,
    letter: str = "survey",
    words: Mapping[str, str] | None = None,
) -> Survey | None:
    """Ask about the resolution that was just written; None: nobody can be asked, or they were asked often enough.

    The caller holds the case's lock. The time to answer runs either way. `letter`: the notice that asks; `words`: what it
    says besides, by language.
    """
    rules = await rules_for(session)
    await drop(session, case, reason="resolved_again", actor=_HOUSE, now=now)
    closes_at = await wait_for_answer(session, case, rules, now=now)
    if case.erased_at is not None or not await _may_be_asked(session, case, rules, now=now):
        return None
    survey = await _new(session, case, closes_at=closes_at, now=now)
    had_page = case.page_token is not None
    key = letter_key(survey.id)
    if await notify(session, case, letter, key=key, values={}, now=now, words=words):
        survey.channel = EMAIL
    elif not had_page:
        return None
    _tell_asked(session, case, survey, now=now)
    await session.flush()
    return survey


async def answer(
    session: AsyncSession,
    survey: Survey,
    *,
    solved: str | None,
    mark: int | None,
    words: str | None,
    actor: Actor,
    now: datetime,
    via: str | None = None,
    remains: str | None = None,
) -> Survey:
    """Take one answer; the survey as it stands after. The same answer again changes nothing.

    `solved`: yes, no or partly; None: only the representative is spoken of. `mark`: 1 to 5. `words`: about the representative.
    `remains`: what is not solved, for whoever takes it up. `via`: the channel the answer came on. Raises `Invalid`, `Conflict`
    (`survey_over`).
    """
    said = _said(solved, mark, words)
    case = await locked(session, Case, survey.case_id)
    survey = await session.get_one(Survey, survey.id, populate_existing=True)
    found = effect(await _standing(session, case, survey, now=now), said)
    if found is None:
        raise Conflict("This question is not asked any more.", code="survey_over")
    if found.records:
        await _record(session, case, survey, said, actor=actor, now=now)
    left = keepable(remains, MOST_REMAINS).strip() if remains else ""
    again = Again(via=via, words=left or None)
    await _follow(session, case, survey, found, said=said, again=again, actor=actor, now=now)
    await session.flush()
    return survey


async def say(
    session: AsyncSession,
    case: Case,
    *,
    solved: str | None,
    mark: int | None,
    words: str | None,
    actor: Actor,
    now: datetime,
    via: str = PAGE,
    remains: str | None = None,
) -> Survey:
    """What a customer says on a page of their own, asked or not: it counts as an answer to the last question there was.

    Who was never asked about the resolution that stands is asked by their page, at this moment. Raises as `answer` does.
    """
    case = await locked(session, Case, case.id)
    survey = await latest(session, case.id)
    unasked = case.state == "resolved" and case.merged_into is None and case.erased_at is None
    if unasked and (survey is None or not is_latest(survey, case, survey)):
        rules = await rules_for(session)
        closes_at = await wait_for_answer(session, case, rules, now=now)
        survey = await _new(session, case, closes_at=closes_at, now=case.resolved_at or now)
        _tell_asked(session, case, survey, now=now)
        await session.flush()
    if survey is None:
        raise Conflict("Nothing is asked about this case.", code="survey_over")
    return await answer(
        session,
        survey,
        solved=solved,
        mark=mark,
        words=words,
        actor=actor,
        now=now,
        via=via,
        remains=remains,
    )


_HOUSE: Final = Actor(role="system", key_id="")


async def _may_be_asked(session: AsyncSession, case: Case, rules: Rules, *, now: datetime) -> bool:
    if case.customer_id is None:
        return True
    await (await raw(session)).execute(_ONE_AT_A_TIME, str(case.customer_id))
    lately = await asked_lately(session, case.customer_id, now=now)
    return may_ask(lately=lately, at_most=rules.resolution.surveys_per_month)


async def _new(session: AsyncSession, case: Case, *, closes_at: datetime, now: datetime) -> Survey:
    """Not written yet: it may come to nothing."""
    before = (await session.exec(select(func.max(col(Survey.round))).where(Survey.case_id == case.id))).one()
    return Survey(
        id=uuid7(),
        case_id=case.id,
        customer_id=case.customer_id,
        round=(before or 0) + 1,
        state=SURVEY.after(NEW, "survey_asked"),
        channel=PAGE,
        representative=case.resolved_by,
        asked_at=now,
        closes_at=closes_at,
    )


def _tell_asked(session: AsyncSession, case: Case, survey: Survey, *, now: datetime) -> None:
    session.add(survey)
    fact: dict[str, Any] = {"survey": str(survey.id), "round": survey.round, "channel": survey.channel}
    fact |= {"representative": survey.representative} if survey.representative else {}
    advance(session, case, "survey_asked", now=now, actor=_HOUSE, data=fact)


def _said(solved: str | None, mark: int | None, words: str | None) -> Said:
    known = next((each for each in ANSWERS if each == solved), None)
    if solved is not None and known is None:
        raise Invalid(f"The answer is one of {', '.join(ANSWERS)}.", code="unknown_answer")
    if mark is not None and not MARKS[0] <= mark <= MARKS[1]:
        raise Invalid(f"The mark is from {MARKS[0]} to {MARKS[1]}.", code="unknown_mark")
    kept = keepable(words, MOST_WORDS).strip() if words else ""
    if known is None and mark is None and not kept:
        raise Invalid("Nothing was said.", code="no_answer")
    return Said(solved=known, mark=mark, words=kept or None)


async def _standing(session: AsyncSession, case: Case, survey: Survey, *, now: datetime) -> Standing:
    newest = await latest(session, case.id) or survey
    return Standing(
        state=survey.state,
        case_state=case.state,
        said=_told(survey),
        latest=case.merged_into is None and case.erased_at is None and is_latest(survey, case, newest),
        in_time=now <= survey.closes_at,
        reopenable=case.reopen_until is not None and now <= case.reopen_until,
    )


def _told(survey: Survey) -> Said:
    return Said(
        solved=next((each for each in ANSWERS if each == survey.solved), None), mark=survey.mark, words=survey.words
    )


async def _record(
    session: AsyncSession, case: Case, survey: Survey, said: Said, *, actor: Actor, now: datetime
) -> None:
    """What was said last stands; that something else was said before stays in the log."""
    before, after = _told(survey), said.upon(_told(survey))
    event = "survey_answered" if said.solved is not None else "survey_marked"
    survey.state = SURVEY.after(survey.state, event)
    survey.solved, survey.mark, survey.words = after.solved, after.mark, after.words
    if survey.state == "answered":
        survey.ended_at = survey.ended_at or now
    session.add(survey)
    fact: dict[str, Any] = {"survey": str(survey.id)}
    fact |= {name: value for name in ("solved", "mark") if (value := getattr(after, name)) is not None}
    if before.solved is not None and before.solved != after.solved:
        fact["was"] = before.solved
    advance(session, case, event, now=now, actor=actor, data=fact)
    await session.flush()


async def _follow(
    session: AsyncSession,
    case: Case,
    survey: Survey,
    found: Effect,
    *,
    said: Said,
    again: Again,
    actor: Actor,
    now: datetime,
) -> None:
    """What the answer does besides being written down: the case moves, and somebody goes after a bad one."""
    rules = await rules_for(session)
    bad = is_bad(said, rescue_at_most=rules.resolution.rescue_at_most)
    if bad and (found.records or found.case is not None):
        within = rules.resolution.rescue_seconds
        await rescue(session, case, survey, said=said, within_seconds=within, actor=actor, now=now)
    if found.case == "confirm":
        await cancel_timer(session, timer_key(case.id))
        await close(session, case, "confirmed", actor=actor, now=now)
    elif found.case == "reopen":
        fact = {"survey": str(survey.id), "solved": said.solved}
        await reopen(session, case, reason="survey", again=again, actor=actor, now=now, data=fact)
        if said.solved == "no":
            await notify(session, case, "rescued", key=f"rescued:{survey.id}", values={}, now=now)
