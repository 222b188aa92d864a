"""Cases and the incidents they are about: attached when they match, or by hand; detached by hand and then left alone.

Decides which case is attached, what its customer is told and promised in the same breath, and that none is told the same
twice. The incident's row is held shared, so that whoever is attached has either been told the news or will be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.heard import Heard
from app.actions.incidents.declare import MOMENT
from app.actions.outward.notify import Notice, notify_all
from app.actions.promises.book import Book
from app.actions.record import advance, locked
from app.db import now as wall_clock
from app.errors import Conflict, NotFound
from app.queries.customers.ways import persons
from app.queries.incidents.incidents import Live, declared
from app.queries.rules import raw
from app.security import SYSTEM, Actor
from app.tables import Case, Incident, IncidentCase, IncidentUpdate
from routing.resolution.matching import Matter
from routing.resolution.promises import INCIDENT, OPEN_STATES
from routing.rules import Rules


@dataclass(frozen=True, kw_only=True, slots=True)
class News:
    """The last that was told of an incident. `first`: nothing but its declaration."""

    update: IncidentUpdate
    first: bool


async def heed(session: AsyncSession, heard: Sequence[Heard], rules: Rules, now: datetime) -> None:
    """Whatever befell a case: if it is about an incident by now, it is attached."""
    cases = {each.case.id: each.case for each in heard if may_be_attached(each.case)}
    if not cases:
        return
    for live in await declared(await raw(session)):
        fitting = [case for case in cases.values() if fits(case, live, rules)]
        if fitting:
            await attach_all(session, live.id, fitting, actor=SYSTEM, now=now)


def may_be_attached(case: Case) -> bool:
    """A matter that is not over and stands for itself."""
    return case.state in OPEN_STATES and case.merged_into is None and case.erased_at is None


def fits(case: Case, live: Live, rules: Rules) -> bool:
    """Everything the incident names is what the case says of itself, and it is no older than the fault."""
    matter = Matter(request_type=case.request_type, area=case.area, product=case.product, channel=case.channel)
    return case.opened_at >= live.since and live.fit(matter, rules.requests) == "fits"


async def attach_all(
    session: AsyncSession, incident_id: UUID, cases: Sequence[Case], *, actor: Actor, now: datetime
) -> int:
    """Those of these locked cases that are new to it: each is attached, told and promised. Returns how many."""
    known = select(IncidentCase.case_id).where(
        IncidentCase.incident_id == incident_id, col(IncidentCase.case_id).in_([case.id for case in cases])
    )
    before = set((await session.exec(known)).all())
    new = [case for case in cases if case.id not in before]
    if not new:
        return 0
    incident = await _shared(session, incident_id)
    if incident is None or incident.state != "declared":
        return 0
    await _attach(session, incident, {case.id: (case, None) for case in new}, actor=actor, now=now)
    return len(new)


async def attach(
    session: AsyncSession, incident_id: UUID, case_id: UUID, *, actor: Actor, now: datetime
) -> IncidentCase:
    """A person says that it is about it; also of what was detached before. Again: the same row.

    Raises `NotFound`, `Conflict` (`case_over`, `not_declared`).
    """
    case = await locked(session, Case, case_id)
    row = await _row(session, incident_id, case_id)
    if row is not None and row.detached_at is None:
        return row
    if not may_be_attached(case):
        raise Conflict("This case is over, or was taken into another.", code="case_over")
    incident = await _shared(session, incident_id)
    if incident is None:
        raise NotFound(f"There is no incident {incident_id}.")
    if incident.state != "declared":
        raise Conflict(f"This incident is {incident.state}.", code="not_declared")
    (made,) = await _attach(session, incident, {case.id: (case, row)}, actor=actor, now=now)
    return made


async def detach(
    session: AsyncSession, incident_id: UUID, case_id: UUID, *, actor: Actor, now: datetime
) -> IncidentCase | None:
    """It is about something else, says a person: it is told nothing more of it and never attached by rule again.

    What was promised for the incident is not owed any more. Again: nothing happens. Raises `NotFound` (no such case).
    """
    case = await locked(session, Case, case_id)
    row = await _row(session, incident_id, case_id)
    if row is None or row.detached_at is not None:
        return row
    row.detached_at, row.detached_by = max(now, row.attached_at), actor.label
    session.add(row)
    book = await Book.open(session, [case.id], now=now, actor=actor)
    if (promise := book.find(str(row.promise_id), case.id)) is not None:
        late = now > promise.due_at
        event, at = ("promise_broken", promise.due_at) if late else ("promise_released", now)
        book.end(promise, case, event, at=at, reason="detached")
    advance(session, case, "detached", now=now, actor=actor, data={"incident": str(incident_id)})
    await book.write()
    return row


async def latest(session: AsyncSession, incident_id: UUID) -> News:
    """What was told last, by time."""
    found = select(IncidentUpdate).where(IncidentUpdate.incident_id == incident_id)
    rows = (
        await session.exec(found.order_by(col(IncidentUpdate.at).desc(), col(IncidentUpdate.id).desc()).limit(2))
    ).all()
    return News(update=rows[0], first=len(rows) == 1)


def letter_key(update_id: UUID, whose: UUID) -> str:
    """One letter about one update for one customer, however many of their cases are about it."""
    return f"incident:{update_id}:{whose}"


async def whose(session: AsyncSession, cases: Sequence[Case]) -> Mapping[UUID, UUID]:
    """By case who hears of it: the customer, by the one id they are known by now, under whichever name they wrote; else the
    case itself."""
    known = await persons(await raw(session), [case.customer_id for case in cases if case.customer_id is not None])
    found = {case.id: known.get(case.customer_id) if case.customer_id is not None else None for case in cases}
    return {case_id: person.id if person is not None else case_id for case_id, person in found.items()}


async def _attach(
    session: AsyncSession,
    incident: Incident,
    cases: Mapping[UUID, tuple[Case, IncidentCase | None]],
    *,
    actor: Actor,
    now: datetime,
) -> list[IncidentCase]:
    news = await latest(session, incident.id)
    # While the incident is held: later than the news they are told here, though the clock was set back since.
    at = max(await wall_clock(session), news.update.at + MOMENT)
    people = await whose(session, [case for case, _ in cases.values()])
    letters = [_letter(incident, news, case, people[case.id], now) for case, _ in cases.values()]
    told = await notify_all(session, letters, now=now)
    book = await Book.open(session, list(cases), now=now, actor=actor)
    rows = []
    for (case, row), leaves in zip(cases.values(), told, strict=True):
        made = row or IncidentCase(incident_id=incident.id, case_id=case.id, attached_at=at, attached_by=actor.label)
        made.attached_at, made.attached_by, made.detached_at, made.detached_by = at, actor.label, None, None
        made.promise_id = promise(book, case, incident.promised_at, at=now)
        session.add(made)
        fact: dict[str, Any] = {"incident": str(incident.id), "update": str(news.update.id), "told": leaves is not None}
        advance(session, case, "attached", now=now, actor=actor, data=fact)
        rows.append(made)
    await book.write()
    return rows


def promise(book: Book, case: Case, due_at: datetime | None, *, at: datetime) -> UUID | None:
    """By when it is expected to be over is promised on the case; None: no time was given, or it is over."""
    if due_at is None or due_at <= at:
        return None
    return book.make(case, INCIDENT, due_at, made_at=at).id


def _letter(incident: Incident, news: News, case: Case, person: UUID, now: datetime) -> Notice:
    by = incident.promised_at if incident.promised_at is not None and incident.promised_at > now else None
    words = dict(incident.words)
    if not news.first:  # who comes late hears what it is, and the last news of it
        words = {tag: "\n\n".join(dict.fromkeys([text, _to(news.update.words, tag)])) for tag, text in words.items()}
    return Notice(
        kind="incident_by" if by is not None else "incident",
        key=letter_key(news.update.id, person),
        case=case,
        values={"next": by} if by is not None else {},
        words=words,
    )


def _to(words: Mapping[str, str], language: str) -> str:
    return words.get(language) or next(iter(words.values()), "")


async def _row(session: AsyncSession, incident_id: UUID, case_id: UUID) -> IncidentCase | None:
    found = select(IncidentCase).where(IncidentCase.incident_id == incident_id, IncidentCase.case_id == case_id)
    return (await session.exec(found.execution_options(populate_existing=True))).one_or_none()


async def _shared(session: AsyncSession, incident_id: UUID) -> Incident | None:
    """Its row, held so that nobody tells news or ends it before we are done."""
    found = select(Incident).where(Incident.id == incident_id)
    return (
        await session.exec(found.with_for_update(read=True).execution_options(populate_existing=True))
    ).one_or_none()
