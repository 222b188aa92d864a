"""Promises: every time a customer is given is a record, and an open case always has a next promised update.

Decides what what happens does to them, and what a person may do about them by hand. A time that nobody told the customer is
none: when a parked contact wakes, how long a wait was estimated, when a queue opens. The caller holds the case's lock.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.heard import Heard
from app.actions.outward.notify import notify
from app.actions.promises.book import Book
from app.actions.record import locked
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.queries.cases.alive import alive
from app.queries.cases.promises import has_served, promised_before
from app.queries.following import Followed
from app.queries.rules import raw
from app.security import SYSTEM, Actor
from app.tables import Case, Promise, Representative
from routing.lifecycle import OVER_STATES
from routing.resolution.promises import CALLBACK, NEWS, SOLUTION, Effect, effect
from routing.rules import Rules

AHEAD_DAYS: Final = 366
"""So far ahead a time may be promised."""
MOST_STANDING: Final = 20
"""Of one case at once."""
OURS: Final = frozenset({CALLBACK, "incident"})
"""Kinds that follow from what is done: a callback that is asked for, an incident that is declared."""


async def heed(session: AsyncSession, heard: Sequence[Heard], rules: Rules, now: datetime) -> None:
    """What the events do to the promises of their cases; afterwards every open case on which something is owed has its next."""
    concerned = {case for each in heard for case in _cases(each)}
    taken = await promised_before(await raw(session), ending(each.event for each in heard))
    book = await Book.open(session, {*concerned, *taken}, now=now)
    await session.flush()
    owed = await alive(await raw(session), concerned)
    for each in heard:
        event, contact = each.event, each.interaction
        live, callback = (contact.live, contact.callback) if contact is not None else (False, False)
        done = effect(event.subject, event.kind, event.data, live=live, callback=callback)
        await _apply(session, book, each, done, [case for case, into in taken.items() if into == each.case.id])
        if each.case.id in owed:  # also after an end: of two events heard in the wrong order the row knows better
            book.news(each.case, at=event.at)
        else:
            _let_go(book, each.case, at=event.at)
    await book.write()


def ending(events: Iterable[Followed]) -> set[UUID]:
    """The cases of which these events say that they are solved or over: what was promised on those they took in is, too."""
    subjects = (each for each in events if each.subject == "case")
    over = ("solved", "over")
    return {
        UUID(each.subject_id)
        for each in subjects
        if effect(each.subject, each.kind, each.data, live=False, callback=False) in over
    }


async def make_promise(
    session: AsyncSession,
    case: Case,
    *,
    kind: str,
    due_at: datetime,
    words: str | None,
    representative: str | None,
    actor: Actor,
    now: datetime,
) -> Promise:
    """A time was told to the customer of a locked case. Of news the one that stood is moved to it.

    Raises `Invalid` (`in_the_past`, `too_far`), `Conflict` (`case_over`, `too_many_promises`).
    """
    _in_time(due_at, now)
    if case.state == "closed" or case.merged_into is not None:
        raise Conflict("Nothing is promised on a case that is closed or was taken into another.", code="case_over")
    book = await Book.open(session, [case.id], now=now, actor=actor)
    if len(book.standing(case.id)) >= MOST_STANDING:
        raise Conflict(f"At most {MOST_STANDING} promises stand at once.", code="too_many_promises")
    row = book.make(case, kind, due_at, made_at=now, words=words, representative=representative)
    await book.write()
    return row


async def give_promise(
    session: AsyncSession,
    case_id: UUID,
    *,
    kind: str,
    due_at: datetime,
    words: str | None,
    representative: str | None,
    actor: Actor,
    now: datetime,
) -> Promise:
    """A person gave a time: whose word it is, is who says so, else the named one, else the owner. Raises as `make_promise`,
    `NotFound`, `Forbidden`, `Invalid` (`unknown_representative`, `not_yours_to_promise`).
    """
    case = await locked(session, Case, case_id)
    await may_promise(session, case, actor)
    if kind in OURS:
        raise Invalid(f"A promise of kind {kind!r} is made by what is done, not by hand.", code="not_yours_to_promise")
    whose = actor.representative or representative or case.owner
    if whose is not None and await session.get(Representative, whose) is None:
        raise Invalid(f"There is no representative {whose!r}.", code="unknown_representative")
    return await make_promise(
        session, case, kind=kind, due_at=due_at, words=words, representative=whose, actor=actor, now=now
    )


async def keep_promises(
    session: AsyncSession, case: Case, *, kinds: Collection[str], now: datetime, actor: Actor, by: str | None = None
) -> None:
    """What was promised of these kinds came at `now`: kept, or broken where that was too late. The next news follow."""
    book = await Book.open(session, [case.id], now=now, actor=actor)
    for row in book.standing(case.id, kinds):
        book.keep(row, case, at=now, by=by or "told")
    book.news(case, at=now)
    await book.write()


async def release_promises(session: AsyncSession, case: Case, *, reason: str, actor: Actor, now: datetime) -> None:
    """What they were about is over: nothing that stood is owed any more. What may not be owed any longer is not broken."""
    book = await Book.open(session, [case.id], now=now, actor=actor)
    for row in book.standing(case.id):
        _release(book, row, case, at=now, reason=reason)
    await book.write()


async def move_promise(
    session: AsyncSession,
    promise_id: UUID,
    *,
    due_at: datetime,
    reason: str,
    words: str | None,
    tell: bool,
    actor: Actor,
    now: datetime,
) -> tuple[Promise, bool]:
    """Another time stands in its place, and the customer is told so, if `tell`; the new one, and whether a notice leaves.

    Again with the same time: the one it was moved to. Raises `NotFound`, `Forbidden`, `Conflict`, `Invalid`.
    """
    row, case = await _locked(session, promise_id, actor)
    if row.state == "moved" and row.moved_to is not None:
        after = await session.get_one(Promise, row.moved_to)
        if after.due_at == due_at:
            return after, False
    _in_time(due_at, now)
    book = await Book.open(session, [row.case_id], now=now, actor=actor)
    standing = _standing(book, row)
    made = book.move(standing, case, due_at, reason=reason, words=words, made_at=now)
    await book.write()
    told = tell and await notify(
        session, case, "moved", key=f"moved:{made.id}", values={"next": due_at}, now=now, words=words
    )
    return made, told


async def promise_kept(session: AsyncSession, promise_id: UUID, *, actor: Actor, now: datetime) -> Promise:
    """Somebody says that it was kept; after its time it was not. Again: the same row. Raises `NotFound`, `Forbidden`, `Conflict`."""
    row, case = await _locked(session, promise_id, actor)
    if row.state == "kept":
        return row
    book = await Book.open(session, [row.case_id], now=now, actor=actor)
    book.keep(_standing(book, row), case, at=now, by="said_so")
    if row.kind == NEWS:
        book.news(case, at=now)
    await book.write()
    return row


async def release_promise(
    session: AsyncSession, promise_id: UUID, *, reason: str, actor: Actor, now: datetime
) -> Promise:
    """It is not owed any more. Again: the same row. News are always owed (`always_owed`)."""
    row, case = await _locked(session, promise_id, actor)
    if row.state == "released":
        return row
    if row.kind == NEWS and row.state == "standing":
        raise Conflict("An open case always has a promise of news: move it instead.", code="always_owed")
    book = await Book.open(session, [row.case_id], now=now, actor=actor)
    _release(book, _standing(book, row), case, at=now, reason=reason)
    await book.write()
    return row


async def may_promise(session: AsyncSession, case: Case, actor: Actor) -> None:
    """A representative's own key speaks for cases they own or have served; raises `Forbidden`."""
    if actor.representative is None or case.owner == actor.representative:
        return
    if not await has_served(session, case.id, actor.representative):
        raise Forbidden("You have not served this case.", code="not_yours")


