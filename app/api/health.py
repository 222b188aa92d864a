"""`/healthz`, `/readyz`, `/metrics`: how the process and its surroundings are. Counts and codes only, so no key is asked."""

import time
from typing import Any

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST

from app.deps import Guarded, Service, ServiceDep
from app.errors import RaabtaError, Unavailable
from app.queries import feed, health, queues

router = APIRouter(tags=["health"], route_class=Guarded)


@router.get("/healthz", summary="The process is alive")
async def alive() -> dict[str, str]:
    """Says nothing about the database: restarting us would not bring it back."""
    return {"status": "alive"}


@router.get("/readyz", summary="Requests can be served")
async def ready(service: ServiceDep) -> dict[str, Any]:
    """The database answers and its schema is the one we know. `chores`: which background work somebody does now."""
    async with service.database.connection() as connection:
        found = await health.readiness(connection)
    if not found.migrated:
        raise Unavailable("The schema is not the one this version needs.", code="not_migrated", retry_after_seconds=5)
    return {"status": "ready", "schema": found.revision, "chores": found.chores}


@router.get(
    "/metrics",
    response_class=Response,
    responses={
        200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Prometheus' text format."}
    },
    summary="What is counted",
)
async def metrics(service: ServiceDep) -> Response:
    """Requests, latencies, group commits, streams; and, where the database answers, queues, outbox and feed lag."""
    await _look(service)
    return Response(service.metrics.text(), media_type=CONTENT_TYPE_LATEST)


async def _look(service: Service) -> None:
    """One at a time, and none where somebody has looked since we were asked: no key is needed to ask."""
    asked = time.monotonic()
    async with service.metrics.looking:
        if service.metrics.looked_at < asked:
            service.metrics.looked_at = time.monotonic()
            await _count(service)


async def _count(service: Service) -> None:
    counted = service.metrics
    try:
        async with service.database.connection() as connection:
            pulse = await queues.pulse(connection)
            lag = await feed.lag_seconds(connection)
    except RaabtaError:
        counted.database.set(0)
        return
    counted.database.set(1)
    counted.feed_lag.set(lag)
    for queue, number in pulse.waiting.items():
        counted.waiting.labels(queue).set(number)
        counted.longest_wait.labels(queue).set(pulse.longest_wait_seconds[queue])
    for presence, number in pulse.presence.items():
        counted.presence.labels(presence).set(number)
    for state, number in pulse.outbox.items():
        counted.outbox.labels(state).set(number)
