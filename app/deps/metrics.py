"""What is counted, in Prometheus' words.

Decides the names of the metrics. Labels hold routes, codes and numbers only, never anything of a customer.
"""

from __future__ import annotations

import asyncio
from functools import lru_cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


class Metrics:
    """The metrics of one process, in a registry of their own: several services may live in one test process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "raabta_requests", "Requests answered", ["method", "route", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "raabta_request_seconds",
            "Time to answer, streams apart",
            ["method", "route"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self.batches = Histogram(
            "raabta_intake_batch", "Contacts per group commit", buckets=SIZES, registry=self.registry
        )
        self.streams = Gauge("raabta_streams", "Event streams open now", registry=self.registry)
        self.waiting = Gauge("raabta_waiting", "Interactions waiting", ["queue"], registry=self.registry)
        self.longest_wait = Gauge("raabta_longest_wait_seconds", "Longest wait", ["queue"], registry=self.registry)
        self.presence = Gauge("raabta_representatives", "Representatives", ["presence"], registry=self.registry)
        self.outbox = Gauge("raabta_outbox", "Commands not yet done", ["state"], registry=self.registry)
        self.feed_lag = Gauge(
            "raabta_feed_lag_seconds", "Age of the oldest event the feed still holds back", registry=self.registry
        )
        self.database = Gauge("raabta_database_up", "1 where the database answers", registry=self.registry)
        self.looking, self.looked_at = asyncio.Lock(), 0.0  # at what only the database knows
        self._bound = lru_cache(maxsize=2_000)(self._bind)

    def answered(self, method: str, route: str, status: int, seconds: float | None) -> None:
        """Count one answer; `seconds` None: it was a stream, its length says nothing."""
        counter, histogram = self._bound(method, route, status)
        counter.inc()
        if seconds is not None:
            histogram.observe(seconds)

    def text(self) -> bytes:
        """The exposition."""
        return generate_latest(self.registry)

    def _bind(self, method: str, route: str, status: int) -> tuple[Counter, Histogram]:
        return self.requests.labels(method, route, str(status)), self.seconds.labels(method, route)
