"""The rows of many new contacts, in a fixed number of statements.

Decides nothing: it writes what was decided, as arrays and not row by row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from app.actions.contacts.admission import Entry
from app.actions.contacts.arrival import Arrival
from app.actions.line.entering import Entered
from app.db import Connection, uuid7

_EVENTS = """
INSERT INTO event (epoch, subject, subject_id, version, kind, actor, data, at)
SELECT (SELECT epoch FROM feed_epoch), subject, subject_id, version, kind, actor, data, $2
FROM json_to_recordset($1::text::json) AS made (subject text, subject_id text, version int, kind text, actor text, data jsonb)
"""
# One document, read once: encoding an array for every column costs the service more than reading JSON costs the database.
_CONTACTS = """
WITH made AS MATERIALIZED (
    SELECT * FROM json_to_recordset($1::text::json) AS made (
        id uuid, case_id uuid, opens_case bool, customer_id uuid, channel text, contact text, state text, queue text,
        request_type text, office text, language text, subject text, number text, reply_to text, live bool, units int,
        skills jsonb, speak bool, head_start int, reasons jsonb, due_at timestamptz, attributes jsonb, version int,
        message uuid, body text, reference text, content text,
        rules_version int, queued_at timestamptz, routing jsonb, steps jsonb, step_at timestamptz, exhausted text,
        exhausted_at timestamptz, overflow_to text, preferred text, preferred_until timestamptz, barred jsonb, callback bool
    )
), matter AS (
    INSERT INTO "case" (id, token, customer_id, request_type, state, subject, opened_at, version)
    SELECT case_id, replace(gen_random_uuid()::text, '-', ''), customer_id, request_type, 'open', subject, $2, 1
    FROM made WHERE opens_case
), words AS (
    INSERT INTO message (id, interaction_id, case_id, direction, subject, body, reference, at, attributes)
    SELECT message, id, case_id, 'in', subject, body, reference, $2,
        CASE WHEN content IS NULL THEN '{}'::jsonb ELSE jsonb_build_object('content', content) END
    FROM made WHERE message IS NOT NULL
), told AS (
    INSERT INTO event (epoch, subject, subject_id, version, kind, actor, data, at)
    SELECT (SELECT epoch FROM feed_epoch), subject, subject_id, version, kind, actor, data, $2
    FROM json_to_recordset($3::text::json) AS event (subject text, subject_id text, version int, kind text, actor text, data jsonb)
)
INSERT INTO interaction (id, case_id, customer_id, channel, contact, state, queue, request_type, office, language, subject,
    number, reply_to, live, units, skills, speak, head_start_seconds, head_start_reasons, due_at, attributes, version,
    arrived_at, queued_at, state_at, rules_version, routing, steps, step_at, exhausted, exhausted_at, overflow_to, preferred,
    preferred_until, barred, callback)
SELECT id, case_id, customer_id, channel, contact, state, queue, request_type, office, language, subject,
    number, reply_to, live, units, skills, speak, head_start, ARRAY(SELECT jsonb_array_elements_text(reasons)), due_at,
    attributes, version, $2, coalesce(queued_at, CASE WHEN due_at IS NOT NULL THEN $2::timestamptz END), $2,
    rules_version, coalesce(routing, '{}'), coalesce(steps, '[]'), step_at, exhausted, exhausted_at, overflow_to, preferred,
    preferred_until, ARRAY(SELECT jsonb_array_elements_text(barred)), coalesce(callback, false)
FROM made
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
    entered: Entered | None
    customer_id: UUID | None
    case_id: UUID
    opens_case: bool
    state: str
    number: str | None
    due_at: datetime | None
    """By when it should be served; None where it does not wait."""
    called_back: bool
    """It was offered a call back, and keeps its place without staying on the line."""
    head_start_seconds: int
    head_start_reasons: tuple[str, ...]
    events: tuple[NewEvent, ...]

    @property
    def queue(self) -> str | None:
        """The queue it waits in, or would have; None while it is still choosing."""
        entry = self.entry
        return entry.pattern.queue if entry else None

    @property
    def entry(self) -> Entry | None:
        """How it was let in, or why not; None while it is still choosing."""
        return self.entered.entry if self.entered else self.arrival.entry


