"""The log as chores follow it: everything once and in order, also where the numbers of transactions get a digit more."""

from __future__ import annotations

import asyncpg

from app.db import Database
from app.queries.feed import START, Place
from app.queries.following import Followed, following

_TOLD = """
INSERT INTO event (epoch, xid, subject, subject_id, version, kind, at, actor)
VALUES (1, $1::text::xid8, 'case', gen_random_uuid()::text, 1, 'opened', wall_clock(), 'system')
"""
_LONG_AGO = ("8", "9", "10", "11", "99", "100", "101")


async def test_a_transaction_with_one_digit_more_comes_after_those_with_fewer(
    db: Database, connection: asyncpg.Connection
) -> None:
    for xid in _LONG_AGO:
        await connection.execute(_TOLD, xid)
    place = START
    seen: list[int] = []
    while events := await _page(db, place):
        seen += [event.place.xid for event in events]
        place = events[-1].place
    assert seen[: len(_LONG_AGO)] == [int(xid) for xid in _LONG_AGO]
    assert seen == sorted(seen)


async def _page(db: Database, place: Place) -> list[Followed]:
    async with db.connection() as opened:
        return await following(opened, place, limit=2)
