"""A backup is everything, and a restore is all of it or nothing: also into another PostgreSQL, and for those who follow."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import asyncpg
import orjson
import pytest
from sqlmodel import SQLModel

from app.cli.archive import MANIFEST, TRANSIENT, Contents, load, save
from app.db import migrate_async
from app.errors import CannotStart
from app.queries.audit.audit import audit
from app.queries.feed import START, Place, Told, page
from tests.app.service.test_audit import STORIES, recount, tell
from tests.office import furnish


async def fill(dsn: str) -> None:
    """A house with one interaction in each state, words that are hard to write down, and a key."""
    await furnish(dsn)
    connection = await asyncpg.connect(dsn)
    for state in STORIES:
        await tell(connection, state)
    await recount(connection)
    await connection.execute('UPDATE "case" SET subject = E\'tab\\t, line\\n, \\\\N and "quotes", اردو తెలుగు\'')
    await connection.execute(
        "INSERT INTO api_key (id, name, role, prefix, digest) VALUES (gen_random_uuid(), 'k', 'admin', 'rk', '\\x00ff0a')"
    )
    await connection.close()


async def everything(dsn: str) -> dict[str, list[str]]:
    """Every row of every table that is kept, as text."""
    connection = await asyncpg.connect(dsn, server_settings={"timezone": "UTC"})
    found = {}
    for table in SQLModel.metadata.sorted_tables:
        if table.name not in TRANSIENT | {"feed_epoch"}:
            rows = await connection.fetch(f'SELECT t::text AS row FROM "{table.name}" AS t')
            found[table.name] = sorted(row["row"] for row in rows)
    await connection.close()
    return found


async def told(dsn: str, after: Place = START) -> list[Told]:
    """What a follower who stopped at `after` is told next."""
    connection = await asyncpg.connect(dsn)
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=str, decoder=orjson.loads)
    events = await page(connection, after, limit=10_000)
    await connection.close()
    return events


async def saved(dsn: str, folder: Path) -> tuple[Path, Contents]:
    file = folder / "all.raabta"
    return file, await save(dsn, file)


async def test_everything_comes_back_as_it_was(database: str, empty_database: str, tmp_path: Path) -> None:
    await fill(database)
    file, contents = await saved(database, tmp_path)
    assert await load(empty_database, file) == contents
    before, after = await everything(database), await everything(empty_database)
    assert after == before
    assert sum(contents.rows.values()) - contents.rows["feed_epoch"] == sum(map(len, before.values()))
    connection = await asyncpg.connect(empty_database)
    assert await audit(connection) == []
    await connection.close()


async def test_a_follower_goes_on_after_a_restore_and_hears_each_event_once(
    database: str, empty_database: str, tmp_path: Path
) -> None:
    await fill(database)
    heard = await told(database)
    half = heard[: len(heard) // 2]
    file, _ = await saved(database, tmp_path)
    await load(empty_database, file)
    rest = await told(empty_database, half[-1].place)
    assert [event.place.seq for event in half + rest] == [event.place.seq for event in heard]

    connection = await asyncpg.connect(empty_database)
    await tell(connection, "queued")  # its transaction numbers are far lower than those that were restored
    await connection.close()
    new = await told(empty_database, heard[-1].place)
    assert [event.kind for event in new] == ["opened", "queued"]
    assert new[0].place.epoch == heard[-1].place.epoch + 1
    assert new[0].place.seq > max(event.place.seq for event in heard)


async def test_a_backup_is_one_instant_while_others_write(database: str, tmp_path: Path) -> None:
    await fill(database)
    connection = await asyncpg.connect(database)
    async with connection.transaction():
        await tell(connection, "queued")  # not committed: not in it
        _, contents = await saved(database, tmp_path)
    await connection.close()
    assert contents.rows["interaction"] == len(STORIES)


async def test_only_its_owner_may_read_a_backup(database: str, tmp_path: Path) -> None:
    file, _ = await saved(database, tmp_path)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file]


async def test_nothing_is_restored_over_a_service_that_is_there(database: str, tmp_path: Path) -> None:
    await fill(database)
    file, _ = await saved(database, tmp_path)
    before = await everything(database)
    with pytest.raises(CannotStart, match="there is a service's data already"):
        await load(database, file)
    assert await everything(database) == before


async def test_a_damaged_backup_restores_nothing(database: str, empty_database: str, tmp_path: Path) -> None:
    await fill(database)
    file, _ = await saved(database, tmp_path)
    damaged = tmp_path / "damaged"
    with zipfile.ZipFile(file) as whole, zipfile.ZipFile(damaged, "w") as copy:
        for name in whole.namelist():
            data = whole.read(name)
            if name == "tables/message.copy":
                continue
            copy.writestr(name, data.replace(b"Esther", b"Ester", 1) if name == "tables/representative.copy" else data)
        copy.writestr("tables/message.copy", b"")
    with pytest.raises(CannotStart, match="table representative is not what was saved"):
        await load(empty_database, damaged)
    assert not any((await everything(empty_database)).values())


async def test_half_a_file_is_refused(database: str, empty_database: str, tmp_path: Path) -> None:
    file, _ = await saved(database, tmp_path)
    file.write_bytes(file.read_bytes()[:2_000])
    with pytest.raises(CannotStart, match="is not a whole backup"):
        await load(empty_database, file)


async def test_something_else_than_a_backup_is_refused(empty_database: str, tmp_path: Path) -> None:
    other = tmp_path / "other.zip"
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr(MANIFEST, "[]")
    with pytest.raises(CannotStart, match="is not a backup of ours"):
        await load(empty_database, other)


async def test_a_backup_of_a_newer_program_is_refused(database: str, empty_database: str, tmp_path: Path) -> None:
    file, _ = await saved(database, tmp_path)
    newer = tmp_path / "newer"
    with zipfile.ZipFile(file) as archive:
        manifest = orjson.loads(archive.read(MANIFEST)) | {"revision": "9999"}
    with zipfile.ZipFile(newer, "w") as archive:
        archive.writestr(MANIFEST, orjson.dumps(manifest))
    with pytest.raises(CannotStart, match="made by a newer program"):
        await load(empty_database, newer)


async def test_a_database_without_this_programs_schema_is_not_saved(database: str, tmp_path: Path) -> None:
    connection = await asyncpg.connect(database)
    await connection.execute("UPDATE alembic_version SET version_num = '0000'")
    await connection.close()
    with pytest.raises(CannotStart, match="run raabta migrate"):
        await saved(database, tmp_path)
    assert list(tmp_path.iterdir()) == []


async def test_an_empty_migrated_database_can_be_restored_into(
    database: str, empty_database: str, tmp_path: Path
) -> None:
    await fill(database)
    file, contents = await saved(database, tmp_path)
    await migrate_async(empty_database)
    assert await load(empty_database, file) == contents
