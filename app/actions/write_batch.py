"""The rows of many new contacts, in a fixed number of statements.

Decides nothing: it writes what was decided, as arrays and not row by row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.actions.arrival import Arrival
from app.db import Connection, uuid7

_CASES = """
INSERT INTO "case" (id, token, customer_id, request_type, state, subject, opened_at, version)
SELECT id, replace(gen_random_uuid()::text, '-', ''), customer_id, request_type, 'open', subject, $5, 1
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[]) AS made (id, customer_id, request_type, subject)
"""
_INTERACTIONS = """
INSERT INTO interaction (id, case_id, customer_id, channel, contact, state, queue, request_type, office, language, subject,
    number, reply_to, live, units, skills, speak, head_start_seconds, head_start_reasons, due_at, attributes, version,
    arrived_at, queued_at, state_at)
SELECT made.id, case_id, customer_id, channel, contact, state, queue, request_type, office, language, subject,
    number, reply_to, live, units, skills, speak, head_start, string_to_array(reasons, ' '), due_at,
    attributes, version, $23, CASE WHEN due_at IS NOT NULL THEN $23::timestamptz END, $23
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
    $10::text[], $11::text[], $12::text[], $13::text[], $14::bool[], $15::int[], $16::jsonb[], $17::bool[], $18::int[],
    $19::text[], $20::timestamptz[], $21::jsonb[], $22::int[])
AS made (id, case_id, customer_id, channel, contact, state, queue, request_type, office, language, subject, number, reply_to,
    live, units, skills, speak, head_start, reasons, due_at, attributes, version)
"""
_MESSAGES = """
INSERT INTO message (id, interaction_id, case_id, direction, subject, body, reference, at, attributes)
SELECT id, interaction_id, case_id, 'in', subject, body, reference, $8, attributes
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::jsonb[])
AS made (id, interaction_id, case_id, subject, body, reference, attributes)
"""
_EVENTS = """
INSERT INTO event (epoch, subject, subject_id, version, kind, actor, data, at)
SELECT (SELECT epoch FROM feed_epoch), subject, subject_id, version, kind, actor, data, $7
FROM unnest($1::text[], $2::text[], $3::int[], $4::text[], $5::text[], $6::jsonb[]) AS made (subject, subject_id, version, kind, actor, data)
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class NewEvent:
    """An event to be written. Ids and codes only."""

    subject: str
    subject_id: str
    version: int
    kind: str
    data: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """One new contact with everything decided about it."""

    id: UUID
    arrival: Arrival
    customer_id: UUID | None
    case_id: UUID
    opens_case: bool
    state: str
    number: str | None
    due_at: datetime | None
    head_start_seconds: int
    head_start_reasons: tuple[str, ...]
    events: tuple[NewEvent, ...]

    @property
    def queue(self) -> str | None:
        """The queue it waits in; None while it is still choosing, or when it will never wait."""
        return self.arrival.request.queue if self.arrival.request else None


async def insert(connection: Connection, written: Sequence[Written], *, now: datetime) -> None:
    """Write cases, interactions, first messages and events of all of them."""
    await _insert_cases(connection, [one for one in written if one.opens_case], now=now)
    await _insert_interactions(connection, written, now=now)
    await _insert_messages(connection, [one for one in written if one.arrival.body], now=now)
    events = [(event, one.arrival.actor) for one in written for event in (*_opened(one), *one.events)]
    await _insert_events(connection, [event for event, _ in events], [actor for _, actor in events], now=now)


async def insert_events(connection: Connection, events: Sequence[NewEvent], *, actor: str, now: datetime) -> None:
    """Write events of one actor, in order."""
    await _insert_events(connection, events, [actor] * len(events), now=now)


async def _insert_cases(connection: Connection, opened: Sequence[Written], *, now: datetime) -> None:
    if opened:
        await connection.execute(
            _CASES,
            [one.case_id for one in opened],
            [one.customer_id for one in opened],
            [one.arrival.request.code if one.arrival.request else None for one in opened],
            [one.arrival.subject for one in opened],
            now,
        )


async def _insert_interactions(connection: Connection, written: Sequence[Written], *, now: datetime) -> None:
    arrivals = [one.arrival for one in written]
    await connection.execute(
        _INTERACTIONS,
        [one.id for one in written],
        [one.case_id for one in written],
        [one.customer_id for one in written],
        [arrival.channel for arrival in arrivals],
        [arrival.ref for arrival in arrivals],
        [one.state for one in written],
        [one.queue for one in written],
        [arrival.request.code if arrival.request else None for arrival in arrivals],
        [arrival.office.code if arrival.office else None for arrival in arrivals],
        [arrival.language for arrival in arrivals],
        [arrival.subject for arrival in arrivals],
        [one.number for one in written],
        [arrival.reply_to for arrival in arrivals],
        [arrival.live for arrival in arrivals],
        [arrival.units for arrival in arrivals],
        [arrival.request.skills if arrival.request else {} for arrival in arrivals],
        [arrival.request.speak if arrival.request else True for arrival in arrivals],
        [one.head_start_seconds for one in written],
        [" ".join(one.head_start_reasons) for one in written],
        [one.due_at for one in written],
        [dict(arrival.attributes) for arrival in arrivals],
        [len(one.events) for one in written],
        now,
    )


async def _insert_messages(connection: Connection, written: Sequence[Written], *, now: datetime) -> None:
    if written:
        await connection.execute(
            _MESSAGES,
            [uuid7() for _ in written],
            [one.id for one in written],
            [one.case_id for one in written],
            [one.arrival.subject for one in written],
            [one.arrival.body for one in written],
            [one.arrival.ref if one.arrival.digest else None for one in written],
            [{"content": one.arrival.digest} if one.arrival.digest else {} for one in written],
            now,
        )


async def _insert_events(
    connection: Connection, events: Sequence[NewEvent], actors: Sequence[str], *, now: datetime
) -> None:
    await connection.execute(
        _EVENTS,
        [event.subject for event in events],
        [event.subject_id for event in events],
        [event.version for event in events],
        [event.kind for event in events],
        list(actors),
        [dict(event.data) for event in events],
        now,
    )


def _opened(one: Written) -> tuple[NewEvent, ...]:
    if not one.opens_case:
        return ()
    data = {"interaction": str(one.id)}
    return (NewEvent(subject="case", subject_id=str(one.case_id), version=1, kind="opened", data=data),)
