"""What a case is, learnt from its contacts: which queue and request type it began with, whose it is, when it was answered.

Decides who owns a case that nobody owns, or that somebody owns who works here no more: whoever accepts a contact of it next,
unless the supervisors took it. Facts are told by events of the contacts themselves; only a new owner is an event of the case.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.heard import Heard
from app.actions.record import advance
from app.queries.cases.served import first_answers
from app.security import SYSTEM
from app.tables import Assignment, Case, Interaction, Representative
from routing.rules import Rules


async def heed(session: AsyncSession, heard: Sequence[Heard], rules: Rules, now: datetime) -> None:
    """Set what the events tell of each case. What is known already stays."""
    left = await _left(session, heard)
    for each in heard:
        if each.interaction is not None:
            _learn(session, each, each.interaction, left, now)
    new = {each.case.id: each.case for each in heard if each.case.tended_at is None}
    first = await _first_contacts(session, list(new))
    split = [each.case.id for each in heard if each.event.kind == "opened" and "split_from" in each.event.data]
    served, answered = await _first_served(session, split), await first_answers(session, split)
    for case_id, case in new.items():
        if case_id in first:
            _begin(case, first[case_id])
        if case_id in served and case.owner is None:  # what they did before it was split off counts here
            _own(session, case, served[case_id].representative, now)
        case.first_answer_at = case.first_answer_at or answered.get(case_id)
        case.tended_at = now
        session.add(case)


def _begin(case: Case, contact: Interaction) -> None:
    """What its first contact says of it, where no event did."""
    case.channel = case.channel or contact.channel
    case.language = case.language or contact.language
    case.office = case.office or contact.office
    case.subject = case.subject or contact.subject
    case.queue = case.queue or contact.queue
    case.request_type = case.request_type or contact.request_type


async def _left(session: AsyncSession, heard: Sequence[Heard]) -> set[str]:
    """Those of the owners who work here no more."""
    owners = {each.case.owner for each in heard if each.event.kind == "accepted" and each.case.owner is not None}
    if not owners:
        return set()
    chosen = select(Representative.code).where(
        col(Representative.code).in_(owners), col(Representative.retired).is_(True)
    )
    return set((await session.exec(chosen)).all())


def _learn(session: AsyncSession, heard: Heard, contact: Interaction, left: Collection[str], now: datetime) -> None:
    case, event = heard.case, heard.event
    if event.kind in ("queued", "turned_away"):
        case.queue = case.queue or event.data.get("queue")
        case.request_type = case.request_type or event.data.get("request_type") or contact.request_type
    free = (case.owner is None or case.owner in left) and not case.supervised
    if event.kind == "accepted" and free:
        _own(session, case, event.data["representative"], now)
    if case.first_answer_at is None and (event.kind == "answered" or (event.kind == "accepted" and contact.live)):
        case.first_answer_at = max(event.at, case.opened_at)  # the clock may have been set back since
    session.add(case)


def _own(session: AsyncSession, case: Case, representative: str, now: datetime) -> None:
    before = {"before": case.owner, "reason": "left"} if case.owner is not None else {}
    case.owner = representative
    advance(session, case, "owned", now=now, actor=SYSTEM, data={"representative": representative, **before})


async def _first_contacts(session: AsyncSession, cases: Sequence[UUID]) -> Mapping[UUID, Interaction]:
    if not cases:
        return {}
    chosen = (
        select(Interaction)
        .where(col(Interaction.case_id).in_(cases))
        .ext(distinct_on(col(Interaction.case_id)))
        .order_by(col(Interaction.case_id), col(Interaction.arrived_at), col(Interaction.id))
    )
    return {row.case_id: row for row in (await session.exec(chosen)).all()}


async def _first_served(session: AsyncSession, cases: Sequence[UUID]) -> Mapping[UUID, Assignment]:
    if not cases:
        return {}
    chosen = (
        select(Interaction.case_id, Assignment)
        .join(Assignment, col(Assignment.interaction_id) == col(Interaction.id))
        .where(
            col(Interaction.case_id).in_(cases),
            col(Assignment.answered_at).is_not(None),
            col(Assignment.outcome).is_distinct_from("declined"),
        )
        .order_by(col(Assignment.answered_at).desc(), col(Assignment.id).desc())
    )
    return dict((await session.exec(chosen)).all())
