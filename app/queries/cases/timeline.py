"""One matter as it was lived: every call, letter, visit and note, what was offered, promised, told, checked and asked, in order.

Decides what an event is to whoever reads a story, and which words belong to it. Made of the events of the case, of those
taken into it and of all their contacts, each found by its own index, so that it costs what this matter is large and not what
the house has done. A representative is not shown what a customer said about a colleague.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.db import Connection
from app.queries import cursors
from app.queries.cases.timeline_words import Told, words_for
from app.queries.readers import may_read_case
from app.queries.rules import raw

MOST_CONTACTS: Final = 2_000
KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "contact": (
        "interaction.arrived", "interaction.scheduled", "interaction.queued", "interaction.turned_away",
        "interaction.returned", "interaction.left", "interaction.no_show", "interaction.cancelled", "interaction.postponed",
        "interaction.connected", "interaction.ended", "interaction.completed", "interaction.parked", "interaction.woken",
        "interaction.transferred", "interaction.handed_back", "interaction.unreached", "interaction.consulted",
        "interaction.callback_requested",
    ),
    "offer": (
        "interaction.offered", "interaction.accepted", "interaction.declined", "interaction.expired", "interaction.withdrawn",
    ),
    "message": ("interaction.wrote", "interaction.answered", "interaction.held"),
    "note": ("interaction.noted",),
    "routing": (
        "interaction.stepped", "interaction.escalated", "interaction.refiled", "interaction.overflowed", "interaction.barred",
        "interaction.unbarred", "interaction.withheld", "interaction.head_start_granted", "interaction.head_start_refused", "case.joined",
    ),
    "promise": (
        "case.promised", "case.promise_kept", "case.promise_broken", "case.promise_moved", "case.promise_released",
    ),
    "notice": ("case.noticed", "case.incident_told"),
    "check": (
        "case.check_requested", "case.check_taken", "case.check_dropped", "case.check_passed", "case.check_returned",
        "case.check_withdrawn", "case.message_checked", "case.message_returned",
    ),
    "survey": (
        "case.survey_asked", "case.survey_answered", "case.survey_marked", "case.survey_lapsed", "case.survey_dropped",
    ),
    "clock": (
        "case.clock_started", "case.clock_paused", "case.clock_resumed", "case.clock_met", "case.clock_breached",
        "case.clock_moved", "case.clock_stopped",
    ),
    "touch": ("case.touched",),
    "alarm": ("case.alarmed",),
    "incident": ("case.attached", "case.detached"),
    "playbook": ("case.playbook_given", "case.ticked", "case.unticked"),
    "document": ("case.document_added",),
    "merge": (
        "case.merged", "case.unmerged", "case.absorbed", "case.released", "case.split_off", "case.joined_by_split",
        "case.follow_up_opened",
    ),
    "case": (),
}  # fmt: skip
"""What an event is to a reader. What is named nowhere is something about the case itself, or about a contact of it."""
UNASKED: Final = frozenset({"routing", "clock", "touch", "playbook"})
"""Shown only to those who ask for them: how the house works, and not what happened to the customer."""
UNNAMED: Final = {"case": "case", "interaction": "contact"}
"""subject -> what its events are that are named nowhere."""
_KIND_OF: Final = {event: kind for kind, events in KINDS.items() for event in events}
_MARK: Final = "mark"
"""What a customer thinks of a representative."""
_START: Final = datetime(1970, 1, 1, tzinfo=UTC)

_CONTACTS: Final = """
SELECT id, case_id, channel FROM interaction WHERE case_id = ANY($1::uuid[]) ORDER BY id DESC LIMIT $2
"""
# The inner LIMIT keeps each subject a look-up of its own: joined as a set, a planner may come to read every event there is.
_PAGE: Final = """
SELECT e.* FROM unnest($1::text[], $2::text[]) AS about (subject, subject_id) CROSS JOIN LATERAL (
    SELECT seq, subject, subject_id, version, kind, at, actor, data - 'trace' AS data FROM event
    WHERE subject = about.subject AND subject_id = about.subject_id
        AND (at, seq) {beyond} ($3::timestamptz, $4::bigint) AND (
            subject || '.' || kind = ANY ($5::text[])
            OR (subject = ANY ($7::text[]) AND subject || '.' || kind <> ALL ($8::text[])))
    ORDER BY at {way}, seq {way} LIMIT $6
) AS e ORDER BY e.at {way}, e.seq {way} LIMIT $6
"""
_FORWARD: Final = _PAGE.format(beyond=">", way="ASC")
_BACKWARD: Final = _PAGE.format(beyond="<", way="DESC")


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """Which part of a story. `kinds` empty: what happened to the customer. At most one of the cursors."""

    newest_first: bool
    kinds: Collection[str]
    after: str | None
    before: str | None
    limit: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """One page in the order wished for. `next`: what comes after it; `previous`: what came before it; None: nothing."""

    items: Sequence[Mapping[str, Any]]
    next: str | None
    previous: str | None


async def timeline(session: AsyncSession, case_id: UUID, wish: Wish, *, reader: str | None) -> Page:
    """One page of a matter's story; raises `NotFound`, also where the reader may not know of it; `Invalid` (`bad_cursor`)."""
    family = await may_read_case(session, case_id, reader=reader)
    connection = await raw(session)
    contacts = {row["id"]: row for row in await connection.fetch(_CONTACTS, family, MOST_CONTACTS)}
    back = wish.before is not None
    rows = await _rows(connection, family, list(contacts), wish, forward=wish.newest_first == back)
    more, rows = len(rows) > wish.limit, rows[: wish.limit]
    if back:
        rows.reverse()
    told = [_told(row, contacts, reader=reader) for row in rows]
    found = await words_for(connection, told, reader=reader)
    items = [_item(each, found.get(each.seq, {}), found.names) for each in told]
    cursor = [_cursor(each) for each in (told[-1], told[0])] if told else [wish.after, wish.before]
    following = more if not back else True
    preceding = more if back else wish.after is not None
    return Page(
        items=items, next=cursor[0] if following and told else None, previous=cursor[1] if preceding and told else None
    )


