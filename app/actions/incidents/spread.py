"""What is told of an incident reaches everybody it is about: a batch at a time, each once, wherever it was cut off.

Decides whom an update is still to be told, and what the end of an incident means for a case: it is called solved and its
customer asked, unless a second person looks at it, somebody has it in hand at this moment, or another fault still troubles it;
those are told alone. How far it got moves in the transaction of the batch.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.cases.resolved import resolved
from app.actions.incidents.attach import attach_all, letter_key, may_be_attached, promise, whose
from app.actions.incidents.declare import MOMENT
from app.actions.outward.notify import Notice, notify_all
from app.actions.promises.book import Book
from app.actions.record import advance, gathering
from app.queries.customers.ways import CHANNEL
from app.queries.rules import raw, rules_for
from app.security import SYSTEM
from app.tables import Case, Incident, IncidentCase, IncidentUpdate
from routing.resolution.matching import below

OUTCOME: Final = "incident_over"
_BEGINNING: Final = UUID(int=0)

# Of one incident the earliest first, by one process at a time: what was said last is what they hear last.
_NEXT: Final = """
SELECT u.id FROM incident_update u WHERE u.spread_at IS NULL AND u.incident_id <> ALL ($1::uuid[]) AND NOT EXISTS (
    SELECT FROM incident_update e WHERE e.incident_id = u.incident_id AND e.spread_at IS NULL AND (e.at, e.id) < (u.at, u.id))
ORDER BY u.at, u.id LIMIT 1 FOR UPDATE SKIP LOCKED
"""
# Every open case that says all that is named: a handful of thousands, found by the index of what is open.
_FITTING: Final = """
SELECT id FROM "case" c
WHERE state IN ('open', 'awaiting_customer', 'checking') AND merged_into IS NULL AND erased_at IS NULL AND opened_at >= $2
    AND (cardinality($3::text[]) = 0 OR request_type = ANY ($3))
    AND (cardinality($4::text[]) = 0 OR area = ANY ($4))
    AND (cardinality($5::text[]) = 0 OR product = ANY ($5))
    AND (cardinality($6::text[]) = 0 OR channel = ANY ($6))
    AND NOT EXISTS (SELECT FROM incident_case a WHERE a.incident_id = $1 AND a.case_id = c.id)
ORDER BY id LIMIT $7
"""
# Who was attached later knows already. A case that was taken into another that is about it too is told `there`.
_ATTACHED: Final = """
SELECT a.case_id, coalesce(c.merged_into, c.id) AS stands, EXISTS (
        SELECT FROM incident_case s WHERE s.incident_id = $1 AND s.case_id = c.merged_into AND s.detached_at IS NULL
    ) AS there
FROM incident_case a JOIN "case" c ON c.id = a.case_id
WHERE a.incident_id = $1 AND a.case_id > $2 AND a.detached_at IS NULL AND a.attached_at <= $3
ORDER BY a.case_id LIMIT $4
"""
_IN_HAND: Final = """
SELECT coalesce(c.merged_into, c.id) AS id FROM interaction i JOIN "case" c ON c.id = i.case_id
WHERE (c.id = ANY ($1::uuid[]) OR c.merged_into = ANY ($1::uuid[])) AND i.state IN ('offered', 'active', 'wrapping')
"""
_TROUBLED: Final = """
SELECT a.case_id AS id FROM incident_case a JOIN incident i ON i.id = a.incident_id
WHERE a.case_id = ANY ($1::uuid[]) AND a.incident_id <> $2 AND a.detached_at IS NULL AND i.state = 'declared'
"""
# Those who were told without having called, and still have not.
_REACHED: Final = """
SELECT r.customer_id, coalesce(p.merged_into, p.id) AS person FROM incident_reach r JOIN customer p ON p.id = r.customer_id
WHERE r.incident_id = $1 AND r.customer_id > $2 AND NOT EXISTS (
    SELECT FROM incident_case a JOIN "case" c ON c.id = a.case_id
    WHERE a.incident_id = $1 AND a.detached_at IS NULL AND c.customer_id = ANY (ARRAY(
        SELECT k.id FROM customer k WHERE k.id = coalesce(p.merged_into, p.id) OR k.merged_into = coalesce(p.merged_into, p.id))))
