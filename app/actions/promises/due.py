"""What is done when the time of a promise nears, when it has come, and when the letter in between should have left.

Decides who speaks: a notice by itself, or a person, who is told to by an alarm. A notice keeps a promise only once it has left,
in time, and then the next is promised as the letter says. Each handler looks at the truth, not at the timer: what is on record
and was not heeded yet counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.alarms import NewAlarm, raise_alarms
from app.actions.heard import Due
from app.actions.outward.command import key_of
from app.actions.outward.notify import FACT, Notice, notify_all
from app.actions.promises.book import DUE, GRACE, LEFT, Book, letter_key
from app.actions.timers import NewTimer
from app.queries.cases.promises import happened, letters
from app.queries.customers.ways import persons
from app.queries.rules import raw
from app.tables import Case, Promise
from routing.resolution.promises import CALLBACK, INCIDENT, NEWS, OPEN_STATES, SOLUTION, effect, keeps
from routing.rules import Rules

FIRST_LOOK: Final = timedelta(seconds=10)
AGAIN: Final = timedelta(seconds=60)
"""How often it is seen whether a letter has left."""
MOMENT: Final = timedelta(microseconds=1)
ON_ITS_WAY: Final = frozenset({"pending", "sending"})
UNDER_WAY: Final = frozenset({"sending", "sent"})


@dataclass(frozen=True, kw_only=True, slots=True)
class _Standing:
    """A promise that still stands, its case, and what the timer says of it."""

    row: Promise
    case: Case
    speaks: Case
    """The case it was taken into, or itself: what that one says of the matter holds."""
    data: Mapping[str, Any]

    @property
    def whose(self) -> str | None:
        """Who is told to keep it; None: the supervisors."""
        return self.row.representative or self.speaks.owner


async def near(session: AsyncSession, dues: Sequence[Due], rules: Rules, now: datetime) -> None:
    """Nothing has kept it so far: news go out by themselves where the customer takes them so; else a person is told.

    Of what is over already, after an outage, it is only told that it was broken.
    """
    book, opened = await _open(session, dues, now)
    record = await _record(session, opened)
    standing = [each for each in opened if not _on_record(book, each, record.get(each.case.id, ()))]
    by_letter = await _by_letter(session, [each for each in standing if each.row.kind == NEWS], rules)
    nexts = {each.row.id: book.next_news(each.case, book.leaves(each.case)) for each in by_letter}
    notices = [_still_working(each, nexts[each.row.id]) for each in by_letter]
    told = await notify_all(session, notices, now=now)
    left = {each.row.id: at for each, at in zip(by_letter, told, strict=True) if at is not None}
    for each in standing:
        if each.row.id in left:
            _watch(book, each, left[each.row.id] + FIRST_LOOK, nexts[each.row.id])
    await _alarm(
        session, [each for each in standing if each.row.id not in left and now < each.row.due_at], "promise_near", now
    )
    await book.write()


async def left(session: AsyncSession, dues: Sequence[Due], rules: Rules, now: datetime) -> None:
    """Has the letter left? Then it has kept the promise, if it was in time, and the next is promised as it says."""
    book, standing = await _open(session, dues, now)
    fates = await _letters(session, standing)
    failed = []
    for each in standing:
        state, at = fates.get(each.row.id, ("failed", None))
        if state == "sent" and at is not None and at <= each.row.due_at:
            _sent(book, each, at)
        elif now >= each.row.due_at:
            continue  # too late, or not known yet: the promise is held to its time in a moment
        elif state in ON_ITS_WAY:
            _watch(book, each, now + AGAIN, datetime.fromisoformat(each.data["next"]))
        else:
            failed.append(each)
    await _alarm(session, failed, "promise_near", now)
    await book.write()


async def due(session: AsyncSession, dues: Sequence[Due], rules: Rules, now: datetime) -> None:
    """Its time is over: kept by something on record, or broken. Whoever is owed news is promised the next at once."""
    book, standing = await _open(session, dues, now)
    record = await _record(session, standing)
    fates = await _letters(session, standing)
    broken = [each for each in standing if not _kept(book, each, record.get(each.case.id, ()), fates.get(each.row.id))]
    await _alarm(session, broken, "promise_broken", now)
    await _apologise(session, book, [each for each in broken if each.row.kind == NEWS], fates, rules)
    await book.write()


def _kept(
    book: Book, each: _Standing, record: Sequence[asyncpg.Record], letter: tuple[str, datetime | None] | None
) -> bool:
    """End it as it deserves; True: nobody need be told."""
    row, case, solved_at = each.row, each.case, each.speaks.resolved_at
    if _on_record(book, each, record):
        return True
    left_at = letter[1] if letter is not None and letter[0] == "sent" else None
    if left_at is not None and left_at <= row.due_at:
        _sent(book, each, left_at)
    elif row.kind in (NEWS, SOLUTION) and solved_at is not None and keeps(row.made_at, row.due_at, solved_at):
        event = "promise_kept" if row.kind == SOLUTION else "promise_released"
        book.end(row, case, event, at=solved_at, reason="resolved")
    elif left_at is not None:
        _sent(book, each, left_at)
        return False
    else:
        book.end(row, case, "promise_broken", at=row.due_at)
        return False
    return True


def _on_record(book: Book, each: _Standing, record: Sequence[asyncpg.Record]) -> bool:
    """Whether something kept it that was not heeded yet; then it is written down now."""
    by = next((seen for seen in record if _keeps(each.row, seen)), None)
    if by is None:
        return False
    book.keep(each.row, each.case, at=by["at"], by=by["kind"])
    book.news(each.case, at=by["at"])
    return True


def _keeps(row: Promise, seen: asyncpg.Record) -> bool:
    done = effect("interaction", seen["kind"], seen["data"], live=seen["live"], callback=seen["callback"])
    wanted = {NEWS: "news", CALLBACK: "called"}.get(row.kind)
    its = row.kind != CALLBACK or seen["interaction_id"] == row.interaction_id
    return done == wanted and its and keeps(row.made_at, row.due_at, seen["at"])


def _sent(book: Book, each: _Standing, at: datetime) -> None:
    """The letter left at `at`: it counts as news if that was in time; in time or not, the next are due as it says.

    It was written because of this promise, so it left after it was made, though the clock was set back since.
    """
    after = each.data.get("next")
    book.keep(each.row, each.case, at=max(at, each.row.made_at + MOMENT), by="notice")
    book.news(each.case, at=at, due_at=datetime.fromisoformat(after) if after else None)


async def _apologise(
    session: AsyncSession,
    book: Book,
    broken: Sequence[_Standing],
    fates: Mapping[UUID, tuple[str, datetime | None]],
    rules: Rules,
) -> None:
    """The next news are promised; whoever heard nothing hears that we are late, unless a person is to say so."""
    for each in broken:
        book.news(each.case, at=book.now)
    await book.write()  # what says that it would be in time, and has not left, never does
    silent = [
        each
        for each in broken
        if each.case.state in OPEN_STATES and fates.get(each.row.id, ("failed", None))[0] not in UNDER_WAY
    ]
    speaking = await _by_letter(session, silent, rules)
    notices = [
        Notice(kind="late", key=f"late:{each.row.id}", case=each.case, values={"next": promised.due_at})
        for each in speaking
        if (promised := next(iter(book.standing(each.case.id, {NEWS})), None)) is not None
    ]
    await notify_all(session, notices, now=book.now)


async def _open(session: AsyncSession, dues: Sequence[Due], now: datetime) -> tuple[Book, list[_Standing]]:
    """The book of their cases, and those of their promises that still stand."""
    book = await Book.open(session, {each.case.id for each in dues if each.case is not None}, now=now)
    survivors = await _survivors(session, dues)
    standing = []
    for each in dues:
        row = book.find(each.data["promise"], each.case.id) if each.case is not None else None
        if row is not None and each.case is not None:
            speaks = survivors.get(each.case.merged_into, each.case) if each.case.merged_into else each.case
            standing.append(_Standing(row=row, case=each.case, speaks=speaks, data=each.data))
    return book, standing


async def _survivors(session: AsyncSession, dues: Sequence[Due]) -> Mapping[UUID, Case]:
    """Of those that are merged; only read."""
    wanted = {each.case.merged_into for each in dues if each.case is not None and each.case.merged_into is not None}
    if not wanted:
        return {}
    found = await session.exec(select(Case).where(col(Case.id).in_(wanted)))
    return {row.id: row for row in found}


async def _record(session: AsyncSession, standing: Sequence[_Standing]) -> Mapping[UUID, Sequence[asyncpg.Record]]:
    since: dict[UUID, datetime] = {}
    for each in standing:
        since[each.case.id] = min(each.row.made_at, since.get(each.case.id, each.row.made_at))
    return await happened(await raw(session), since)


async def _by_letter(session: AsyncSession, standing: Sequence[_Standing], rules: Rules) -> list[_Standing]:
    """Those whose customer, or else the rules, take a notice for news."""
    whom = [each.case.customer_id for each in standing if each.case.customer_id is not None]
    known = await persons(await raw(session), whom) if whom else {}
    found = []
    for each in standing:
        person = known.get(each.case.customer_id) if each.case.customer_id else None
        wish = person.news_by if person is not None and person.news_by else None
        if (wish or rules.resolution.of(each.case.request_type).news_by) == "message":
            found.append(each)
    return found


def _still_working(each: _Standing, after: datetime) -> Notice:
    kind = "waiting" if each.case.state == "awaiting_customer" else "news"
    return Notice(kind=kind, key=letter_key(each.row), case=each.case, values={"next": after}, before=each.row.due_at)


def _watch(book: Book, each: _Standing, at: datetime, after: datetime) -> None:
    """Look at `at` whether the letter has left; once its time is over, the promise is held to it anyway."""
    data = {"promise": str(each.row.id), "next": after.isoformat()}
    for kind, look in ((LEFT, min(at, each.row.due_at)), (DUE, each.row.due_at + GRACE)):
        book.set(NewTimer(kind=kind, key=f"{kind}:{each.row.id}", due_at=look, case_id=each.case.id, data=data))


async def _letters(session: AsyncSession, standing: Sequence[_Standing]) -> dict[UUID, tuple[str, datetime | None]]:
    keys = {key_of(FACT, letter_key(each.row)): each.row.id for each in standing if each.row.kind == NEWS}
    return {keys[key]: fate for key, fate in (await letters(await raw(session), list(keys))).items()}


async def _alarm(session: AsyncSession, standing: Sequence[_Standing], kind: str, now: datetime) -> None:
    """Tell whose word it is, else the supervisors."""
    alarms = [
        NewAlarm(
            kind=kind,
            key=f"{kind}:{_about(each)}",
            case=each.case,
            representative=None if each.row.kind == INCIDENT else each.whose,
            data={"promise": str(each.row.id), "of": each.row.kind, "due_at": each.row.due_at.isoformat()},
        )
        for each in standing
    ]
    await raise_alarms(session, alarms, now=now)
    for each in standing:
        each.row.nudged_at = each.row.nudged_at or now


def _about(each: _Standing) -> str:
    """Of an incident all who wait were given one time: the supervisors are told once, and no owner of a case."""
    return f"incident:{each.row.due_at.isoformat()}" if each.row.kind == INCIDENT else str(each.row.id)
