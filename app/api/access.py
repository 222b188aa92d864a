"""Who may call what: one table, read by the door of every route.

Decides by role only. That a representative acts on their own work alone is decided by the actions, under the row's lock;
what they may read, by the queries. A route without a row here cannot be served, and the tests walk the whole table.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from app.deps import Access
from app.security import Role
from channels.base import Channel

EVERYBODY: Final = Access(roles=None)
SERVING: Final = Access(roles=frozenset[Role]({"admin", "supervisor", "representative", "integration"}))
"""Those who serve, and those who may act for them."""
FEEDING: Final = Access(roles=frozenset[Role]({"admin", "supervisor", "integration"}))
"""Those who bring contacts in over the API, and those who decide about others: supervisors and software."""
RULING: Final = Access(roles=frozenset[Role]({"admin", "supervisor"}))
"""Those who decide by which rules everybody is served."""

TABLE: Final[Mapping[tuple[str, str], Access]] = {
    ("POST", "/v1/interactions"): FEEDING,
    ("GET", "/v1/interactions"): SERVING,
    ("GET", "/v1/interactions/{id}"): SERVING,
    ("GET", "/v1/interactions/{id}/events"): SERVING,
    ("GET", "/v1/interactions/{id}/trace"): SERVING,
    ("GET", "/v1/interactions/{id}/messages"): SERVING,
    ("POST", "/v1/interactions/{id}/messages"): SERVING,
    ("POST", "/v1/interactions/{id}/transfers"): SERVING,
    ("PUT", "/v1/interactions/{id}/completion"): SERVING,
    ("PUT", "/v1/interactions/{id}/cancellation"): SERVING,
    ("PUT", "/v1/interactions/{id}/parking"): SERVING,
    ("DELETE", "/v1/interactions/{id}/parking"): SERVING,
    ("PUT", "/v1/interactions/{id}/no_show"): SERVING,
    ("PUT", "/v1/interactions/{id}/callback"): SERVING,
    ("POST", "/v1/interactions/{id}/callback_attempts"): SERVING,
    ("POST", "/v1/interactions/{id}/consultations"): SERVING,
    ("POST", "/v1/interactions/{id}/assignments"): FEEDING,
    ("GET", "/v1/customers/{id}/bars"): FEEDING,
    ("PUT", "/v1/customers/{id}/bars/{representative}"): FEEDING,
    ("DELETE", "/v1/customers/{id}/bars/{representative}"): FEEDING,
    ("PUT", "/v1/cases/{id}/bars/{representative}"): FEEDING,
    ("DELETE", "/v1/cases/{id}/bars/{representative}"): FEEDING,
    ("GET", "/v1/cases"): SERVING,
    ("GET", "/v1/cases/{id}"): SERVING,
    ("PATCH", "/v1/cases/{id}"): SERVING,
    ("GET", "/v1/cases/{id}/timeline"): SERVING,
    ("PUT", "/v1/cases/{id}/awaiting"): SERVING,
    ("DELETE", "/v1/cases/{id}/awaiting"): SERVING,
    ("GET", "/v1/cases/{id}/merges"): SERVING,
    ("POST", "/v1/cases/{id}/merges"): SERVING,
    ("POST", "/v1/cases/{id}/splits"): SERVING,
    ("PUT", "/v1/interactions/{id}/case"): SERVING,
    ("PUT", "/v1/interactions/{id}/customer"): SERVING,
    ("DELETE", "/v1/merges/{id}"): SERVING,
    ("GET", "/v1/customers"): FEEDING,
    ("POST", "/v1/customers"): FEEDING,
    ("GET", "/v1/customers/{id}"): SERVING,
    ("PATCH", "/v1/customers/{id}"): SERVING,
    ("PUT", "/v1/customers/{id}/identities"): SERVING,
    ("PUT", "/v1/customers/{id}/erasure"): RULING,
    ("GET", "/v1/customers/{id}/export"): RULING,
    ("GET", "/v1/customers/{id}/merges"): FEEDING,
    ("POST", "/v1/customers/{id}/merges"): FEEDING,
    ("POST", "/v1/customers/{id}/proxies"): SERVING,
    ("DELETE", "/v1/customers/{id}/proxies/{proxy}"): SERVING,
    ("PUT", "/v1/cases/{id}/resolution"): SERVING,
    ("POST", "/v1/cases/{id}/reopening"): SERVING,
    ("GET", "/v1/cases/{id}/surveys"): SERVING,
    ("GET", "/v1/cases/{id}/playbook"): SERVING,
    ("PUT", "/v1/cases/{id}/playbook/{step}"): SERVING,
    ("DELETE", "/v1/cases/{id}/playbook/{step}"): SERVING,
    ("GET", "/v1/checks"): SERVING,
    ("GET", "/v1/checks/{id}"): SERVING,
    ("PUT", "/v1/checks/{id}/taking"): SERVING,
    ("DELETE", "/v1/checks/{id}/taking"): SERVING,
    ("PUT", "/v1/checks/{id}/approval"): SERVING,
    ("PUT", "/v1/checks/{id}/return"): SERVING,
    ("GET", "/v1/reports/cases"): SERVING,
    ("GET", "/v1/reports/first_contact"): SERVING,
    ("GET", "/v1/reports/touches"): SERVING,
    ("GET", "/v1/reports/promises"): SERVING,
    ("GET", "/v1/reports/surveys"): SERVING,
    ("GET", "/v1/reports/sla"): SERVING,
    ("GET", "/v1/reports/checks"): FEEDING,
    ("GET", "/v1/reports/playbooks/{code}"): FEEDING,
    ("GET", "/v1/cases/{id}/touches"): SERVING,
    ("PUT", "/v1/cases/{id}/touches/{number}/cause"): SERVING,
    ("GET", "/v1/cases/{id}/clocks"): SERVING,
    ("GET", "/v1/cases/{id}/documents"): SERVING,
    ("GET", "/v1/documents/{id}"): SERVING,
    ("GET", "/v1/incidents"): SERVING,
    ("POST", "/v1/incidents"): RULING,
    ("GET", "/v1/incidents/{id}"): SERVING,
    ("PATCH", "/v1/incidents/{id}"): RULING,
    ("PUT", "/v1/incidents/{id}/declaration"): RULING,
    ("POST", "/v1/incidents/{id}/updates"): RULING,
    ("PUT", "/v1/incidents/{id}/closing"): RULING,
    ("PUT", "/v1/incidents/{id}/dismissal"): RULING,
    ("GET", "/v1/incidents/{id}/cases"): FEEDING,
    ("PUT", "/v1/incidents/{id}/cases/{case}"): RULING,
    ("DELETE", "/v1/incidents/{id}/cases/{case}"): RULING,
    ("GET", "/v1/incidents/{id}/reach"): RULING,
    ("POST", "/v1/incidents/{id}/reach"): RULING,
    ("GET", "/v1/alarms"): SERVING,
    ("PUT", "/v1/alarms/{id}/done"): SERVING,
    ("GET", "/v1/cases/{id}/promises"): SERVING,
    ("POST", "/v1/cases/{id}/promises"): SERVING,
    ("PUT", "/v1/promises/{id}/move"): SERVING,
    ("PUT", "/v1/promises/{id}/kept"): SERVING,
    ("DELETE", "/v1/promises/{id}"): SERVING,
    ("GET", "/v1/representatives"): SERVING,
    ("GET", "/v1/representatives/{id}"): SERVING,
    ("PUT", "/v1/representatives/{id}/presence"): SERVING,
    ("POST", "/v1/representatives/{id}/heartbeat"): SERVING,
    ("GET", "/v1/representatives/{id}/assignments"): SERVING,
    ("POST", "/v1/representatives/{id}/next"): SERVING,
    ("GET", "/v1/assignments/{id}"): SERVING,
    ("PUT", "/v1/assignments/{id}/acceptance"): SERVING,
    ("PUT", "/v1/assignments/{id}/rejection"): SERVING,
    ("POST", "/v1/interactions/{id}/head_starts"): SERVING,
    ("GET", "/v1/queues"): SERVING,
    ("PUT", "/v1/queues/{id}/closing"): RULING,
    ("DELETE", "/v1/queues/{id}/closing"): RULING,
    ("GET", "/v1/rules"): SERVING,
    ("POST", "/v1/rules"): RULING,
    ("GET", "/v1/rules/{version}"): SERVING,
    ("PUT", "/v1/rules/{version}/publication"): RULING,
    ("POST", "/v1/rules/{version}/dry-run"): RULING,
    ("POST", "/v1/rules/{version}/rollback"): RULING,
    ("DELETE", "/v1/rules/{version}"): RULING,
    ("POST", "/v1/routing/dry-run"): FEEDING,
    ("GET", "/v1/webhooks"): RULING,
    ("POST", "/v1/webhooks"): RULING,
    ("GET", "/v1/webhooks/{id}"): RULING,
    ("PATCH", "/v1/webhooks/{id}"): RULING,
    ("DELETE", "/v1/webhooks/{id}"): RULING,
    ("PUT", "/v1/webhooks/{id}/secret"): RULING,
    ("GET", "/v1/webhooks/{id}/deliveries"): RULING,
    ("POST", "/v1/webhook_deliveries/{id}/resends"): RULING,
    ("GET", "/v1/events"): SERVING,
    ("GET", "/v1/stream"): SERVING,
    ("GET", "/healthz"): EVERYBODY,
    ("GET", "/readyz"): EVERYBODY,
    ("GET", "/metrics"): EVERYBODY,
    ("GET", "/docs"): EVERYBODY,
    ("GET", "/openapi.json"): EVERYBODY,
}


def table(channels: Mapping[str, Channel]) -> dict[tuple[str, str], Access]:
    """The whole table: the API's own rows, and one for every door of every channel."""
    doors = {
        ("POST", f"/v1/channels/{name}/{hook}"): Access(
            roles=frozenset[Role]({door.role, "admin"}) if door.role else None,
            media_type=door.media_type,
            max_bytes=door.max_bytes,
        )
        for name, channel in channels.items()
        for hook, door in channel.info.hooks.items()
    }
    return {**TABLE, **doors}