async def _locked(session: AsyncSession, promise_id: UUID, actor: Actor) -> tuple[Promise, Case]:
    known = await session.get(Promise, promise_id)
    if known is None:
        raise NotFound(f"There is no promise {promise_id}.")
    case = await locked(session, Case, known.case_id)
    await session.refresh(known)
    await may_promise(session, case, actor)
    return known, case


def _let_go(book: Book, case: Case, *, at: datetime) -> None:
    """Whom nobody served and nobody is to serve is owed no news, unless a person gave their word."""
    for row in book.standing(case.id, {NEWS}):
        if row.made_by != SYSTEM.label:
            continue
        _release(book, row, case, at=max(at, row.made_at), reason="gone")


def _standing(book: Book, row: Promise) -> Promise:
    found = book.find(str(row.id), row.case_id)
    if found is None:
        raise Conflict(f"This promise is {row.state} already.", code="illegal_transition")
    return found


def _in_time(due_at: datetime, now: datetime) -> None:
    if due_at <= now:
        raise Invalid("`due_at` is over already.", code="in_the_past")
    if due_at > now + timedelta(days=AHEAD_DAYS):
        raise Invalid(f"`due_at` is more than {AHEAD_DAYS} days ahead.", code="too_far")


def _cases(heard: Heard) -> set[UUID]:
    """Whose promises an event may be about: those of the case, and of a case or contact that was taken into it."""
    found = {heard.case.id}
    if heard.interaction is not None:
        found.add(heard.interaction.case_id)
    elif heard.event.subject == "case":
        found.add(UUID(heard.event.subject_id))
    return found