async def _rows(
    connection: Connection, family: Sequence[UUID], contacts: Sequence[UUID], wish: Wish, *, forward: bool
) -> list[Any]:
    subjects = ["case"] * len(family) + ["interaction"] * len(contacts)
    ids = [str(each) for each in (*family, *contacts)]
    given = wish.before or wish.after
    if given is not None:
        microseconds, seq = cursors.decode(given, (int, int))
        at = _START + timedelta(microseconds=min(microseconds, 2**57))
    else:
        at, seq = (_START, 0) if forward else (datetime(9999, 1, 1, tzinfo=UTC), 2**63 - 1)
    statement = _FORWARD if forward else _BACKWARD
    wanted = set(wish.kinds) or KINDS.keys() - UNASKED
    named = sorted(event for event, kind in _KIND_OF.items() if kind in wanted)
    others = sorted(subject for subject, kind in UNNAMED.items() if kind in wanted)
    return list(
        await connection.fetch(statement, subjects, ids, at, seq, named, wish.limit + 1, others, sorted(_KIND_OF))
    )


def _told(row: Any, contacts: Mapping[UUID, Any], *, reader: str | None) -> Told:
    data = row["data"] if reader is None else {name: each for name, each in row["data"].items() if name != _MARK}
    contact = contacts.get(UUID(row["subject_id"])) if row["subject"] == "interaction" else None
    return Told(
        seq=row["seq"],
        event=f"{row['subject']}.{row['kind']}",
        kind=_KIND_OF.get(f"{row['subject']}.{row['kind']}", UNNAMED[row["subject"]]),
        version=row["version"],
        at=row["at"],
        actor=row["actor"],
        data=data,
        case_id=contact["case_id"] if contact is not None else UUID(row["subject_id"]),
        interaction_id=contact["id"] if contact is not None else None,
        channel=contact["channel"] if contact is not None else None,
    )


def _item(told: Told, found: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "id": _cursor(told),
        "at": told.at,
        "kind": told.kind,
        "type": told.event,
        "case_id": told.case_id,
        "interaction_id": told.interaction_id,
        "channel": told.channel,
        "actor": told.actor,
        "representative": told.representative,
        "name": names.get(told.representative or ""),
        "data": told.data,
        "subject": None,
        "words": None,
        **found,
    }


def _cursor(told: Told) -> str:
    return cursors.encode((told.at - _START) // timedelta(microseconds=1), told.seq)
