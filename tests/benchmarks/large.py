"""A house with a long past: cases of many months, written by COPY, the same each month however long the past is.

Decides how much there is and that it is written fast. What a case is made of, `invented.py` and `lives.py` say. What is written keeps every
rule of the audit; that a test sees to with a few hundred cases.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import asyncpg

from app.actions.rules.versions import draft, publish
from app.db import Database, migrate_async, now
from app.postgres import FAST_BUT_FORGETFUL, LocalPostgres
from tests.benchmarks.invented import Lives
from tests.benchmarks.lived_tables import COLUMNS
from tests.benchmarks.lives import DAY, HOUR, PLAYBOOK, STAFF, STEPS, TARGETS, TIMED
from tests.office import furnish
from tests.ruling import ADMIN, document

PER_MONTH: Final = 10_000
MONTH: Final = 30 * DAY
TOGETHER: Final = 5_000
"""Cases that are written at once: half a month of the log, in the order in which it was lived."""
OPTIONS: Final = {
    **FAST_BUT_FORGETFUL, "max_wal_size": "4GB", "checkpoint_timeout": "30min", "maintenance_work_mem": "256MB",
    "autovacuum": "off",
}  # fmt: skip
GROWING: Final = tuple(table for table in COLUMNS if table != "timer")
"""Tables that grow as long as the house stands: none of them is ever read from end to end. Timers stand for what is open, and are
as many after a hundred months as after one."""

_HIRED = """
WITH hired AS (
    INSERT INTO representative (code, name, office, languages, queues, skills, capacity, ceiling, version)
    SELECT 'rep_' || lpad(number::text, 3, '0'), 'Somebody', 'lahore', '{en,ur,te}', ARRAY(SELECT code FROM queue),
        '{"claims": 5, "sales": 5, "technical": 5}', 5, 5, 1
    FROM generate_series(0, $1 - 1) AS number RETURNING code
)
INSERT INTO event (subject, subject_id, version, kind, at, actor)
SELECT 'representative', code, 1, 'joined', wall_clock(), 'system' FROM hired
"""
# The log was followed to its end: what is measured is no catching up. The last by the index, not by the number as it is read.
_FOLLOWED = """
INSERT INTO follower (name, epoch, xid, seq)
SELECT 'tending', epoch, xid::text::bigint, seq FROM event ORDER BY event.epoch DESC, event.xid DESC, event.seq DESC LIMIT 1
ON CONFLICT (name) DO UPDATE SET epoch = excluded.epoch, xid = excluded.xid, seq = excluded.seq
"""


def server(folder: Path) -> LocalPostgres:
    """A PostgreSQL that forgets everything in a power cut: nothing durable is measured here."""
    folder.chmod(0o755)
    return LocalPostgres(folder, options=OPTIONS)


async def fill(dsn: str, cases: int, *, seed: int = 1) -> None:
    """Furnish the empty database at `dsn` with a house and so many cases, `PER_MONTH` of them a month until now."""
    await migrate_async(dsn)
    await furnish(dsn)
    await _rule(dsn)
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("SET synchronous_commit = off")
        # Each row's references were made with it; to look each of them up would take longer than all the rest.
        await connection.execute("SET session_replication_role = replica")
        await connection.execute(_HIRED, STAFF)
        end = (await connection.fetchval("SELECT extract(epoch FROM wall_clock())::float8")) - HOUR
        lives = Lives(seed=seed, now=end + HOUR)
        begin = end - MONTH * cases / PER_MONTH
        for first in range(0, cases, TOGETHER):
            for number in range(first, min(cases, first + TOGETHER)):
                lives.live(begin + (end - begin) * number / cases)
            await _copy(connection, lives)
        await connection.execute(_FOLLOWED)
        await connection.execute("VACUUM (ANALYZE)")
    finally:
        await connection.close()


async def create(server: LocalPostgres, name: str) -> str:
    """An empty database of this name; its dsn."""
    connection = await asyncpg.connect(server.dsn())
    try:
        await connection.execute(f"CREATE DATABASE {name}")
    finally:
        await connection.close()
    return server.dsn(name)


async def _rule(dsn: str) -> None:
    """The rules the lives were lived by."""
    targets = {f"{kind}_seconds": seconds for kind, seconds in TARGETS.items()}
    steps = [{"code": step, "do": "ask", "words": {"en": "Ask for it"}} for step in STEPS]
    said: dict[str, Any] = {code: {"targets": targets} for code in TIMED}
    said["technical_service"]["playbook"] = PLAYBOOK
    wanted = document(playbooks={PLAYBOOK: {"steps": steps}}, resolution={"request_types": said})
    async with Database(dsn) as db, db.session() as session:
        moment = await now(session)
        version = (await draft(session, wanted, actor=ADMIN, now=moment)).version
        await publish(session, version, actor=ADMIN, now=moment)


async def _copy(connection: asyncpg.Connection, lives: Lives) -> None:
    """All rows there are, in the order of their references; nothing of a batch is there before all of it is."""
    rows = lives.take()
    async with connection.transaction():
        for table, columns in COLUMNS.items():
            await _into(connection, table, columns, rows[table])


async def _into(
    connection: asyncpg.Connection, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    await connection.copy_records_to_table(table, records=rows, columns=columns)
