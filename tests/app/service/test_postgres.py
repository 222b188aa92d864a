"""The private server: adopted, watched, restarted, and never anybody else's process."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from app.errors import CannotStart, FolderInUse
from app.postgres import FAST_BUT_FORGETFUL, LocalPostgres, borrowed, data_dir, serving
from app.settings import Settings
from tests.racing import HANG_SECONDS

KEEPS_ITS_SERVER = """
import sys, pathlib, time
from app.postgres import FAST_BUT_FORGETFUL, LocalPostgres
server = LocalPostgres(pathlib.Path(sys.argv[1]), options=FAST_BUT_FORGETFUL)
server.start()
print(server.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def bare() -> Iterator[Path]:
    """A data folder with nothing in it, on a path short enough for its socket."""
    with tempfile.TemporaryDirectory(prefix="raabta-test-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """Data made once for the whole file: making them takes most of a first start."""
    with tempfile.TemporaryDirectory(prefix="raabta-test-") as name:
        Path(name).chmod(0o755)
        server = LocalPostgres(Path(name), options=FAST_BUT_FORGETFUL)
        server.start()
        server.stop()
        yield server.data


@pytest.fixture
def folder(bare: Path, made: Path) -> Path:
    """A data folder of its own that was served before."""
    subprocess.run(["cp", "-a", made, bare / "pgdata"], check=True)
    return bare


@pytest.fixture
def local(folder: Path) -> Iterator[LocalPostgres]:
    server = LocalPostgres(folder, options=FAST_BUT_FORGETFUL)
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def watched(folder: Path) -> AsyncIterator[LocalPostgres]:
    async with serving(LocalPostgres(folder, options=FAST_BUT_FORGETFUL)) as server:
        yield server


async def value(server: LocalPostgres, query: str) -> object:
    connection = await asyncpg.connect(server.dsn())
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def value_soon(server: LocalPostgres, query: str) -> object:
    end = time.monotonic() + HANG_SECONDS
    while True:
        try:
            return await value(server, query)
        except (OSError, asyncpg.PostgresError):
            if time.monotonic() > end:
                raise
            await asyncio.sleep(0.02)


async def test_a_started_server_answers_on_its_socket_only(local: LocalPostgres) -> None:
    assert await value(local, "SHOW listen_addresses") == ""
    assert local.is_serving()
    assert local.sockets.stat().st_mode & 0o077 == 0
    assert local.data.stat().st_mode & 0o077 == 0


async def test_nobody_else_on_the_machine_reaches_the_server_or_reads_its_files(local: LocalPostgres) -> None:
    for name, mode in {"pgdata": 0o700, "run": 0o700, "postgres.log": 0o600, "lock": 0o600}.items():
        assert (local.folder / name).stat().st_mode & 0o777 == mode, name
    if os.geteuid() != 0:
        return
    asked = subprocess.run(
        [local.program("psql"), "-XAtq", "-d", local.dsn(), "-c", "SELECT 1"],
        capture_output=True, text=True, check=False, user=65534, group=65534, extra_groups=[], cwd="/",
    )  # fmt: skip
    assert asked.returncode != 0
    assert "Permission denied" in asked.stderr


async def test_the_servers_log_holds_no_rows(local: LocalPostgres) -> None:
    connection = await asyncpg.connect(local.dsn())
    await connection.execute("CREATE TABLE told (name text, number int CHECK (number > 0))")
    with pytest.raises(asyncpg.CheckViolationError):
        await connection.execute("INSERT INTO told VALUES ($1, -1)", "Sana Tariq")
    await connection.close()
    log = (local.folder / "postgres.log").read_text()
    assert "check constraint" in log
    assert "Tariq" not in log


async def test_data_survive_a_stop(local: LocalPostgres) -> None:
    await value(local, "CREATE TABLE kept AS SELECT 7 AS number")
    local.stop()
    assert not local.is_serving()
    local.start()
    assert await value(local, "SELECT number FROM kept") == 7


async def test_a_killed_server_is_brought_back_with_its_data(watched: LocalPostgres) -> None:
    await value(watched, "CREATE TABLE kept AS SELECT 7 AS number")
    await value(watched, "CHECKPOINT")  # fsync is off here, so tell it to write
    first = watched.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert await value_soon(watched, "SELECT number FROM kept") == 7
    assert watched.pid != first


async def test_a_server_killed_many_times_comes_back_each_time(watched: LocalPostgres) -> None:
    for _ in range(3):
        pid = watched.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        while watched.pid == pid:
            await asyncio.sleep(0.02)
        assert await value_soon(watched, "SELECT 1") == 1


def test_a_folder_that_is_served_is_refused_to_a_second(local: LocalPostgres) -> None:
    second = LocalPostgres(local.folder, options=FAST_BUT_FORGETFUL)
    with pytest.raises(FolderInUse, match=f"already served by process {os.getpid()}"):
        second.start()
    second.stop()
    assert local.is_serving(), "the refused one stopped a server that was not its own"


def test_a_server_left_by_a_killed_parent_is_adopted(folder: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", KEEPS_ITS_SERVER, folder], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.kill()
    server = LocalPostgres(folder, options=FAST_BUT_FORGETFUL)
    server.start()
    assert (server.adopted, server.pid) == (True, pid)
    server.stop()
    assert not server.is_serving()


async def test_an_adopted_server_is_brought_back_too(folder: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", KEEPS_ITS_SERVER, folder], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.kill()
    async with serving(LocalPostgres(folder, options=FAST_BUT_FORGETFUL)) as server:
        os.kill(pid, signal.SIGKILL)
        while server.pid == pid:
            await asyncio.sleep(0.02)
        assert await value_soon(server, "SELECT 1") == 1


async def test_a_stale_pid_file_naming_another_living_process_is_harmless(local: LocalPostgres) -> None:
    pid = local.pid
    assert pid is not None
    noted = (local.data / "postmaster.pid").read_text()
    owner = local.data.stat()
    local.stop()
    account = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []} if os.geteuid() == 0 else {}
    with subprocess.Popen(["sleep", "600"], **account) as bystander:  # type: ignore[call-overload]  # rights as data
        stale = local.data / "postmaster.pid"
        stale.write_text(noted.replace(str(pid), str(bystander.pid), 1))
        os.chown(stale, owner.st_uid, owner.st_gid)
        assert not local.is_serving()
        local.start()
        assert await value(local, "SELECT 1") == 1
        local.stop()
        assert bystander.poll() is None, "somebody else's process was signalled"
        bystander.kill()


def test_half_made_data_are_made_again(bare: Path) -> None:
    (bare / "pgdata.half" / "base").mkdir(parents=True)
    server = LocalPostgres(bare, options=FAST_BUT_FORGETFUL)
    server.start()
    assert server.is_serving()
    server.stop()


def test_a_command_borrows_the_running_server_and_leaves_it_running(local: LocalPostgres) -> None:
    with borrowed(local.folder) as lent:
        assert lent.is_serving()
        assert lent.pid is None
    assert local.is_serving()


def test_a_command_alone_starts_a_server_and_stops_it_afterwards(folder: Path) -> None:
    with borrowed(folder) as lent:
        assert lent.is_serving()
    assert not lent.is_serving()


def test_a_service_waits_for_a_command_that_has_the_folder_open(folder: Path) -> None:
    server = LocalPostgres(folder, options=FAST_BUT_FORGETFUL)
    code = "import sys, pathlib, time, app.postgres as p\nwith p.borrowed(pathlib.Path(sys.argv[1])): print(1, flush=True); time.sleep(0.5)"
    with subprocess.Popen([sys.executable, "-c", code, folder], stdout=subprocess.PIPE, text=True) as command:
        assert command.stdout is not None
        command.stdout.readline()
        server.start()
        assert command.wait(HANG_SECONDS) == 0
    assert server.is_serving()
    server.stop()


def test_a_folder_too_deep_for_a_socket_gets_its_socket_elsewhere(folder: Path) -> None:
    deep = folder / ("d" * 90)
    server = LocalPostgres(deep, options=FAST_BUT_FORGETFUL)
    assert len(os.fsencode(server.sockets / ".s.PGSQL.5432")) <= 107
    server.start()
    assert server.is_serving()
    server.stop()
    server.sockets.rmdir()


def test_a_server_that_cannot_start_says_why_in_one_line(folder: Path) -> None:
    server = LocalPostgres(folder, options={**FAST_BUT_FORGETFUL, "max_connections": "many"})
    with pytest.raises(CannotStart, match="max_connections") as refusal:
        server.start()
    assert "\n" not in refusal.value.detail
    with borrowed(folder) as lent:  # and it let the folder go
        assert lent.is_serving()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another account")
def test_a_folder_the_account_cannot_reach_is_refused_in_one_line(folder: Path) -> None:
    folder.chmod(0o700)
    with pytest.raises(CannotStart, match=r"cannot reach .* set RAABTA_DATA"):
        LocalPostgres(folder / "data").start()


def test_the_data_folder_is_the_one_that_was_set(folder: Path) -> None:
    assert data_dir(Settings(data=folder / "x" / ".." / "y")) == folder.resolve() / "y"
