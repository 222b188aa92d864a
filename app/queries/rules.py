"""Which rules there are, and which of them are live.

Decides how a version is found and read back. A document never changes, so what was parsed once is kept, and asking for the
live rules costs one look at an index. Never writes: `app.actions.rules.versions` does.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeAlias

import asyncpg
import orjson
from sqlalchemy import select as choose
from sqlmodel import SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.db import Connection
from app.errors import NotFound
from app.queries import cursors
from app.tables import RuleSet
from routing.rules import HoursRule, QueueRule, RequestRule, Rules, read

KEPT: Final = 32
"""Parsed versions a process keeps: the live one and those that somebody compares it with."""
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_LAST: Final = 2**31 - 1
"""No version has a larger number: its column holds none."""
_Key: TypeAlias = tuple[str, int, datetime]
"""A version is unique in its database only, and one process may come to see a second database (tests, a restored backup)."""

_HEAD: Final = [column for column in SQLModel.metadata.tables["rule_set"].columns if column.name != "document"]
_LIVE = "SELECT current_database()::text AS database, version, made_at FROM rule_set WHERE state = 'live'"
_ONE = "SELECT current_database()::text AS database, version, made_at FROM rule_set WHERE version = $1"
_DOCUMENT = "SELECT document::text FROM rule_set WHERE version = $1"
_QUEUES = """
SELECT code, name, target_seconds, offer_timeout_seconds, wrap_up_seconds, grace_seconds, head_start_cap_seconds,
    mean_handle_seconds, hours::text AS hours
FROM queue ORDER BY code
"""
_REQUESTS = """
SELECT code, parent, queue, labels::text AS labels, skills::text AS skills, speak, letter, place
FROM request_type ORDER BY place, code
"""

_parsed: OrderedDict[_Key, Rules] = OrderedDict()


async def live_rules(connection: Connection) -> Rules:
    """The rules that hold now. Where nothing was ever published: the tables as they stand, as version 0."""
    row = await connection.fetchrow(_LIVE)
    return await _rules(connection, row) if row is not None else await _as_they_stand(connection)


async def live_version(connection: Connection) -> int:
    """The number of the live version; 0 = nothing was ever published."""
    row = await connection.fetchrow(_LIVE)
    return row["version"] if row is not None else 0


async def rules_for(session: AsyncSession) -> Rules:
    """`live_rules`, inside the session's transaction."""
    return await live_rules(await raw(session))


async def rules_of(connection: Connection, version: int) -> Rules:
    """The rules of one version, whatever became of it; 0 = the tables as they stand. Raises `NotFound`."""
    if version == 0:
        return await _as_they_stand(connection)
    row = await connection.fetchrow(_ONE, version)
    if row is None:
        raise NotFound(f"There are no rules of version {version}.", code="unknown_rules")
    return await _rules(connection, row)


async def page(
    session: AsyncSession, *, state: str | None, after: str | None, limit: int
) -> tuple[list[dict[str, Any]], str | None]:
    """The versions, newest first, without their documents."""
    chosen = choose(*_HEAD)
    if state is not None:
        chosen = chosen.where(col(RuleSet.state) == state)
    if after is not None:
        (last,) = cursors.decode(after, (int,))
        chosen = chosen.where(col(RuleSet.version) < min(last, _LAST))
    chosen = chosen.order_by(col(RuleSet.version).desc()).limit(limit + 1)
    rows = (await (await session.connection()).execute(chosen)).mappings().all()
    following = cursors.encode(rows[limit - 1]["version"]) if len(rows) > limit else None
    return [dict(row) for row in rows[:limit]], following


async def one(session: AsyncSession, version: int | None) -> RuleSet:
    """One version with its document; None = the live one. Raises `NotFound` (`unknown_rules`)."""
    chosen = select(RuleSet).where(RuleSet.state == "live" if version is None else RuleSet.version == version)
    row = (await session.exec(chosen)).one_or_none()
    if row is None:
        named = "are live yet" if version is None else f"have version {version}"
        raise NotFound(f"No rules {named}.", code="unknown_rules")
    return row


async def raw(session: AsyncSession) -> Connection:
    """The connection under a session, for statements that know no models: they see what the session has flushed."""
    pooled = await (await session.connection()).get_raw_connection()
    connection: Connection = pooled.driver_connection  # type: ignore[assignment]  # asyncpg's, as app.db makes it
    return connection


async def _rules(connection: Connection, row: asyncpg.Record) -> Rules:
    key = row["database"], row["version"], row["made_at"]
    if key not in _parsed:
        document = await connection.fetchval(_DOCUMENT, row["version"])
        _parsed[key] = read(orjson.loads(document), version=row["version"])
        while len(_parsed) > KEPT:
            _parsed.popitem(last=False)
    _parsed.move_to_end(key)
    return _parsed[key]


async def _as_they_stand(connection: Connection) -> Rules:
    queues = await connection.fetch(_QUEUES)
    requests = await connection.fetch(_REQUESTS)
    return Rules(
        version=0,
        queues={row["code"]: _queue(row) for row in queues},
        requests={row["code"]: _request(row) for row in requests},
    )


def _queue(row: asyncpg.Record) -> QueueRule:
    return QueueRule(
        name=row["name"],
        target_seconds=row["target_seconds"],
        offer_timeout_seconds=row["offer_timeout_seconds"],
        wrap_up_seconds=row["wrap_up_seconds"],
        grace_seconds=row["grace_seconds"],
        head_start_cap_seconds=row["head_start_cap_seconds"],
        mean_handle_seconds=row["mean_handle_seconds"],
        hours=_hours(orjson.loads(row["hours"])),
    )


def _request(row: asyncpg.Record) -> RequestRule:
    return RequestRule(
        queue=row["queue"],
        labels=orjson.loads(row["labels"]),
        letter=row["letter"],
        parent=row["parent"],
        place=row["place"],
        skills=orjson.loads(row["skills"]),
        speak=row["speak"],
    )


def _hours(stored: Mapping[str, Any]) -> HoursRule | None:
    if not stored:
        return None
    return HoursRule(
        timezone=stored.get("timezone"),
        weekly={day: _spans(stored[day]) for day in DAYS if stored.get(day)},
        exceptions={day: _spans(spans) for day, spans in stored.get("exceptions", {}).items()},
        holidays=stored.get("holidays"),
    )


def _spans(stored: Sequence[Sequence[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((start, end) for start, end in stored)
