"""A notice to a customer: one letter, in their language, with the way to their page, once for its reason.

Decides whether it may leave (somebody can be reached, not more a day than the rules say) and when (never in quiet hours of
their office). It never sends: the outbox does. The caller holds the case's lock. Surveys, the end of an incident and that a
person has answered on the customer's page are neither limited nor counted: they are owed, once each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
from sqlmodel.ext.asyncio.session import AsyncSession

from app import registry
from app.actions.customers.page_links import page_link
from app.actions.outward.command import DEFAULT_LANGUAGE, key_of
from app.actions.record import advance
from app.db import uuid7
from app.queries.customers.ways import CHANNEL, Known, Way, persons, places, reached, threads, ways
from app.queries.rules import raw, rules_for
from app.security import SYSTEM
from app.tables import Case
from channels.texts.notices import Value, letter
from routing.resolution.quiet import leaves
from routing.rules import Rules

FACT: Final = "noticed"
FREE: Final = frozenset({"answered_on_page", "survey", "incident_closed", "incident_over", "incident_reach_over"})
"""Not limited and not counted."""
UTC_ZONE: Final = ZoneInfo("UTC")
# Two cases of one customer at once: the second counts what the first sent. In order of the ids, as every lock.
_ONE_BY_ONE: Final = "SELECT pg_advisory_xact_lock(hashtextextended(id::text, 4)) FROM unnest($1::uuid[]) AS t (id)"


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """What is to be told. `key` names the reason, once for ever; `values` as `channels.texts.notices` wants them.

    `case` is locked; None: to `customer_id`, about no case. `words`: what a person adds, in one language or by language.
    `before`: it is worth nothing if it does not leave before this instant.
    """

    kind: str
    key: str
    case: Case | None
    customer_id: UUID | None = None
    values: Mapping[str, Value] = field(default_factory=dict)
    words: Mapping[str, str] | str | None = None
    before: datetime | None = None


async def notify(
    session: AsyncSession,
    case: Case | None,
    kind: str,
    *,
    key: str,
    values: Mapping[str, Value],
    now: datetime,
    customer_id: UUID | None = None,
    words: Mapping[str, str] | str | None = None,
) -> bool:
    """One notice to the customer of a locked case (or to `customer_id`); False: there is no way to them, or the day is full.

    Told before under this `key`: True, and nothing is sent.
    """
    notice = Notice(kind=kind, key=key, case=case, customer_id=customer_id, values=values, words=words)
    return (await notify_all(session, [notice], now=now))[0] is not None


async def notify_all(session: AsyncSession, notices: Sequence[Notice], *, now: datetime) -> list[datetime | None]:
    """All of them in a fixed number of statements: when each leaves, None where it does not. Keys are not repeated here."""
    if not notices or CHANNEL not in registry.current():
        return [None] * len(notices)
    await session.flush()
    desk = await _Desk.open(session, notices, now=now)
    told = [desk.take(notice) for notice in notices]
    if desk.rows:
        for notice, row in desk.made:
            await _compose(session, desk, notice, row)
        await _write(session, desk, now)
    return told


async def withdraw(session: AsyncSession, keys: Sequence[str], *, now: datetime) -> None:
    """What these notices say is out of date: those that have not left yet never do, and do not count."""
    if not keys:
        return
    taken = await (await raw(session)).fetch(_WITHDRAW, [key_of(FACT, key) for key in keys], now)
    if taken:
        gone = [row["dedupe_key"].removeprefix(f"{FACT}:") for row in taken]
        await (await raw(session)).execute("DELETE FROM reached WHERE key = ANY ($1::text[])", gone)


_BEFORE: Final = "SELECT dedupe_key, next_at FROM outbox WHERE dedupe_key = ANY ($1::text[])"
_SEND: Final = """
INSERT INTO outbox (id, dedupe_key, channel, kind, interaction_id, recipient, language, payload, next_at, created_at)
SELECT id, key, $1, $2, interaction_id, recipient, language, payload::jsonb, at, $3
FROM unnest($4::uuid[], $5::text[], $6::uuid[], $7::text[], $8::text[], $9::text[], $10::timestamptz[])
    AS t (id, key, interaction_id, recipient, language, payload, at)