async def _apply(session: AsyncSession, book: Book, heard: Heard, done: Effect, taken: Sequence[UUID]) -> None:
    """`taken`: cases that the heard one speaks for, with promises of their own."""
    case, event = heard.case, heard.event
    if done == "news":
        for row in book.standing(case.id, {NEWS}):
            book.keep(row, case, at=event.at, by=event.kind)
    elif done == "solved":
        for each in (case, *[await session.get_one(Case, other) for other in taken]):
            _solved(book, each, event.at)
    elif done == "over":
        for each in (case, *[await session.get_one(Case, other) for other in taken]):
            _over(book, each, event)
    elif done == "merged":
        merged = await session.get_one(Case, UUID(event.subject_id))
        if merged.merged_into is not None:  # else it was undone before this was heard
            _over(book, merged, event, {NEWS})
    elif done != "none" and heard.interaction is not None:
        await _callback(session, book, heard, done)


def _solved(book: Book, case: Case, at: datetime) -> None:
    """The solution that was promised is there; news are owed to nobody until it is opened again."""
    for row in book.standing(case.id, {SOLUTION}):
        book.keep(row, case, at=at, by="resolved")
    for row in book.standing(case.id, {NEWS}):
        _release(book, row, case, at=at, reason="resolved")


def _over(book: Book, case: Case, event: Followed, kinds: Collection[str] | None = None) -> None:
    for row in book.standing(case.id, kinds):
        _release(book, row, case, at=event.at, reason=event.kind)


async def _callback(session: AsyncSession, book: Book, heard: Heard, done: Effect) -> None:
    event, contact = heard.event, heard.interaction
    assert contact is not None
    row = book.called_back(contact.id)
    whose = await session.get_one(Case, row.case_id) if row is not None else heard.case
    if done == "callback_at":
        rule = book.rules.queues.get(contact.queue or "")
        at = datetime.fromisoformat(event.data["at"]) + timedelta(seconds=rule.target_seconds if rule else 0)
        if row is not None and at > row.made_at:
            book.move(row, whose, at, reason="customer_asked", words=None, made_at=event.at)
        elif row is None and at > book.now and contact.state not in OVER_STATES:
            book.make(whose, CALLBACK, at, made_at=event.at, representative=whose.owner, interaction_id=contact.id)
    elif row is not None and done == "called":
        book.keep(row, whose, at=event.at, by=event.kind)
    elif row is not None:
        reason = "customer_asked" if done == "callback_now" else event.kind
        _release(book, row, whose, at=event.at, reason=reason)


def _release(book: Book, row: Promise, case: Case, *, at: datetime, reason: str) -> None:
    """Over before its time: released. Over after it: it was broken all the same."""
    late = at > row.due_at
    book.end(row, case, "promise_broken" if late else "promise_released", at=row.due_at if late else at, reason=reason)