async def insert(connection: Connection, written: Sequence[Written], *, now: datetime) -> None:
    """Write cases, interactions, first messages and events of all of them."""
    events = [_event(event, one.arrival.actor) for one in written for event in (*_opened(one), *one.events)]
    await connection.execute(_CONTACTS, _document([_row(one) for one in written]), now, _document(events))


async def insert_events(connection: Connection, events: Sequence[NewEvent], *, actor: str, now: datetime) -> None:
    """Write events of one actor, in order."""
    await connection.execute(_EVENTS, _document([_event(event, actor) for event in events]), now)


def _row(one: Written) -> dict[str, Any]:
    arrival, office, entry = one.arrival, one.arrival.office, one.entry
    row = {
        **(entry.columns if entry is not None else _choosing(arrival)),
        "id": one.id,
        "case_id": one.case_id,
        "opens_case": one.opens_case,
        "customer_id": one.customer_id,
        "contact": arrival.ref,
        "state": one.state,
        "office": office.code if office else None,
        "language": arrival.language,
        "subject": arrival.subject,
        "number": one.number,
        "reply_to": arrival.reply_to,
        "head_start": one.head_start_seconds,
        "reasons": one.head_start_reasons,
        "due_at": one.due_at,
        "attributes": arrival.attributes,
        "version": len(one.events),
        "message": uuid7() if arrival.body else None,
        "body": arrival.body,
        "reference": arrival.ref if arrival.digest else None,
        "content": arrival.digest,
    }
    if one.entered is not None and one.due_at is not None:
        _wait(row, one.entered)
        if one.called_back:
            row["callback"] = True
    return row


def _choosing(arrival: Arrival) -> dict[str, Any]:
    """Who still chooses needs nothing yet."""
    info = arrival.info
    return {
        "channel": info.name,
        "live": info.live,
        "units": info.units,
        "skills": {},
        "speak": True,
        "rules_version": 0,
    }


def _wait(row: dict[str, Any], entered: Entered) -> None:
    """What depends on when it came and who it is. Only what there is: what is left out costs nothing."""
    pattern, start = entered.entry.pattern, entered.start
    if pattern.steps or pattern.step_seconds is not None:
        row["steps"] = pattern.steps_from(start.timestamp())
        row["step_at"] = start + timedelta(seconds=pattern.step_seconds or 0.0)
    if pattern.exhausted_seconds is not None:
        row["exhausted"], row["overflow_to"] = pattern.exhausted, pattern.overflow_to
        row["exhausted_at"] = start + timedelta(seconds=pattern.exhausted_seconds)
    if entered.resumes is not None:
        row["queued_at"] = start
    if entered.record.preferred is not None and entered.preferred_seconds > 0:
        row["preferred"] = entered.record.preferred
        row["preferred_until"] = start + timedelta(seconds=entered.preferred_seconds)
    if entered.record.barred:
        row["barred"] = entered.record.barred


def _event(event: NewEvent, actor: str) -> dict[str, Any]:
    return {
        "subject": event.subject,
        "subject_id": event.subject_id,
        "version": event.version,
        "kind": event.kind,
        "actor": actor,
        "data": event.data,
    }


def _document(rows: Sequence[Mapping[str, Any]]) -> str:
    """The rows as one JSON document; the driver's own kind of UUID is told as text."""
    return orjson.dumps(rows, default=str).decode()


def _opened(one: Written) -> tuple[NewEvent, ...]:
    if not one.opens_case:
        return ()
    data = {"interaction": str(one.id)}
    return (NewEvent(subject="case", subject_id=str(one.case_id), version=1, kind="opened", data=data),)
