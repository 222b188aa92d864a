"""Intake over HTTP, durable: contacts a second through `POST /v1/interactions`, held against one commit per request.

Both sides run on the same PostgreSQL with fsync on, each in its own process with the same server, asked by the same load,
in turn and in the same run; the figure is the median of the rounds' ratios.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import orjson

from app.db import migrate_async, uuid7
from app.postgres import LocalPostgres
from app.security import digest, new_key
from tests.benchmarks.load import load
from tests.benchmarks.serving import serving
from tests.office import furnish

ROUNDS = 5
SECONDS = 3.0
WARM_UP_SECONDS = 2.0
CONNECTIONS = 64
_NUMBERS = itertools.count()

Row = dict[str, str | float | bool]


def figures() -> Iterator[Row]:
    """Row 2 of the design's limits, against one row and against the same rows; both sides in requests a second."""
    with tempfile.TemporaryDirectory(prefix="raabta-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        server = LocalPostgres(folder)
        server.start()
        try:
            measured = asyncio.run(_measure(server))
        finally:
            server.stop()
    for figure, against, target in (("intake_over_http", "one_row", 1.0), ("intake_same_rows", "same_rows", 1.5)):
        ratio = statistics.median(
            ours / theirs for ours, theirs in zip(measured["service"], measured[against], strict=True)
        )
        yield {
            "figure": figure,
            "value": round(statistics.median(measured["service"]), 1),
            "against": round(statistics.median(measured[against]), 1),
            "ratio": round(ratio, 3),
            "target": target,
            "holds": ratio >= target,
        }


async def _measure(server: LocalPostgres) -> dict[str, list[float]]:
    key = new_key("integration")
    dsns = {name: await _database(server, name, key) for name in ("service_side", "baseline_side")}
    rates: dict[str, list[float]] = {"service": [], "one_row": [], "same_rows": []}
    async with (
        serving("tests.benchmarks.serving:service", {"BENCH_DSN": dsns["service_side"], "REQUESTS_PER_SECOND": "1000000"}) as ours,
        serving("tests.benchmarks.baseline_intake:create", {"BASELINE_DSN": dsns["baseline_side"]}) as theirs,
    ):  # fmt: skip
        sides = {
            "service": (ours, "/v1/interactions"),
            "one_row": (theirs, "/one_row"),
            "same_rows": (theirs, "/same_rows"),
        }
        for port, path in sides.values():
            await load(port, _requests(path, key), connections=CONNECTIONS, seconds=WARM_UP_SECONDS)
        for _ in range(ROUNDS):
            for name, (port, path) in sides.items():
                done = await load(port, _requests(path, key), connections=CONNECTIONS, seconds=SECONDS)
                if set(done.statuses) != {201}:
                    raise RuntimeError(f"{name} answered {done.statuses}")
                rates[name].append(done.requests_per_second)
    return rates


async def _database(server: LocalPostgres, name: str, key: str) -> str:
    admin = await asyncpg.connect(server.dsn())
    await admin.execute(f"CREATE DATABASE {name}")
    await admin.close()
    dsn = server.dsn(name)
    await migrate_async(dsn)
    await furnish(dsn)
    connection = await asyncpg.connect(dsn)
    await connection.execute(
        "INSERT INTO api_key (id, name, role, prefix, digest) VALUES ($1, 'bench', 'integration', $2, $3)",
        uuid7(),
        key[:12],
        digest(key),
    )
    await connection.close()
    return dsn


def _requests(path: str, key: str) -> Iterator[bytes]:
    while True:
        contact = {
            "channel": "email",
            "ref": f"bench-{next(_NUMBERS)}",
            "request_type": "information",
            "language": "en",
            "body": "When does the office open on Friday?",
        }
        body = orjson.dumps(contact)
        yield (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode() + body


if __name__ == "__main__":
    for row in figures():
        sys.stdout.write(json.dumps(row) + "\n")
