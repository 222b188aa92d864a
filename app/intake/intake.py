"""Signals in, outcomes back. New contacts are group-committed; reports about known ones take a transaction of their own."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Self, cast
from uuid import UUID

from app import registry
from app.actions.contacts import signals
from app.actions.contacts.admission import Door
from app.actions.contacts.arrival import Arrival, RulesMovedOn, anew, prepare
from app.actions.contacts.contact import Contact
from app.actions.contacts.receive import Taken, receive
from app.actions.contacts.told import Told
from app.actions.contacts.write_batch import Written
from app.actions.line.entering import Entered
from app.db import Connection, Database, now
from app.errors import Invalid, NotFound, RaabtaError, Unavailable
from app.intake.counting import Arrivals
from app.intake.group import Committed, GroupCommit
from app.queries.cases.threads import thread
from app.queries.catalogue import Catalogue, catalogue
from app.queries.line.refusals import answers
from app.queries.line.standing import NOWHERE, Place, Waits, of_contact, places, standing
from app.security import Actor, Role
from channels.base import Arrived, Asked, Delivered, Ended, Failed, Info, Left, Outcome, Signal, Wrote

CATALOGUE_SECONDS = 1.0
"""How long a read catalogue is used: the time until every process offers what was just applied."""
ATTEMPTS = 5
"""So often rules may be published while one batch is being written."""
_ANSWERED = frozenset({"queued", "offered", "scheduled", "cancelled"})
"""States in which something of the answer on entry still holds."""


class Intake:
    """One per process; open it with `async with`."""

    def __init__(self, db: Database, *, observe: Callable[[int], None] | None = None) -> None:
        self._db = db
        self._group: GroupCommit[Arrival, Outcome] = GroupCommit(self._write, observe=observe)
        self._arrivals = Arrivals(db)
        self.told = Told()
        self._door: Door | None = None
        self._read_at = 0.0
        self._reading = asyncio.Lock()

    async def __aenter__(self) -> Self:
        await self._arrivals.__aenter__()
        await self._group.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._group.__aexit__(*error)
        await self._arrivals.__aexit__(*error)

    async def catalogue(self) -> Catalogue:
        """What is offered now, at most a second old."""
        return (await self._now()).catalogue

    def forget(self) -> None:
        """What was read is out of date: the next contact reads it anew, instead of within a second."""
        self._read_at = -math.inf

    async def count(self, connection: Connection) -> int:
        """Write at once how many came, which else happens once a second; returns how many."""
        return await self._arrivals.flush(connection)

    async def _now(self) -> Door:
        """What entry needs to know, at most a second old."""
        if self._door is None or time.monotonic() - self._read_at > CATALOGUE_SECONDS:
            async with self._reading:
                if self._door is None or time.monotonic() - self._read_at > CATALOGUE_SECONDS:
                    async with self._db.connection() as connection:
                        read = await catalogue(connection, self._door.catalogue if self._door else None)
                    self._door, self._read_at = Door(read, self._door), time.monotonic()
        return self._door

    async def submit(self, contact: Contact) -> list[Outcome]:
        """One outcome per signal, in order, each as things stand after its commit.

        Raises `Invalid`, `NotFound` (the case), `Unavailable`; what came before the failing signal stays done.
        """
        return [await self._take(contact, signal) for signal in contact.signals]

    async def _take(self, contact: Contact, signal: Signal) -> Outcome:
        if isinstance(signal, Asked):
            return await self._stands(contact, signal.contact)
        if isinstance(signal, Arrived):
            return await self._arrived(contact, signal)
        if isinstance(signal, Wrote):
            return await self._wrote(contact, signal)
        return await self._later(contact, signal)

    async def _arrived(self, contact: Contact, signal: Arrived) -> Outcome:
        info = _info(contact.channel)
        if info.numbered and signal.request_type is None:
            raise Invalid("Say what it is for: without a request there is no number.", code="missing_request_type")
        made = prepare(
            signal, info, await self._now(), source=contact.source, actor=contact.actor, case_id=contact.case_id
        )
        if signal.case_token and contact.case_id is None:
            made = replace(made, case_id=await self._case_of(contact, signal.case_token))
        if signal.ref == signal.contact:
            return await self._group.submit(made)
        # A further report of the same contact. Should its first one have been lost, this one opens it.
        first = await self._group.submit(replace(made, ref=signal.contact))
        assert first.interaction_id is not None
        if not first.repeated:
            return first
        return await self._chose(contact, signal, made, first.interaction_id)

    async def _chose(self, contact: Contact, signal: Arrived, made: Arrival, interaction_id: UUID) -> Outcome:
        for _ in range(ATTEMPTS):
            try:
                return await self._chose_once(contact, signal, made, interaction_id)
            except RulesMovedOn:
                made = anew(made, await self._anew())
        raise _moving_on()

    async def _chose_once(self, contact: Contact, signal: Arrived, made: Arrival, interaction_id: UUID) -> Outcome:
        entered = None
        async with self._db.session() as session:
            moment = await now(session)
            new = await signals.claim(
                session,
                source=contact.source,
                channel=contact.channel,
                ref=signal.ref,
                interaction_id=interaction_id,
                now=moment,
            )
            if new:
                entered = await signals.choose(
                    session, interaction_id, made, language=signal.language, actor=_actor(contact), now=moment
                )
        if entered is not None:
            self._count(entered)
        stands = await self._stands(contact, signal.contact)
        return replace(stands, repeated=not new, notices=entered.entry.notices if entered else ())

    async def _wrote(self, contact: Contact, signal: Wrote) -> Outcome:
        async with self._db.connection() as connection:
            place = await thread(connection, contact.channel, signal)
        if place.interaction_id is not None:
            appended = await self._append(contact, signal, place.interaction_id)
            if appended is not None:
                return appended
        made = prepare(
            signal,
            _info(contact.channel),
            await self._now(),
            source=contact.source,
            actor=contact.actor,
            case_id=place.case_id or contact.case_id,
        )
        return await self._group.submit(made)

    async def _append(self, contact: Contact, signal: Wrote, interaction_id: UUID) -> Outcome | None:
        """Add the message to an open interaction; None: it has to become a new one after all."""
        try:
            await self._append_once(contact, signal, interaction_id)
        except _TakenBefore:
            return await self._again(contact, signal)
        except _OverMeanwhile:
            return None
        return await self._outcome(interaction_id)

    async def _append_once(self, contact: Contact, signal: Wrote, interaction_id: UUID) -> None:
        async with self._db.session() as session:
            moment = await now(session)
            new = await signals.claim(
                session,
                source=contact.source,
                channel=contact.channel,
                ref=signal.ref,
                interaction_id=interaction_id,
                digest=signal.content,
                now=moment,
            )
            if not new:
                raise _TakenBefore
            if not await signals.append(session, interaction_id, signal, actor=_actor(contact), now=moment):
                raise _OverMeanwhile  # leaving the transaction frees the receipt again

    async def _again(self, contact: Contact, signal: Wrote) -> Outcome | None:
        """A name that was used before: the same letter stands as it is, another one goes the way of the new."""
        async with self._db.connection() as connection:
            digest = await connection.fetchval(
                "SELECT digest FROM receipt WHERE source = $1 AND channel = $2 AND ref = $3",
                contact.source,
                contact.channel,
                signal.ref,
            )
        if digest != signal.content:
            return None
        return replace(await self._stands(contact, signal.ref), repeated=True)

    async def _later(self, contact: Contact, signal: Signal) -> Outcome:
        assert not isinstance(signal, Asked | Arrived | Wrote)
        name = None if isinstance(signal, Delivered) else signal.contact
        interaction_id = await self._known(contact, name) if name else None
        if interaction_id is None and isinstance(signal, Left | Ended) and not _info(contact.channel).numbered:
            interaction_id = await self._tombstone(contact, signal)
        async with self._db.session() as session:
            moment = await now(session)
            if isinstance(signal, Delivered | Failed) and signal.key is not None:
                interaction_id = await signals.settle(session, signal, now=moment) or interaction_id
            if interaction_id is None:
                return Outcome(contact=name or "")
            new = await signals.claim(
                session,
                source=contact.source,
                channel=contact.channel,
                ref=signal.ref,
                interaction_id=interaction_id,
                now=moment,
            )
            if new and not isinstance(signal, Delivered):
                await signals.happen(session, interaction_id, signal, actor=_actor(contact), now=moment)
        return replace(await self._outcome(interaction_id), repeated=not new)

    async def _tombstone(self, contact: Contact, signal: Left | Ended) -> UUID:
        """The end came before the beginning: put the contact on record, so that its late beginning finds it over."""
        begun = Arrived(ref=signal.contact, contact=signal.contact)
        outcome = await self._arrived(contact, begun)
        assert outcome.interaction_id is not None
        return outcome.interaction_id

    async def _stands(self, contact: Contact, name: str) -> Outcome:
        interaction_id = await self._known(contact, name)
        if interaction_id is None:
            return Outcome(contact=name)
        return await self._outcome(interaction_id)

    async def _known(self, contact: Contact, name: str) -> UUID | None:
        async with self._db.connection() as connection:
            return await of_contact(connection, contact.source, contact.channel, name)

    async def _outcome(self, interaction_id: UUID) -> Outcome:
        async with self._db.connection() as connection:
            known = await standing(connection, [interaction_id])
            return (await self._answered(connection, known))[interaction_id]

    async def _answered(self, connection: Connection, known: dict[UUID, Outcome]) -> dict[UUID, Outcome]:
        """With what was answered on entry: turned away and why, or called back."""
        asked = [each for each, outcome in known.items() if outcome.state in _ANSWERED]
        found = await answers(connection, asked)
        door = self._door or await self._now()
        return known | {
            each: replace(
                known[each],
                callback=answer.callback,
                refusal=door.refused(answer) if answer.reason else None,
            )
            for each, answer in found.items()
        }

    def _count(self, entered: Entered) -> None:
        """Who takes up a place again was counted when it was taken first."""
        if not entered.entry.turned_away and entered.resumes is None:
            self._arrivals.note(entered.entry.pattern.queue, entered.entry.zone.key)

    async def _case_of(self, contact: Contact, token: str) -> UUID | None:
        async with self._db.connection() as connection:
            found = await connection.fetchval('SELECT id FROM "case" WHERE token = $1', token)
        if found is None:
            raise NotFound("There is no such case.", code="unknown_case")
        assert isinstance(found, UUID)
        return found

    async def _anew(self) -> Door:
        """The door as it is now: the rules were followed by others."""
        self.forget()
        return await self._now()

    async def _write(self, arrivals: Sequence[Arrival], committed: Committed) -> list[Outcome | RaabtaError]:
        """Written by the rules that are live when it is written, even if others were a moment ago."""
        asked: list[Arrival | RaabtaError] = list(arrivals)
        for _ in range(ATTEMPTS):
            try:
                written = await self._write_once([each for each in asked if isinstance(each, Arrival)])
            except RulesMovedOn:
                door = await self._anew()
                asked = [_still(each, door) for each in asked]
            else:
                committed()
                answers = iter(await self._answers(written))
                return [next(answers) if isinstance(each, Arrival) else each for each in asked]
        raise _moving_on()

    async def _write_once(self, arrivals: Sequence[Arrival]) -> list[Taken | RaabtaError]:
        if not arrivals:
            return []
        async with self._db.transaction() as connection:
            results = await receive(connection, arrivals)
        for result in results:
            if isinstance(result, Taken) and result.written is not None and result.written.entered is not None:
                self._count(result.written.entered)
        return results

    async def _answers(self, results: Sequence[Taken | RaabtaError]) -> list[Outcome | RaabtaError]:
        """What each is answered: the line is looked at after the commit, while the next ones are written."""
        taken = [result for result in results if isinstance(result, Taken)]
        fresh = [result.written for result in taken if result.written is not None]
        waiting = [
            Waits(one.due_at, one.id, one.queue, one.entered.start if one.entered else None)
            for one in fresh
            if one.state == "queued" and one.queue and one.due_at
        ]
        before = [one.interaction_id for one in taken if one.written is None]
        place, known = await self._look(waiting, before) if waiting or before else ({}, {})
        for one in fresh:
            if one.queue and one.id in place:
                self.told.note(one.id, one.queue, place[one.id].wait)
        outcomes: list[Outcome | RaabtaError] = []
        for result in results:
            if isinstance(result, RaabtaError):
                outcomes.append(result)
            elif result.written is None:
                outcomes.append(replace(known[result.interaction_id], repeated=True))
            else:
                outcomes.append(_as_written(result.written, place.get(result.interaction_id, NOWHERE)))
        return outcomes

    async def _look(
        self, waiting: Sequence[Waits], before: Sequence[UUID]
    ) -> tuple[dict[UUID, Place], dict[UUID, Outcome]]:
        async with self._db.connection() as connection:
            place = await places(connection, waiting)
            return place, await self._answered(connection, await standing(connection, before)) if before else {}


def _as_written(one: Written, place: Place | tuple[None, None]) -> Outcome:
    """How a new contact stands right after it was written: all of it is known but its place."""
    return Outcome(
        contact=one.arrival.ref,
        interaction_id=one.id,
        case_id=UUID(
            int=one.case_id.int
        ),  # a case that is joined has the driver's own kind of UUID, which JSON writers refuse
        state=one.state,
        number=one.number,
        queue=one.queue,
        position=place[0],
        wait=place[1],
        language=one.arrival.language,
        notices=_notices(one),
        refusal=one.entered.entry.refusal if one.entered else None,
        callback=one.called_back,
    )


def _notices(one: Written) -> tuple[str, ...]:
    """What is said at once; to who still chooses, of the faults that touch everybody. A machine is told nothing."""
    if one.entered is not None:
        return one.entered.entry.notices
    arrival = one.arrival
    if arrival.automatic:
        return ()
    return arrival.door.catalogue.notices(None, arrival.channel, arrival.language)


def _still(arrival: Arrival | RaabtaError, door: Door) -> Arrival | RaabtaError:
    try:
        return anew(arrival, door) if isinstance(arrival, Arrival) else arrival
    except RaabtaError as error:
        return error


def _moving_on() -> Unavailable:
    return Unavailable("The rules are changing at this moment. Try again.", retry_after_seconds=1)


class _TakenBefore(Exception):
    """The report's receipt is on record already."""


class _OverMeanwhile(Exception):
    """The interaction was completed in this very moment."""


def _info(channel: str) -> Info:
    try:
        return registry.info(channel)
    except KeyError:
        raise Invalid(f"There is no channel {channel!r}.", code="unknown_channel") from None


def _actor(contact: Contact) -> Actor:
    """Whoever vouches for the contact, as the events name them."""
    role, _, key_id = contact.actor.partition(":")
    if role in ("admin", "supervisor", "integration", "kiosk"):
        return Actor(role=cast("Role", role), key_id=key_id)
    return Actor(role="system", key_id=contact.channel)
