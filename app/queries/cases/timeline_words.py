"""The words that belong to the events of a timeline: events hold none, so that a person can be forgotten. Never writes.

Decides which row each event speaks of, by the ids it names; one statement for each kind of row, whatever the page is long.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from app.db import Connection

_MESSAGES: Final = "SELECT id, direction, author, subject, body FROM message WHERE id = ANY($1::uuid[])"
# What a contact brought with it was written in the same moment.
_BROUGHT: Final = """
SELECT DISTINCT ON (interaction_id) interaction_id AS id, direction, author, subject, body FROM message
WHERE interaction_id = ANY($1::uuid[]) AND direction = 'in' ORDER BY interaction_id, at, id
"""
_PROMISES: Final = "SELECT id, kind, words, due_at, state, representative FROM promise WHERE id = ANY($1::uuid[])"
_CHECKS: Final = "SELECT id, before, comment, representative, checker FROM second_check WHERE id = ANY($1::uuid[])"
_SURVEYS: Final = "SELECT id, words FROM survey WHERE id = ANY($1::uuid[])"
_DOCUMENTS: Final = "SELECT id, name, media_type FROM document WHERE id = ANY($1::uuid[])"
_NAMES: Final = "SELECT code, name FROM representative WHERE code = ANY($1::text[])"
_ROLE: Final = "representative:"
_SAID: Final = frozenset({"case.survey_answered", "case.survey_marked"})
_DECIDED: Final = frozenset(
    {"case.check_passed", "case.check_returned", "case.message_checked", "case.message_returned"}
)
_COMING: Final = frozenset({"interaction.arrived", "interaction.queued", "interaction.scheduled"})

Details = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """One event of a story."""

    seq: int
    event: str
    kind: str
    version: int
    at: datetime
    actor: str
    data: dict[str, Any]
    case_id: UUID
    interaction_id: UUID | None
    channel: str | None

    @property
    def representative(self) -> str | None:
        """Who looked as a second person; else whom it is about, else who did it."""
        named = self.data.get("checker") or self.data.get("representative")
        if isinstance(named, str):
            return named
        return self.actor.removeprefix(_ROLE) if self.actor.startswith(_ROLE) else None

    def names(self, what: str) -> UUID | None:
        """The row of this kind the event speaks of."""
        named = self.data.get(what)
        try:
            return UUID(named) if isinstance(named, str) else None
        except ValueError:
            return None


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What belongs to the events of a page, by `seq`; and the names of the representatives in it, by code."""

    by_seq: Mapping[int, Details] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)

    def get(self, seq: int, default: Details) -> Details:
        """What belongs to one event."""
        return self.by_seq.get(seq, default)


async def words_for(connection: Connection, told: Sequence[Told], *, reader: str | None) -> Found:
    """Words, times and names for a page of events."""
    by_seq: dict[int, Details] = {}
    brought = {each.seq: each.interaction_id for each in told if each.version == 1 and each.event in _COMING}
    said = {each.seq: each for each in told if each.event in _SAID}
    for statement, asked, shown in (
        (_BROUGHT, brought, _of_message),
        (_MESSAGES, _named(told, "message", ("message", "note", "check")), _of_message),
        (_PROMISES, _named(told, "promise", ("promise",)), _of_promise),
        (_CHECKS, _named([each for each in told if each.event in _DECIDED], "check", ("check",)), _of_check),
        (_SURVEYS, _named([each for each in told if each.seq in said], "survey", ("survey",)), _of_survey),
        (_DOCUMENTS, _named(told, "document", ("document",)), _of_document),
    ):
        await _add(connection, statement, asked, shown, by_seq)
    for seq, each in said.items():
        by_seq[seq] = _said_then(each, by_seq.get(seq, {}), reader=reader)
    codes = sorted({each.representative for each in told if each.representative})
    rows = await connection.fetch(_NAMES, codes) if codes else []
    return Found(by_seq=by_seq, names={row["code"]: row["name"] for row in rows})


def _named(told: Iterable[Told], what: str, kinds: Sequence[str]) -> dict[int, UUID | None]:
    return {each.seq: each.names(what) for each in told if each.kind in kinds}


async def _add(
    connection: Connection,
    statement: str,
    asked: Mapping[int, UUID | None],
    shown: Callable[[Any], Details],
    by_seq: dict[int, Details],
) -> None:
    wanted = sorted({each for each in asked.values() if each is not None})
    if not wanted:
        return
    rows = {row["id"]: row for row in await connection.fetch(statement, wanted)}
    for seq, identity in asked.items():
        if identity in rows:
            by_seq[seq] = {**by_seq.get(seq, {}), **shown(rows[identity])}


def _of_message(row: Any) -> Details:
    return {"subject": row["subject"], "words": row["body"], "direction": row["direction"]}


def _of_promise(row: Any) -> Details:
    return {"words": row["words"], "due_at": row["due_at"], "state": row["state"]}


def _of_check(row: Any) -> Details:
    return {"words": row["comment"]}


def _of_survey(row: Any) -> Details:
    return {"words": row["words"]}


def _said_then(told: Told, found: Details, *, reader: str | None) -> Details:
    """What stood in that answer: a later one says what it says. Of the representative, nothing for representatives."""
    solved = {"solved": told.data.get("solved")}
    judges = reader is None and ("mark" in told.data or told.event == "case.survey_marked")
    return {**solved, **found, "mark": told.data.get("mark")} if judges else solved


def _of_document(row: Any) -> Details:
    return {"words": row["name"]}