ORDER BY r.customer_id LIMIT $3
"""


async def spread_some(
    session: AsyncSession, *, limit: int, now: datetime, but: Collection[UUID] = (), tried: list[UUID] | None = None
) -> bool:
    """The next batch of the update that waits longest; False: nothing is to be told.

    `but`: incidents that are left alone; `tried`: is given the one that was chosen, also where this fails.
    """
    update = await _next(session, but)
    if update is None:
        return False
    if tried is not None:
        tried.append(update.incident_id)
    incident = await session.get_one(Incident, update.incident_id, populate_existing=True)
    first = await _is_first(session, update)
    async with gathering(session):
        if incident.state == "closed" and incident.ended_at is not None and update.at >= incident.ended_at:
            more = await _end(session, incident, update, limit=limit, now=now)
        elif first:
            more = incident.state == "declared" and await _begin(session, incident, limit=limit, now=now)
        else:
            more = await _news(session, incident, update, limit=limit, now=now)
        if not more:
            update.spread_at = now
            session.add(update)
    return True


async def _next(session: AsyncSession, but: Collection[UUID]) -> IncidentUpdate | None:
    found = await (await raw(session)).fetchval(_NEXT, list(but))
    return await session.get_one(IncidentUpdate, found, populate_existing=True) if found is not None else None


async def _is_first(session: AsyncSession, update: IncidentUpdate) -> bool:
    before = select(IncidentUpdate.id).where(
        IncidentUpdate.incident_id == update.incident_id, col(IncidentUpdate.at) < update.at
    )
    return (await session.exec(before.limit(1))).first() is None


async def _begin(session: AsyncSession, incident: Incident, *, limit: int, now: datetime) -> bool:
    """Attach the open cases that are about it; attaching tells them. False: there are no more."""
    rules = await rules_for(session)
    ids = await (await raw(session)).fetch(
        _FITTING,
        incident.id,
        incident.since,
        below(incident.request_types, rules.requests) if incident.request_types else [],
        incident.areas,
        incident.products,
        incident.channels,
        limit,
    )
    cases = await _locked(session, [row["id"] for row in ids])
    fitting = [case for case in cases if may_be_attached(case)]
    await attach_all(session, incident.id, fitting, actor=SYSTEM, now=now)
    return len(ids) == limit


async def _news(
    session: AsyncSession, incident: Incident, update: IncidentUpdate, *, limit: int, now: datetime
) -> bool:
    """Tell the next of those who wait; the promised time moves with it."""
    rows, cases = await _batch(session, incident, update, limit=limit)
    waiting = _waiting(rows, cases)
    people = await whose(session, waiting)
    told = await notify_all(session, [_letter(update, case, people[case.id], now) for case in waiting], now=now)
    attached = await _attached(session, incident, [row["case_id"] for row in rows])
    book = await Book.open(session, [row.case_id for row in attached], now=now)
    stands = {row["case_id"]: cases[row["stands"]] for row in rows}
    for case, leaves in zip(waiting, told, strict=True):
        fact: dict[str, Any] = {"incident": str(incident.id), "update": str(update.id), "told": leaves is not None}
        advance(session, case, "incident_told", now=now, actor=SYSTEM, data=fact)
    for row in attached:
        if may_be_attached(stands[row.case_id]):
            _move(session, book, row, cases[row.case_id], update, now)
    await book.write()
    return _went_on(session, update, rows, limit)


def _move(
    session: AsyncSession, book: Book, row: IncidentCase, case: Case, update: IncidentUpdate, now: datetime
) -> None:
    """Another time was given: the promise that stands is moved to it; where none stands, another is made. It is the case's
    own that is about it, also where another speaks for that one."""
    due_at = update.promised_at
    standing = book.find(str(row.promise_id), case.id)
    if due_at is None or due_at <= now or (standing is not None and standing.due_at == due_at):
        return
    if standing is not None:
        row.promise_id = book.move(standing, case, due_at, reason="incident_updated", words=None, made_at=now).id
    else:
        row.promise_id = promise(book, case, due_at, at=now)
    session.add(row)


async def _end(session: AsyncSession, incident: Incident, update: IncidentUpdate, *, limit: int, now: datetime) -> bool:
    """It is over: tell and ask the next of those who wait, then those who never called."""
    rows, cases = await _batch(session, incident, update, limit=limit)
    if not rows:
        return await _end_for_reached(session, incident, update, limit=limit, now=now)
    attached = await _attached(session, incident, [each["case_id"] for each in rows])
    waiting = _waiting(rows, cases)
    await _kept(
        session, [cases[each.case_id] for each in attached], [each.promise_id for each in attached], update, now=now
    )
    left_open = await _left_open(session, incident, waiting)
    only_told = [
        case for case in waiting if case.id in left_open or not await _solve(session, incident, update, case, now=now)
    ]
    people = await whose(session, only_told)
    letters = [_farewell(update, case, people[case.id]) for case in only_told]
    told = await notify_all(session, letters, now=now)
    for case, leaves in zip(only_told, told, strict=True):
        fact: dict[str, Any] = {"incident": str(incident.id), "update": str(update.id), "told": leaves is not None}
        advance(session, case, "incident_told", now=now, actor=SYSTEM, data=fact)
    _went_on(session, update, rows, limit)
    return True


async def _kept(
    session: AsyncSession,
    cases: Sequence[Case],
    promises: Sequence[UUID | None],
    update: IncidentUpdate,
    *,
    now: datetime,
) -> None:
    """By its time, or too late: what was promised of the incident is over with it."""
    book = await Book.open(session, [case.id for case in cases], now=now)
    wanted = {str(each) for each in promises if each is not None}
    for case in cases:
        for row in [each for each in book.standing(case.id) if str(each.id) in wanted]:
            at = min(update.at, now)  # said at a later time than it is: the clock was set back
            book.keep(row, case, at=max(at, row.made_at + MOMENT), by=OUTCOME)
    await book.write()


async def _left_open(session: AsyncSession, incident: Incident, cases: Sequence[Case]) -> set[UUID]:
    """A second person looks at it, somebody has it in hand, or another fault troubles it."""
    ids = [case.id for case in cases]
    connection = await raw(session)
    in_hand = await connection.fetch(_IN_HAND, ids)
    troubled = await connection.fetch(_TROUBLED, ids, incident.id)
    return {
        *(row["id"] for row in in_hand),
        *(row["id"] for row in troubled),
        *(case.id for case in cases if case.state == "checking"),
    }


async def _solve(
    session: AsyncSession, incident: Incident, update: IncidentUpdate, case: Case, *, now: datetime
) -> bool:
    """Called solved, by the word of whoever closed the incident and of no representative; False: no letter asks."""
    survey = await resolved(
        session,
        case,
        "resolved",
        outcome=OUTCOME,
        root_cause="incident",
        resolved_by=None,
        actor=SYSTEM,
        now=now,
        data={"incident": str(incident.id)},
        letter="incident_closed",
        words=update.words,
    )
    return survey is not None and survey.channel == CHANNEL


async def _end_for_reached(
    session: AsyncSession, incident: Incident, update: IncidentUpdate, *, limit: int, now: datetime
) -> bool:
    rows = await (await raw(session)).fetch(_REACHED, incident.id, update.reached_to or _BEGINNING, limit)
    letters = [
        Notice(
            kind="incident_reach_over",
            key=letter_key(update.id, person),
            case=None,
            customer_id=person,
            words=update.words,
        )
        for person in dict.fromkeys(row["person"] for row in rows)
    ]
    await notify_all(session, letters, now=now)
    if rows:
        update.reached_to = rows[-1]["customer_id"]
        session.add(update)
    return len(rows) == limit


async def _batch(
    session: AsyncSession, incident: Incident, update: IncidentUpdate, *, limit: int
) -> tuple[list[Any], dict[UUID, Case]]:
    """The next who are attached, with the cases that stand for them, all locked by id."""
    connection = await raw(session)
    rows = await connection.fetch(_ATTACHED, incident.id, update.spread_to or _BEGINNING, update.at, limit)
    cases = await _locked(session, sorted({case for row in rows for case in (row["case_id"], row["stands"])}))
    return list(rows), {case.id: case for case in cases}


def _waiting(rows: Sequence[Any], cases: Mapping[UUID, Case]) -> list[Case]:
    """Those who are to hear of it: the open ones, each by the case that stands for it."""
    standing = [cases[each] for each in sorted({row["stands"] for row in rows if not row["there"]})]
    return [case for case in standing if may_be_attached(case)]


async def _locked(session: AsyncSession, ids: Sequence[UUID]) -> list[Case]:
    chosen = select(Case).where(col(Case.id).in_(ids)).order_by(col(Case.id))
    locking: Any = chosen.with_for_update(key_share=True).execution_options(populate_existing=True)
    return list(await session.exec(locking)) if ids else []


async def _attached(session: AsyncSession, incident: Incident, cases: Sequence[UUID]) -> list[IncidentCase]:
    found = select(IncidentCase).where(
        IncidentCase.incident_id == incident.id,
        col(IncidentCase.case_id).in_(cases),
        col(IncidentCase.detached_at).is_(None),
    )
    return list(await session.exec(found.order_by(col(IncidentCase.case_id))))


def _letter(update: IncidentUpdate, case: Case, person: UUID, now: datetime) -> Notice:
    by = update.promised_at if update.promised_at is not None and update.promised_at > now else None
    return Notice(
        kind="incident_update" if by is None else "incident_update_by",
        key=letter_key(update.id, person),
        case=case,
        values={} if by is None else {"next": by},
        words=update.words,
    )


def _farewell(update: IncidentUpdate, case: Case, person: UUID) -> Notice:
    return Notice(kind="incident_over", key=letter_key(update.id, person), case=case, words=update.words)


def _went_on(session: AsyncSession, update: IncidentUpdate, rows: Sequence[Any], limit: int) -> bool:
    if rows:
        update.spread_to = rows[-1]["case_id"]
        session.add(update)
    return len(rows) == limit
