"""The API held against its own description: thousands of requests made from the document, good and bent.

Found must be: no fault of ours, no status and no content type that is not documented, no body of another shape. `/v1/stream`
never ends and has tests of its own.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

import asyncpg
import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, given, settings
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from app.main import create_app
from app.postgres import LocalPostgres
from app.settings import Settings
from tests.api.conftest import give_keys
from tests.office import furnish
from tests.racing import HANG_SECONDS

pytestmark = [
    pytest.mark.schema,
    pytest.mark.timeout(900),
    pytest.mark.filterwarnings("ignore"),  # schemathesis' own
]
EXAMPLES = 40


class Served:
    """The service in a thread, with a loop of its own: schemathesis asks from this one and waits."""

    def __init__(self, dsn: str) -> None:
        _elsewhere(furnish(dsn))
        self.keys: dict[str, str] = _elsewhere(give_keys(dsn))
        app = create_app(Settings(requests_per_second=1_000_000, failures_per_minute=1_000_000), dsn=dsn, loops=True)
        self.schema = schemathesis.openapi.from_dict(app.openapi())
        config = uvicorn.Config(app, port=0, log_level="error", access_log=False, timeout_graceful_shutdown=2)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run)

    def __enter__(self) -> Self:
        self._thread.start()
        while not self._server.started:
            assert self._thread.is_alive(), "the service did not start"
            self._thread.join(0.02)
        port = self._server.servers[0].sockets[0].getsockname()[1]
        self.schema.config.update(base_url=f"http://127.0.0.1:{port}")
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(20)


def _elsewhere(work: Coroutine[Any, Any, Any]) -> Any:
    """Run it to its end in another thread: this one's loop belongs to pytest."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


@pytest.fixture(scope="module")
def module_database(server: LocalPostgres, template: str) -> Iterator[str]:
    """A database for all tests of this file: what one attack leaves behind, the next one meets."""
    _elsewhere(_execute(server, f"CREATE DATABASE attacked TEMPLATE {template}"))
    yield server.dsn("attacked")
    _elsewhere(_execute(server, "DROP DATABASE attacked WITH (FORCE)"))


async def _execute(server: LocalPostgres, statement: str) -> None:
    connection = await asyncpg.connect(server.dsn())
    await connection.execute(statement)
    await connection.close()


@pytest.fixture(scope="module")
def served(module_database: str) -> Iterator[Served]:
    """The service with its loops, so that things move while they are attacked."""
    with Served(module_database) as found:
        yield found


def attacks() -> Iterator[tuple[str, str, GenerationMode]]:
    """Every documented operation but the stream, with good input and, where it takes any, with bent input."""
    for path, found in create_app(Settings()).openapi()["paths"].items():
        for method, operation in found.items():
            if path != "/v1/stream":
                yield method, path, GenerationMode.POSITIVE
                if operation.get("parameters") or _bendable(operation):
                    yield method, path, GenerationMode.NEGATIVE


def _bendable(operation: dict[str, Any]) -> bool:
    """Bytes of any kind cannot be bent: all of them are good."""
    content = operation.get("requestBody", {}).get("content", {})
    return any(kind.get("schema", {}).get("format") != "binary" for kind in content.values())


@schemathesis.serializer("message/rfc822")
def letters(_: Any, value: Any) -> bytes:
    """A letter is sent as it is."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")


NOT_OURS = [
    positive_data_acceptance
]  # a code that is well formed need not exist: 422 is then right, also for good data


@pytest.mark.parametrize(("method", "path", "mode"), list(attacks()), ids=str)
def test_an_operation_answers_as_it_is_described(served: Served, method: str, path: str, mode: GenerationMode) -> None:
    strategy = served.schema[path][method].as_strategy(generation_mode=mode)
    headers = {"Authorization": f"Bearer {served.keys['admin']}"}

    @given(case=strategy)
    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
    def attack(case: Any) -> None:
        case.call_and_validate(headers=headers, excluded_checks=NOT_OURS, timeout=HANG_SECONDS)

    attack()
