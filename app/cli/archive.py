"""Everything the service knows, in one file: a zip of tables as PostgreSQL's own COPY text, and a manifest.

Decides what is in it and whether it is whole. Why not pg_dump: an archive must be readable by another version of PostgreSQL
(15 to 18), over any connection asyncpg can make (the wheel's programs speak no TLS), and its arrival must raise the feed's
epoch in the same transaction. Never restores over something that is there.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import asyncpg
import orjson
from sqlmodel import SQLModel

import app.tables  # noqa: F401 - fills the metadata
from app.cli.place import schema_revision
from app.db import head_revision, migrate_async
from app.errors import CannotStart

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
TRANSIENT: Final = frozenset({"lease", "queue_estimate"})
"""What a running service writes for the moment; a restored one writes it anew."""
CHUNK_BYTES: Final = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Contents:
    """What an archive holds: rows by table, in the order in which they can be put back."""

    revision: str
    made_at: str
    rows: Mapping[str, int]


class _Entry:
    """One table on its way into the zip: counts and digests what passes."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    async def __call__(self, data: bytes) -> None:
        self.digest.update(data)
        self._file.write(data)


async def save(dsn: str, file: Path) -> Contents:
    """Write the whole database at `dsn` to `file`, as it stands at one instant. Raises CannotStart."""
    half = file.with_name(file.name + ".half")
    connection = await asyncpg.connect(dsn)
    try:
        # Customers' words are in it: readable by its owner only, from the first byte on.
        half.unlink(missing_ok=True)
        with os.fdopen(os.open(half, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as raw:
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                contents = await _write(connection, raw)
            raw.flush()
            os.fsync(raw.fileno())
        half.replace(file)
    except OSError as error:
        raise CannotStart(f"{file}: cannot be written: {error.strerror}") from None
    finally:
        half.unlink(missing_ok=True)
        await connection.close()
    return contents


async def load(dsn: str, file: Path) -> Contents:
    """Put an archive into the empty database at `dsn`, all or nothing, and bring it to this program's schema.

    Followers of the feed go on where they were: what was told stays told, and the epoch rises. Raises CannotStart.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            manifest = _manifest(archive, file)
            await _check_empty(dsn)
            await _make_schema(dsn, manifest["revision"])
            await _fill(dsn, archive, manifest, file)
    except (OSError, zipfile.BadZipFile) as error:
        raise CannotStart(f"{file}: is not a whole backup: {error}") from None
    await migrate_async(dsn)
    return _contents(manifest)


async def _write(connection: asyncpg.Connection, raw: IO[bytes]) -> Contents:
    await connection.execute("SET LOCAL statement_timeout = 0")
    await connection.execute("SET LOCAL timezone = 'UTC'")
    revision = await connection.fetchval("SELECT version_num FROM alembic_version")
    if revision != head_revision():
        raise CannotStart(f"the database is at schema {revision}, not {head_revision()}: run raabta migrate")
    made_at = (await connection.fetchval("SELECT now()")).isoformat()
    tables: dict[str, Any] = {}
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
        for table in SQLModel.metadata.sorted_tables:
            if table.name not in TRANSIENT:
                columns = [str(column.name) for column in table.columns]
                with archive.open(_member(table.name), "w", force_zip64=True) as file:
                    entry = _Entry(file)
                    copied = await connection.copy_from_table(table.name, columns=columns, output=entry)
                tables[str(table.name)] = {
                    "columns": columns,
                    "rows": int(copied.split()[-1]),
                    "sha256": entry.digest.hexdigest(),
                }
        manifest = {"format": FORMAT, "revision": revision, "made_at": made_at, "tables": tables}
        archive.writestr(MANIFEST, orjson.dumps(manifest, option=orjson.OPT_INDENT_2))
    return _contents(manifest)


async def _make_schema(dsn: str, revision: str) -> None:
    """The schema the archive was made with. What stands there is empty, so it may go."""
    if await schema_revision(dsn) not in (None, revision):
        await migrate_async(dsn, "base")
    await migrate_async(dsn, revision)


async def _fill(dsn: str, archive: zipfile.ZipFile, manifest: Mapping[str, Any], file: Path) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        async with connection.transaction():
            await connection.execute("SET LOCAL statement_timeout = 0")
            await connection.execute("SET LOCAL timezone = 'UTC'")
            await connection.execute("DELETE FROM feed_epoch")  # the migration's own row; the archive brings another
            for name, table in manifest["tables"].items():
                await _fill_table(connection, archive, name, table, file)
            await connection.execute("UPDATE feed_epoch SET epoch = epoch + 1, identity = ''")
            await connection.execute(
                "SELECT setval(pg_get_serial_sequence('event', 'seq'), coalesce(max(seq), 1), count(*) > 0) FROM event"
            )
    except asyncpg.PostgresError as error:
        raise CannotStart(f"{file}: does not fit: {str(error).splitlines()[0]}") from None
    finally:
        await connection.close()


async def _fill_table(
    connection: asyncpg.Connection, archive: zipfile.ZipFile, name: str, table: Mapping[str, Any], file: Path
) -> None:
    digest = hashlib.sha256()

    async def chunks() -> AsyncIterator[bytes]:
        with archive.open(_member(name)) as source:
            while chunk := source.read(CHUNK_BYTES):
                digest.update(chunk)
                yield chunk

    copied = await connection.copy_to_table(name, columns=table["columns"], source=chunks())
    if digest.hexdigest() != table["sha256"] or int(copied.split()[-1]) != table["rows"]:
        raise CannotStart(f"{file}: is damaged: table {name} is not what was saved; nothing was restored")


async def _check_empty(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        for table in ("organisation", "event"):
            if await connection.fetchval("SELECT to_regclass($1)", table) is not None and await connection.fetchval(
                f"SELECT EXISTS (SELECT FROM {table})"  # noqa: S608 - two names of our own
            ):
                raise CannotStart(
                    "there is a service's data already: restore into an empty database (another RAABTA_DATA or DATABASE_URL)"
                )
    finally:
        await connection.close()


def _manifest(archive: zipfile.ZipFile, file: Path) -> Mapping[str, Any]:
    try:
        manifest: Mapping[str, Any] = orjson.loads(archive.read(MANIFEST))
        tables = manifest["tables"]
        known = manifest["format"] == FORMAT and all(
            {"columns", "rows", "sha256"} <= tables[name].keys() for name in tables
        )
    except (KeyError, TypeError, AttributeError, orjson.JSONDecodeError):
        raise CannotStart(f"{file}: is not a backup of ours") from None
    unknown = sorted(tables.keys() - SQLModel.metadata.tables.keys())
    if not known or unknown or manifest["revision"] > head_revision():
        raise CannotStart(f"{file}: was made by a newer program (schema {manifest['revision']})")
    return manifest


def _contents(manifest: Mapping[str, Any]) -> Contents:
    rows = {name: table["rows"] for name, table in manifest["tables"].items()}
    return Contents(revision=manifest["revision"], made_at=manifest["made_at"], rows=rows)


def _member(table: str) -> str:
    return f"tables/{table}.copy"