"""
_COUNT: Final = """
INSERT INTO reached (key, customer_id, at) SELECT * FROM unnest($1::text[], $2::uuid[], $3::timestamptz[])
"""
_WITHDRAW: Final = """
UPDATE outbox SET state = 'failed', reason = 'superseded', done_at = $2
WHERE dedupe_key = ANY ($1::text[]) AND state = 'pending' RETURNING dedupe_key
"""


class _Desk:
    """All that is known when a batch of notices is written."""

    def __init__(self, session: AsyncSession, rules: Rules, zones: Mapping[str, ZoneInfo], now: datetime) -> None:
        self.session, self.rules, self.zones, self.now = session, rules, zones, now
        self.house = ""
        self.before: dict[str, datetime] = {}
        self.people: Mapping[UUID, Known] = {}
        self.ways: dict[str, Way] = {}
        self.threads: Mapping[UUID, list[str]] = {}
        self.days: Counter[tuple[UUID, date, str]] = Counter()
        self.rows: list[dict[str, Any]] = []
        self.counted: list[dict[str, Any]] = []
        self.made: list[tuple[Notice, dict[str, Any]]] = []

    @classmethod
    async def open(cls, session: AsyncSession, notices: Sequence[Notice], *, now: datetime) -> _Desk:
        connection = await raw(session)
        zones = {code: ZoneInfo(zone) for code, zone in (await places(connection)).items()}
        desk = cls(session, await rules_for(session), zones, now)
        desk.house = await connection.fetchval("SELECT name FROM organisation") or ""
        rows = await connection.fetch(_BEFORE, [key_of(FACT, notice.key) for notice in notices])
        desk.before = {row["dedupe_key"]: row["next_at"] for row in rows}
        desk.people = await persons(connection, [each for n in notices if (each := _whom(n)) is not None])
        found = await ways(connection, [(n.case.id if n.case else None, _whom(n)) for n in notices])
        desk.ways = {n.key: way for n, way in zip(notices, found, strict=True) if way is not None}
        desk.threads = await threads(connection, [n.case.id for n in notices if n.case and n.key in desk.ways])
        await desk._count(notices)
        return desk

    async def _count(self, notices: Sequence[Notice]) -> None:
        """How many notices each has for each day from today on; nobody else sends them one until we are done."""
        limited = [n for n in notices if n.kind not in FREE and n.key in self.ways]
        known = sorted({person.id for n in limited if (person := self._person(n)) is not None})
        unknown = sorted({self.ways[n.key].interaction_id for n in limited if self._person(n) is None})
        connection = await raw(self.session)
        await connection.execute(_ONE_BY_ONE, sorted({*known, *unknown}))
        since = self.now - timedelta(days=2)
        for who, at in await reached(connection, known, unknown, since=since):
            for zone in {*self.zones.values(), UTC_ZONE}:
                self.days[who, at.astimezone(zone).date(), zone.key] += 1

    def take(self, notice: Notice) -> datetime | None:
        """Note what is to be written for it, if it may leave."""
        key = key_of(FACT, notice.key)
        if key in self.before:
            return self.before[key]
        way, person, zone = self.ways.get(notice.key), self._person(notice), self.zone(notice.case)
        if way is None or (person is not None and person.erased) or (notice.case and notice.case.erased_at):
            return None
        at = leaves(self.now, self.rules.resolution.quiet, zone)
        if notice.before is not None and at >= notice.before:
            return None
        if notice.kind not in FREE and not self._counts(notice, way, person, at, zone):
            return None
        self.before[key] = at
        row = self._row(notice, way, person, at)
        self.rows.append(row)
        self.made.append((notice, row))
        return at

    def _counts(self, notice: Notice, way: Way, person: Known | None, at: datetime, zone: ZoneInfo) -> bool:
        """One more for that day, where there is room."""
        slot = (person.id if person else way.interaction_id, at.astimezone(zone).date(), zone.key)
        if self.days[slot] >= self.rules.resolution.notices_per_day:
            return False
        self.days[slot] += 1
        if person is not None:
            self.counted.append({"key": notice.key, "customer_id": person.id, "at": at})
        return True

    def _row(self, notice: Notice, way: Way, person: Known | None, at: datetime) -> dict[str, Any]:
        case = notice.case
        language = (person.language if person else None) or (case.language if case else None) or way.language
        return {
            "dedupe_key": key_of(FACT, notice.key),
            "interaction_id": way.interaction_id,
            "recipient": way.recipient,
            "language": language or DEFAULT_LANGUAGE,
            "payload": {"contact": way.contact},
            "next_at": at,
        }

    def zone(self, case: Case | None) -> ZoneInfo:
        """Of the case's office, else the first office's."""
        first = next(iter(self.zones.values()), UTC_ZONE)
        return self.zones.get(case.office, first) if case is not None and case.office else first

    def _person(self, notice: Notice) -> Known | None:
        whom = _whom(notice)
        return self.people.get(whom) if whom is not None else None


async def _write(session: AsyncSession, desk: _Desk, now: datetime) -> None:
    connection, rows = await raw(session), desk.rows
    await connection.execute(
        _SEND,
        CHANNEL,
        registry.current()[CHANNEL].info.commands["replied"],
        now,
        [uuid7() for _ in rows],
        *([row[name] for row in rows] for name in ("dedupe_key", "interaction_id", "recipient", "language")),
        [orjson.dumps(row["payload"]).decode() for row in rows],
        [row["next_at"] for row in rows],
    )
    if desk.counted:
        await connection.execute(
            _COUNT, *([row[name] for row in desk.counted] for name in ("key", "customer_id", "at"))
        )


async def _compose(session: AsyncSession, desk: _Desk, notice: Notice, row: dict[str, Any]) -> None:
    """The letter's words, and the fact on the case."""
    case, language, at = notice.case, row["language"], row["next_at"]
    local = at.astimezone(desk.zone(case))
    values = {
        name: value.astimezone(local.tzinfo) if isinstance(value, datetime) else value
        for name, value in notice.values.items()
    }
    values.setdefault("about", _about(case, desk.rules, language))
    words = notice.words if isinstance(notice.words, str | None) else _in(notice.words, language)
    link = await page_link(session, case) if case is not None else None
    written = letter(notice.kind, language, house=desk.house, today=local.date(), values=values, words=words, link=link)
    row["payload"] |= {"subject": written.subject, "body": written.body}
    if case is not None:
        row["payload"] |= {"case_token": case.token, "references": desk.threads.get(case.id, [])}
        fact = {"notice": notice.kind, "command": row["dedupe_key"], "leaves_at": at.isoformat(), "channel": CHANNEL}
        advance(session, case, FACT, now=desk.now, actor=SYSTEM, data=fact)


def _whom(notice: Notice) -> UUID | None:
    return notice.customer_id or (notice.case.customer_id if notice.case is not None else None)


def _about(case: Case | None, rules: Rules, language: str) -> str:
    """What it is about, in the customer's own words, else in ours; empty: the letter says "your matter"."""
    if case is None:
        return ""
    rule = rules.requests.get(case.request_type or "")
    return case.subject or (_in(rule.labels, language) if rule is not None else "") or ""


def _in(words: Mapping[str, str], language: str) -> str | None:
    """In their language, else in the one everybody's words are in, else in any."""
    return words.get(language) or words.get(DEFAULT_LANGUAGE) or next(iter(words.values()), None)
