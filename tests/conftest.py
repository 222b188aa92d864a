"""A real PostgreSQL for every test that asks for one, and no way out of this machine.

Each parallel worker has its own server (fsync off) on a private folder; `database` is a fresh, migrated database that commits
for real. Sockets reach this machine only.
"""

from __future__ import annotations

import ipaddress
import itertools
import os
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import hypothesis
import pytest

from app.errors import CannotStart
from app.postgres import FAST_BUT_FORGETFUL, LocalPostgres
from app.postgres import server as postgres_server
from app.settings import Settings, environment_name

TEMPLATE = "template_raabta"
FIXED_SEED = 20_260_101
LEFT_OVER_SECONDS = 3600
PREFIX = "raabta-test-"
MEMORY = Path("/dev/shm")
"""Nothing of these servers is to outlive them: in memory a database is made several times as fast, and no busy disk holds it up."""
ENOUGH_MEMORY = 4 * 1024**3
_NUMBERS = itertools.count(1)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--postgres-bin", type=Path, help="folder of other PostgreSQL programs than our wheel's")
    parser.addoption("--seed", type=int, default=FIXED_SEED, help="another seed for all chance in the tests")


def pytest_report_header(config: pytest.Config) -> str:
    return f"seed: {config.getoption('--seed')}, PostgreSQL: {config.getoption('--postgres-bin') or 'our own'}"


def pytest_configure(config: pytest.Config) -> None:
    """Nobody's settings but a test's own reach a test, and no socket reaches beyond this machine."""
    for field in Settings.model_fields:
        os.environ.pop(environment_name(field), None)
    sys.addaudithook(_stay_here)
    chosen = config.getoption("--seed") != FIXED_SEED
    hypothesis.settings.register_profile("fixed", derandomize=True, database=None, deadline=None)
    hypothesis.settings.register_profile("chosen", database=None, deadline=None, print_blob=True)
    hypothesis.settings.load_profile("chosen" if chosen else "fixed")


@pytest.fixture(scope="session")
def seed(pytestconfig: pytest.Config) -> int:
    """For `random.Random(seed)`: fixed, but for `make soak` or `--seed`."""
    chosen: int = pytestconfig.getoption("--seed")
    return chosen


@pytest.fixture(scope="session")
def server(pytestconfig: pytest.Config) -> Iterator[LocalPostgres]:
    """The worker's own PostgreSQL: never killed by a test (tests that kill make their own)."""
    _sweep()
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=_quick_folder()) as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL's account must pass
        bin_dir: Path | None = pytestconfig.getoption("--postgres-bin")
        # When each transaction was committed tells the races what came first. The feed waits for every writer of the instance,
        # so for the housekeeping of other tests' databases too.
        options = {
            **FAST_BUT_FORGETFUL, "max_connections": 200, "track_commit_timestamp": "on", "autovacuum": "off",
        }  # fmt: skip
        running = LocalPostgres(folder, bin_dir=bin_dir, options=options)
        with pytest.MonkeyPatch.context() as patch:
            _at_the_same_hour(patch)
            running.start()
        try:
            yield running
        finally:
            running.stop()


@pytest.fixture(scope="session")
async def template(server: LocalPostgres) -> str:
    """The name of a migrated, empty database to copy from; nobody may connect to it while it is copied."""
    from app.db import migrate_async  # dear to import, and tests of the leaves never come here

    await _execute(server, f"CREATE DATABASE {TEMPLATE}")
    await migrate_async(server.dsn(TEMPLATE))
    return TEMPLATE


@pytest.fixture
async def database(server: LocalPostgres, template: str) -> AsyncIterator[str]:
    """The `postgresql://…` of a fresh, migrated database; dropped afterwards."""
    name = f"test_{next(_NUMBERS)}"
    # Copied file by file: half the time of writing each page to the log, with nothing to be kept safe.
    await _execute(server, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
    yield server.dsn(name)
    await _execute(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def empty_database(server: LocalPostgres) -> AsyncIterator[str]:
    """The `postgresql://…` of a database with nothing in it: for tests of the migrations themselves."""
    name = f"empty_{next(_NUMBERS)}"
    await _execute(server, f"CREATE DATABASE {name}")
    yield server.dsn(name)
    await _execute(server, f"DROP DATABASE {name} WITH (FORCE)")


async def _execute(server: LocalPostgres, statement: str) -> None:
    connection = await asyncpg.connect(server.dsn())
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _at_the_same_hour(patch: pytest.MonkeyPatch) -> None:
    """Where the tests run at another hour than it is (`make hours`), so does PostgreSQL, which inherits nothing otherwise."""
    clock = {name: os.environ[name] for name in ("LD_PRELOAD", "FAKETIME") if "FAKETIME" in os.environ}
    usual = postgres_server._environment()
    patch.setattr(postgres_server, "_environment", lambda: {**usual, **clock})


def _quick_folder() -> Path | None:
    """Memory, where there is enough of it; otherwise the usual place."""
    try:
        return (
            MEMORY if shutil.disk_usage(MEMORY).free >= ENOUGH_MEMORY and os.access(MEMORY, os.W_OK | os.X_OK) else None
        )
    except OSError:
        return None


def _sweep() -> None:
    """Stop and remove what killed test runs left behind; a folder in use is locked by its owner."""
    for folder in (*Path(tempfile.gettempdir()).glob(f"{PREFIX}*"), *MEMORY.glob(f"{PREFIX}*")):
        try:
            if time.time() - folder.stat().st_mtime < LEFT_OVER_SECONDS:
                continue
            left_over = LocalPostgres(folder)
            left_over.start(purpose="sweep")
            left_over.stop()
        except (CannotStart, OSError):
            continue
        shutil.rmtree(folder, ignore_errors=True)


def _stay_here(event: str, arguments: tuple[object, ...]) -> None:
    if event in {"socket.connect", "socket.sendto"} and isinstance(arguments[1], tuple):
        _check(str(arguments[1][0]))
    elif event == "socket.getaddrinfo" and arguments[0] is not None:
        host = arguments[0]
        _check(host.decode() if isinstance(host, bytes) else str(host))


def _check(host: str) -> None:
    if host in {"", "localhost"} or host.endswith(".localhost"):
        return
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        address = None
    if address is None or not (address.is_loopback or address.is_unspecified):
        raise RuntimeError(f"tests stay on this machine: {host}")
