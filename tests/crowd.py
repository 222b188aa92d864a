"""Crowds for tests of the service: interactions that wait and representatives that work, straight into the tables.

Every row has its events, so that the log folds to what the tables say.
"""

from __future__ import annotations

import asyncpg

_CASES = """
INSERT INTO "case" (id, token, state, opened_at, version)
SELECT gen_random_uuid(), 'crowd-' || gen_random_uuid(), 'open', wall_clock(), 1 FROM generate_series(1, $1)
RETURNING id
"""
# Keys made in the order of the due times, as the service makes them: random keys would be another load.
_WAITING = """
INSERT INTO interaction (id, case_id, channel, contact, state, queue, request_type, language, live, units, skills,
                         speak, arrived_at, queued_at, due_at, state_at, version)
SELECT (lpad(to_hex((1.7e12 + place)::bigint), 12, '0') || '7' || substr(md5(id::text), 1, 19))::uuid,
       id, 'console', 'crowd-' || place, 'queued', $2, NULL, $3, $4, 1, $5::text::jsonb,
       $3::text IS NOT NULL, now, now, now + place * interval '1 millisecond', now, 1
FROM unnest($1::uuid[]) WITH ORDINALITY AS made (id, place), (SELECT wall_clock() AS now) AS clock
RETURNING id
"""
_TOLD = """
INSERT INTO event (subject, subject_id, version, kind, at, actor)
SELECT $2, id::text, 1, $3, wall_clock(), 'system' FROM unnest($1::uuid[]) AS id
"""
_RECEIPTS = """
INSERT INTO receipt (source, channel, ref, interaction_id, at)
SELECT 'crowd', 'console', id::text, id, wall_clock() FROM unnest($1::uuid[]) AS id
"""
_HIRED = """
INSERT INTO representative (code, name, office, languages, queues, skills, capacity, ceiling, presence, version)
SELECT $1 || lpad(number::text, 4, '0'), 'Somebody', 'lahore', '{en,ur,te}', $3, $5::text::jsonb, $4, $4, 'available', 2
FROM generate_series(1, $2) AS number
RETURNING code
"""
_JOINED = """
INSERT INTO event (subject, subject_id, version, kind, at, actor)
SELECT 'representative', code, version, kind, wall_clock(), 'system'
FROM unnest($1::text[]) AS code, (VALUES (1, 'joined'), (2, 'available')) AS story (version, kind)
"""


async def wait_in_line(
    connection: asyncpg.Connection,
    count: int,
    *,
    queue: str = "sales",
    language: str | None = None,
    live: bool = False,
    skills: str = "{}",
    told: bool = True,
) -> list[str]:
    """`count` interactions stand in line; returns their ids, earliest due first. `told` False: no events, as if lost."""
    async with connection.transaction():
        cases = [row["id"] for row in await connection.fetch(_CASES, count)]
        rows = await connection.fetch(_WAITING, cases, queue, language, live, skills)
        ids = [row["id"] for row in rows]
        await connection.execute(_RECEIPTS, ids)
        await connection.execute(_TOLD, cases, "case", "opened")
        if told:
            await connection.execute(_TOLD, ids, "interaction", "queued")
    return [str(each) for each in ids]


async def go_to_work(
    connection: asyncpg.Connection,
    count: int,
    *,
    prefix: str = "r",
    queues: tuple[str, ...] = ("sales",),
    capacity: int = 1,
    skills: str = "{}",
) -> list[str]:
    """`count` representatives are available; returns their codes."""
    async with connection.transaction():
        rows = await connection.fetch(_HIRED, prefix, count, list(queues), capacity, skills)
        codes = [row["code"] for row in rows]
        await connection.execute(_JOINED, codes)
    return codes
