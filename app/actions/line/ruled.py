"""The queue's rule that holds for an interaction: of the version it was filed by.

Decides what holds where that version no longer knows the queue: the live rules, and where they do not either, the defaults.
Never writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import asyncpg
from sqlmodel.ext.asyncio.session import AsyncSession

from app.db import Connection
from app.errors import NotFound
from app.queries.rules import live_rules, raw, rules_of
from app.tables import Interaction
from routing.rules import QueueRule, Rules

OFFER_SECONDS: Final = 20.0
"""How long an offer stands in a queue that no rules know."""


async def ruled(session: AsyncSession, interaction: Interaction) -> QueueRule:
    """The rule of the queue it waits in, or waited in last."""
    return await _rule(await raw(session), interaction.rules_version, interaction.queue or "")


async def ruled_rows(connection: Connection, rows: Iterable[asyncpg.Record]) -> Mapping[tuple[int, str], QueueRule]:
    """The rules of many rows, by (`rules_version`, `queue`)."""
    wanted = {(row["rules_version"], row["queue"]) for row in rows}
    return {key: await _rule(connection, *key) for key in sorted(wanted)}


async def _rule(connection: Connection, version: int, queue: str) -> QueueRule:
    rules = await _of(connection, version)
    if queue not in rules.queues:
        rules = await live_rules(connection)
    return rules.queues.get(queue) or QueueRule(name=queue, target_seconds=0.0, offer_timeout_seconds=OFFER_SECONDS)


async def _of(connection: Connection, version: int) -> Rules:
    try:
        return await rules_of(connection, version)
    except NotFound:
        return await live_rules(connection)
