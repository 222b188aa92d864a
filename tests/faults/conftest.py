"""Services that may be killed: each has a folder, a port and a PostgreSQL with fsync of its own."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx2
import pytest

from app.cli.demo.service import TemporaryService, apply_quick_office
from app.errors import CannotStart
from app.postgres import LocalPostgres
from tests.racing import HANG_SECONDS

TOKEN = "twilio-token-of-the-fault-tests"
Start = Callable[..., TemporaryService]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder PostgreSQL's account can reach; whatever runs on it is stopped in the end."""
    made = Path(tempfile.mkdtemp(prefix="raabta-faults-"))
    made.chmod(0o755)
    yield made
    for data in (made, *(path for path in made.iterdir() if path.is_dir())):
        if (data / "pgdata").exists():
            with suppress(CannotStart):
                left = LocalPostgres(data)
                left.start(purpose="sweep")
                left.stop()
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def start(folder: Path) -> Iterator[Start]:
    """Start a service on a folder of its own below `folder`, or on `database`; `quick`: in the quick office of the demo."""
    running: list[TemporaryService] = []

    def begin(name: str = "data", *, database: str | None = None, quick: bool = False) -> TemporaryService:
        data = folder / name
        data.mkdir(mode=0o755)
        environment = {"LOG_LEVEL": "info"} | ({"DATABASE_URL": database} if database else {})
        service = TemporaryService(data, twilio_token=TOKEN, environment=environment)
        running.append(service)
        service.start()
        if quick:
            apply_quick_office(service)
        return service

    yield begin
    for service in running:
        if service.process is not None and service.process.poll() is None:
            service.stop()


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The play on a slow machine: everybody is served in the end, and heard of."""
    monkeypatch.setattr("app.cli.demo.play.CLOSING_SECONDS", 10 * HANG_SECONDS)
    monkeypatch.setattr("app.cli.demo.play.FEED_SECONDS", HANG_SECONDS)


@pytest.fixture
async def postgres(folder: Path) -> AsyncIterator[LocalPostgres]:
    """A PostgreSQL that no service owns, as with DATABASE_URL."""
    server = LocalPostgres(folder / "postgres")
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(timeout=HANG_SECONDS, trust_env=False) as client:
        yield client
