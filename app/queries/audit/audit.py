"""Every invariant that the tables can show, worked out again from scratch.

Decides whether the rows keep the promises: by statements that name the rows which break a rule, and by folding each subject's
events into the state its row must have. It repairs nothing and writes nothing. Rows are streamed, so memory stays small
however much there is; the whole audit reads one snapshot, so it may run beside a busy service.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from app.db import Connection
from app.queries.audit.case_rules import CASE_RULES
from app.queries.audit.rules import RULES
from routing.errors import IllegalTransition
from routing.events import SUBJECTS, BrokenHistory, Event, Held, fold, fold_assignments

MOST_PER_RULE: Final = 100
BATCH: Final = 500
PREFETCH: Final = 5_000

_EVENTS: Final = """
    SELECT subject, subject_id, version, kind, data ->> 'assignment' AS assignment, data ->> 'representative' AS representative
    FROM event ORDER BY subject, subject_id, version
"""
_ROWS: Final = {
    "interaction": "SELECT id::text, state, version FROM interaction WHERE id = ANY($1::uuid[])",
    "case": 'SELECT id::text, state, version FROM "case" WHERE id = ANY($1::uuid[])',
    "customer": "SELECT id::text, state, version FROM customer WHERE id = ANY($1::uuid[])",
    "incident": "SELECT id::text, state, version FROM incident WHERE id = ANY($1::uuid[])",
    "representative": "SELECT code AS id, presence AS state, version FROM representative WHERE code = ANY($1::text[])",
    # The name of the rules is their number; how often they were told of follows from how far they came.
    "rules": "SELECT version::text AS id, state, CASE state WHEN 'draft' THEN 1 WHEN 'past' THEN 3 ELSE 2 END AS version"
    " FROM rule_set WHERE version::text = ANY($1::text[])",
    # A queue has no version on its row: its story alone counts. One that was removed is not closed.
    "queue": "SELECT s.id, CASE WHEN q.closed_until IS NULL THEN 'open' ELSE 'closed' END AS state,"
    " (SELECT count(*) FROM event e WHERE e.subject = 'queue' AND e.subject_id = s.id) AS version"
    " FROM unnest($1::text[]) AS s (id) LEFT JOIN queue q ON q.code = s.id",
}
_BY_UUID: Final = frozenset({"interaction", "case", "customer", "incident"})
_ASSIGNMENTS: Final = """
    SELECT id::text, interaction_id::text, representative, state, outcome
    FROM assignment WHERE interaction_id = ANY($1::uuid[])
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One row that breaks a rule. `rule` is stable; `subject` and `id` name the row, `detail` says how."""

    rule: str
    subject: str
    id: str
    detail: str


@dataclass(kw_only=True, slots=True)
class _Report:
    """What was found so far, and never more than MOST_PER_RULE of one kind."""

    findings: list[Finding] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, rule: str, *, subject: str, identity: str, detail: str) -> None:
        self.counts[rule] = self.counts.get(rule, 0) + 1
        if self.counts[rule] <= MOST_PER_RULE:
            self.findings.append(Finding(rule=rule, subject=subject, id=identity, detail=detail))

    def complete(self) -> list[Finding]:
        more = {rule: count - MOST_PER_RULE for rule, count in self.counts.items() if count > MOST_PER_RULE}
        return self.findings + [
            Finding(rule=rule, subject="audit", id="", detail=f"and {count} more") for rule, count in more.items()
        ]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Story:
    """The events of one subject, in order of version."""

    subject: str
    id: str
    events: Sequence[Event]


async def audit(connection: Connection) -> list[Finding]:
    """Every broken invariant, at most MOST_PER_RULE rows of each; empty when all is well.

    `connection` must be outside any transaction; the audit opens one of its own, which only reads.
    """
    report = _Report()
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.execute("SET LOCAL statement_timeout = 0")
        await connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        for rule in (*RULES, *CASE_RULES):
            async for row in connection.cursor(rule.statement, prefetch=PREFETCH):
                report.add(rule.name, subject=row["subject"], identity=row["id"], detail=row["detail"])
        async for batch in _batches(_stories(connection)):
            for subject in SUBJECTS:
                await _compare(connection, subject, [story for story in batch if story.subject == subject], report)
            for story in batch:
                if story.subject not in SUBJECTS:
                    report.add("history", subject=story.subject, identity=story.id, detail="no such kind of subject")
    return report.complete()


async def _stories(connection: Connection) -> AsyncIterator[_Story]:
    """Events grouped by their subject."""
    key, events = None, list[Event]()
    async for row in connection.cursor(_EVENTS, prefetch=PREFETCH):
        if key != (row["subject"], row["subject_id"]):
            if key is not None:
                yield _Story(subject=key[0], id=key[1], events=events)
            key, events = (row["subject"], row["subject_id"]), []
        events.append(_event(dict(row)))
    if key is not None:
        yield _Story(subject=key[0], id=key[1], events=events)


async def _batches(stories: AsyncIterator[_Story]) -> AsyncIterator[list[_Story]]:
    batch: list[_Story] = []
    async for story in stories:
        batch.append(story)
        if len(batch) == BATCH:
            yield batch
            batch = []
    yield batch


async def _compare(connection: Connection, subject: str, stories: Sequence[_Story], report: _Report) -> None:
    """Hold what the events of some subjects of one kind add up to against their rows."""
    if not stories:
        return
    keys = _uuids(stories) if subject in _BY_UUID else [story.id for story in stories]
    rows = {row["id"]: dict(row) for row in await connection.fetch(_ROWS[subject], keys)}
    for story in stories:
        if detail := _difference(story, rows.get(story.id)):
            report.add("history", subject=subject, identity=story.id, detail=detail)
    if subject == "interaction":
        held: dict[str, dict[str, Any]] = {story.id: {} for story in stories}
        for row in await connection.fetch(_ASSIGNMENTS, keys):
            held[row["interaction_id"]][row["id"]] = dict(row)
        for story in stories:
            for assignment, detail in _assignment_differences(story.events, held[story.id]):
                report.add("assignment_history", subject="assignment", identity=assignment, detail=detail)


def _difference(story: _Story, row: Mapping[str, Any] | None) -> str | None:
    try:
        state = fold(story.subject, story.events)
    except (BrokenHistory, IllegalTransition) as error:
        return str(error)
    if row is None:
        return f"the events say {state}, there is no such row"
    if row["state"] != state:
        return f"the events say {state}, the row {row['state']}"
    if row["version"] != len(story.events):
        return f"{len(story.events)} events, the row is at version {row['version']}"
    return None


def _assignment_differences(events: Iterable[Event], rows: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """(assignment, how it differs) for one interaction."""
    try:
        told = fold_assignments(events)
    except (IllegalTransition, KeyError) as error:
        yield next(iter(rows), ""), f"the events do not fit: {error}"
        return
    for identity, row in rows.items():
        if identity not in told:
            yield identity, "no event tells of it"
        else:
            stored = Held(representative=row["representative"], state=row["state"], outcome=row["outcome"])
            if stored != told[identity]:
                yield identity, f"the events say {_words(told[identity])}, the row {_words(stored)}"
    for identity in told.keys() - rows.keys():
        yield identity, "the events tell of it, there is no such row"


def _words(held: Held) -> str:
    return f"{held.state}{f' ({held.outcome})' if held.outcome else ''} by {held.representative}"


def _event(row: Mapping[str, Any]) -> Event:
    named = {name: row[name] for name in ("assignment", "representative") if row[name] is not None}
    return Event(version=row["version"], kind=row["kind"], data=named)


def _uuids(stories: Sequence[_Story]) -> list[UUID]:
    keys = []
    for story in stories:
        try:
            keys.append(UUID(story.id))
        except ValueError:
            continue  # no row can have this id; the comparison says so
    return keys
