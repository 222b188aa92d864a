"""The HTTP API: one resource per file, one access table, one description of itself.

Decides addresses and shapes. Every write is an action, every read a query; transactions begin and end with the request.
"""

from collections.abc import Mapping

from starlette.routing import BaseRoute, Route

from app.api import (
    alarms,
    assignments,
    bars,
    cases,
    checks,
    clocks,
    closing,
    customers,
    documents,
    events,
    head_starts,
    health,
    hooks,
    incidents,
    interactions,
    merges,
    moves,
    pages,
    playbooks,
    privacy,
    promises,
    proxies,
    queues,
    receiving,
    reports,
    representatives,
    resolution,
    routing,
    rules,
    surveys,
    timeline,
    touches,
    trace,
    verbs,
    webhooks,
)
from app.api.access import table
from channels.base import Channel

__all__ = ["busiest", "routes", "table"]


def busiest() -> Mapping[tuple[str, str], Route]:
    """The routes of the hot path, by method and path."""
    return {("POST", route.path): route for route in receiving.router.routes if isinstance(route, receiving.Lean)}


def routes(channels: Mapping[str, Channel]) -> list[BaseRoute]:
    """Every route of the API, the busiest first: they are tried in this order."""
    routers = (
        receiving.router,
        hooks.router(channels),
        assignments.router,
        representatives.router,
        interactions.router,
        trace.router,
        verbs.router,
        moves.router,
        head_starts.router,
        bars.router,
        cases.router,
        timeline.router,
        merges.router,
        customers.router,
        documents.router,
        proxies.router,
        privacy.router,
        playbooks.router,
        checks.router,
        resolution.router,
        surveys.router,
        reports.router,
        promises.router,
        queues.router,
        closing.router,
        rules.router,
        routing.router,
        touches.router,
        clocks.router,
        alarms.router,
        incidents.router,
        webhooks.router,
        events.router,
        health.router,
        pages.router,
    )
    return [route for router in routers for route in router.routes]
