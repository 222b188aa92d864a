"""What intake is held against: an endpoint with the same shape check that writes and commits once per request.

`POST /one_row` writes one row, `POST /same_rows` the rows that the service writes, both by one statement over a pool of
raw connections. No keys, no limits, no answer but an id: as lean as such an endpoint can honestly be.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import asyncpg
import orjson
from fastapi import FastAPI, Response

from app.api.shapes import NewInteraction
from app.db import uuid7

POOL = 16
_ONE_ROW = "INSERT INTO baseline (id, channel, ref, request_type, body, at) VALUES ($1, $2, $3, $4, $5, $6)"
_SAME_ROWS = """
WITH matter AS (
    INSERT INTO "case" (id, token, request_type, state, opened_at, version) VALUES ($1, $7, $4, 'open', $6, 1)
), work AS (
    INSERT INTO interaction (id, case_id, channel, contact, state, queue, request_type, language, live, units, arrived_at,
        queued_at, due_at, state_at, version)
    VALUES ($1, $1, $2, $3, 'queued', 'inquiries', $4, 'en', false, 1, $6, $6, $6, $6, 1)
), proof AS (
    INSERT INTO receipt (source, channel, ref, interaction_id, at) VALUES ('bench', $2, $3, $1, $6)
), words AS (
    INSERT INTO message (id, interaction_id, case_id, direction, body, at) VALUES ($1, $1, $1, 'in', $5, $6)
)
INSERT INTO event (epoch, subject, subject_id, version, kind, actor, at)
VALUES (1, 'case', $7, 1, 'opened', 'bench', $6), (1, 'interaction', $7, 1, 'queued', 'bench', $6)
"""


def create() -> FastAPI:
    """The baseline's application; the database is named by `BASELINE_DSN`."""

    @asynccontextmanager
    async def pool(app: FastAPI) -> AsyncIterator[None]:
        async with asyncpg.create_pool(os.environ["BASELINE_DSN"], min_size=POOL, max_size=POOL) as app.state.pool:
            await app.state.pool.execute(
                "CREATE TABLE IF NOT EXISTS baseline (id uuid PRIMARY KEY, channel text NOT NULL, ref text NOT NULL,"
                " request_type text NOT NULL, body text, at timestamptz NOT NULL)"
            )
            yield

    app = FastAPI(lifespan=pool)

    async def write(statement: str, made: NewInteraction, *, named: bool) -> Response:
        interaction_id = uuid7()
        name = (str(interaction_id),) if named else ()
        await app.state.pool.execute(
            statement, interaction_id, made.channel, made.ref, made.request_type, made.body, datetime.now(UTC), *name
        )
        return Response(orjson.dumps({"id": interaction_id}), status_code=201, media_type="application/json")

    @app.post("/one_row")
    async def one_row(made: NewInteraction) -> Response:
        return await write(_ONE_ROW, made, named=False)

    @app.post("/same_rows")
    async def same_rows(made: NewInteraction) -> Response:
        return await write(_SAME_ROWS, made, named=True)

    return app
