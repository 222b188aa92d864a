"""Into the line: what the tables know of those who enter, joined with what the rules say of them.

Decides who keeps a place they just gave up (the same caller, within the queue's grace time, asking for the same), whom one
who returns to a case is held for, and which head starts are granted. The number of statements does not depend on the number
of those who enter, and is none where nothing is known of them and they claim nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from app.actions.contacts.admission import Entry
from app.actions.line.head_starts import Claim, grant
from app.db import Connection
from app.queries.line.known import NOTHING, RESUMED, Caller, Person, Place, Record, on_record, places_left
from app.security import SYSTEM
from routing.entry import split

REOPENED: Final = "reopened"

# Whoever left may be coming back at this moment: their row's lock decides, and the one who finds it taken goes without.
_TAKE_UP: Final = """
WITH free AS MATERIALIZED (
    SELECT id FROM interaction WHERE id = ANY ($3::uuid[]) AND state = 'abandoned'
    ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
)
INSERT INTO receipt (source, channel, ref, interaction_id, at)
SELECT $1, channel, place::text, interaction_id, $5
FROM unnest($2::text[], $3::uuid[], $4::uuid[]) AS taken (channel, place, interaction_id)
WHERE place IN (SELECT id FROM free) ORDER BY channel, place
ON CONFLICT DO NOTHING
RETURNING interaction_id
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Comer:
    """One who enters. `customer_id` and `case_id`: only if they were known before; a new one has nothing on record."""

    id: UUID
    entry: Entry
    actor: str
    reply_to: str | None
    customer_id: UUID | None = None
    case_id: UUID | None = None
    claims: Sequence[str] = ()
    reopened_seconds: float | None = None
    """What the case is ahead by, if the customer said that it is not solved."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entered:
    """How one enters after all. `head_starts`: each claim and its answer, as the event tells it."""

    entry: Entry
    start: datetime
    """From when its clock counts."""
    head_start_seconds: int = 0
    reasons: tuple[str, ...] = ()
    head_starts: Sequence[Mapping[str, Any]] = ()
    record: Record = NOTHING
    resumes: UUID | None = None

    @property
    def due_at(self) -> datetime:
        """The customer's clock, the queue's target, and the head start."""
        return self.start + timedelta(seconds=self.entry.pattern.target_seconds - self.head_start_seconds)

    @property
    def preferred_seconds(self) -> float:
        """How long it is held for the one who knows the matter."""
        return self.entry.pattern.preferred_seconds if self.record.preferred is not None else 0.0

    def fact(self) -> Mapping[str, Any]:
        """What its event tells; ids, codes and numbers only."""
        if not self.head_starts and self.record is NOTHING and self.resumes is None:
            return self.entry.fact
        fact = dict(self.entry.fact)
        if self.head_starts:
            fact["head_starts"] = list(self.head_starts)
        if self.record.preferred is not None:
            fact["preferred"] = self.record.preferred
        if self.resumes is not None:
            fact["resumes"] = str(self.resumes)
        return fact


async def enter(connection: Connection, comers: Sequence[Comer], *, now: datetime) -> list[Entered]:
    """How each enters, in order. Rows of the day's shares stay locked until the transaction ends: the last ones taken."""
    known = {
        number: Person(comer.customer_id, comer.case_id)
        for number, comer in enumerate(comers)
        if comer.customer_id is not None or comer.case_id is not None
    }
    records = await on_record(connection, known)
    kept = await _kept(connection, comers, now=now)
    entered = [_entered(comer, records.get(number), kept.get(number), now) for number, comer in enumerate(comers)]
    claims = [
        (number, claim)
        for number, comer in enumerate(comers)
        if (comer.claims or comer.reopened_seconds is not None) and not entered[number].entry.turned_away
        for claim in _claims(comer, entered[number])
    ]
    if claims:
        granted = await grant(connection, [claim for _, claim in claims], now=now)
        for (number, claim), given in zip(claims, granted, strict=True):
            entered[number] = _with(entered[number], claim, granted=given)
    return entered


async def _kept(connection: Connection, comers: Sequence[Comer], *, now: datetime) -> dict[int, Place]:
    """The place each takes up again, if any: it is theirs alone from here on."""
    callers = {
        number: Caller(comer.customer_id, comer.entry.asked.info.name, comer.reply_to)
        for number, comer in enumerate(comers)
        if comer.customer_id is not None and comer.reply_to is not None and comer.entry.asked.info.live
    }
    left = await places_left(connection, callers, now=now)
    wanted = {number: place for number in left if (place := _same(comers[number].entry, left[number], now=now))}
    if not wanted:
        return {}
    rows = await connection.fetch(
        _TAKE_UP,
        RESUMED,
        [comers[number].entry.asked.info.name for number in wanted],
        [place.id for place in wanted.values()],
        [comers[number].id for number in wanted],
        now,
    )
    taken = {row["interaction_id"] for row in rows}
    return {number: place for number, place in wanted.items() if comers[number].id in taken}


def _same(entry: Entry, places: Sequence[Place], *, now: datetime) -> Place | None:
    """The latest place for the same request or in the same queue that is still kept."""
    queues = entry.rules.queues
    for place in places:
        if place.queue not in queues or now - place.left_at > timedelta(seconds=queues[place.queue].grace_seconds):
            continue
        request = entry.rules.requests.get(place.request_type or "")
        if place.queue == entry.pattern.queue or (request is not None and request.queue == entry.asked.request.queue):
            return place
    return None


def _entered(comer: Comer, record: Record | None, place: Place | None, now: datetime) -> Entered:
    if place is None:
        return Entered(entry=comer.entry, start=now, record=record or NOTHING)
    entry = comer.entry.into(split(comer.entry.rules, place.queue, comer.id))
    return Entered(
        entry=entry,
        start=place.queued_at,
        head_start_seconds=min(place.head_start_seconds, int(entry.pattern.head_start_cap_seconds)),
        reasons=place.head_start_reasons,
        record=record or NOTHING,
        resumes=place.id,
    )


def _claims(comer: Comer, entered: Entered) -> Iterator[Claim]:
    """What is claimed and not had already; what nobody has put a number on is no claim."""
    entry = entered.entry
    for reason in (*comer.claims, *([] if comer.reopened_seconds is None else [REOPENED])):
        rule = entry.rules.reasons.get(reason)
        if rule is None or reason in entered.reasons:
            continue
        earned = comer.reopened_seconds if reason == REOPENED else None
        yield Claim(
            queue=entry.pattern.queue,
            zone=entry.zone,
            reason=reason,
            seconds=rule.seconds if earned is None else earned,
            share=rule.share,
            by=comer.actor if earned is None else SYSTEM.label,
        )


def _with(entered: Entered, claim: Claim, *, granted: bool) -> Entered:
    told = (*entered.head_starts, claim.told(granted=granted))
    if not granted:
        return replace(entered, head_starts=told)
    cap = entered.entry.pattern.head_start_cap_seconds
    return replace(
        entered,
        head_starts=told,
        reasons=(*entered.reasons, claim.reason),
        head_start_seconds=int(min(cap, entered.head_start_seconds + claim.seconds)),
    )
