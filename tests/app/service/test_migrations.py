"""The schema's history: it leads where the tables say, and back again."""

from __future__ import annotations

import asyncio
import subprocess

import asyncpg
import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from app.db import ROOT, migrate_async
from app.postgres import LocalPostgres

pytestmark = [pytest.mark.law, pytest.mark.oldest]


def revisions() -> list[str]:
    """From the first to the newest."""
    config = Config()
    config.set_main_option("script_location", str(ROOT / "alembic"))
    return [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()][::-1]


def schema(server: LocalPostgres, dsn: str) -> str:
    """The database as its own dump program writes it; the version row is not part of it."""
    dump = subprocess.run(
        [server.program("pg_dump"), "--schema-only", "--exclude-table=alembic_version", "-d", dsn],
        capture_output=True,
        text=True,
        check=True,
    )
    return "\n".join(line for line in dump.stdout.splitlines() if not line.startswith("\\"))  # random per dump


def test_the_history_is_one_line() -> None:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "alembic"))
    assert len(ScriptDirectory.from_config(config).get_heads()) == 1


async def test_the_migrated_schema_is_what_the_tables_say(empty_database: str) -> None:
    await migrate_async(empty_database)
    config = Config()
    config.set_main_option("script_location", str(ROOT / "alembic"))
    config.attributes["dsn"] = empty_database
    await asyncio.to_thread(command.check, config)


async def test_all_the_way_down_leaves_nothing_and_up_again_leaves_the_same(
    server: LocalPostgres, empty_database: str
) -> None:
    nothing = schema(server, empty_database)
    await migrate_async(empty_database)
    everything = schema(server, empty_database)
    assert everything != nothing
    await migrate_async(empty_database, "base")
    assert schema(server, empty_database) == nothing
    await migrate_async(empty_database)
    assert schema(server, empty_database) == everything


async def test_each_step_down_undoes_exactly_its_step_up(server: LocalPostgres, empty_database: str) -> None:
    before = schema(server, empty_database)
    for revision in revisions():
        await migrate_async(empty_database, revision)
        after = schema(server, empty_database)
        await migrate_async(empty_database, "-1")
        assert schema(server, empty_database) == before
        await migrate_async(empty_database, revision)
        before = after


async def test_what_stood_open_unserved_before_it_could_end_gets_its_time_and_back_again(empty_database: str) -> None:
    await migrate_async(empty_database, "0007")
    connection = await asyncpg.connect(empty_database)
    try:
        await connection.execute("""
            INSERT INTO "case" (id, token, state, opened_at, version, supervised)
            SELECT gen_random_uuid(), 'case-' || n, 'open', wall_clock(), 1, n = 2 FROM generate_series(1, 2) AS n
        """)
        await migrate_async(empty_database, "0008")
        await connection.reload_schema_state()
        timers = await connection.fetch('SELECT token, kind, due_at > wall_clock() + interval \'29 days\' AS late FROM timer'
                                        ' JOIN "case" c ON c.id = case_id')  # fmt: skip
        assert [tuple(row) for row in timers] == [("case-1", "unserved", True)]
        await connection.execute(
            """UPDATE "case" SET state = 'closed', closed_by = 'unserved' WHERE token = 'case-1'"""
        )
        await migrate_async(empty_database, "-1")
        assert await connection.fetchval("SELECT closed_by FROM \"case\" WHERE token = 'case-1'") == "not_asked"
        assert await connection.fetchval("SELECT count(*) FROM timer") == 0
    finally:
        await connection.close()
