"""What the chores count, for `/metrics`. Holds codes and numbers only; never ids of customers, never names."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

CYCLE_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)


class Measures:
    """The metrics of one process's chores, in the given registry; several services may live in one test process."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        registry = registry or CollectorRegistry()
        self.offers = Counter("raabta_offers", "Offers committed by this process's dispatcher", registry=registry)
        self.dropped = Counter(
            "raabta_offers_dropped", "Offers left out of a plan because a row had changed meanwhile", registry=registry
        )
        self.corrections = Counter(
            "raabta_floor_corrections", "Rows on the floor that only the comparing put right", registry=registry
        )
        self.floor = Gauge("raabta_floor_waiting", "Interactions on the floor of this dispatcher", registry=registry)
        self.dispatching = Gauge("raabta_dispatching", "1 while this process dispatches", registry=registry)
        self.cycle_seconds = Histogram(
            "raabta_dispatch_cycle_seconds",
            "One cycle: follow, read, plan, write",
            buckets=CYCLE_SECONDS,
            registry=registry,
        )
        self.moved = Counter("raabta_moved", "Interactions moved by a timer", ["event"], registry=registry)
        self.absent = Counter("raabta_absent", "Representatives set aside by a timer", ["reason"], registry=registry)
        self.commands = Counter(
            "raabta_commands", "Tries to deliver a command", ["channel", "kind", "outcome"], registry=registry
        )
        self.passed = Counter(
            "raabta_events_passed",
            "Events that a follower of the log passed because they failed again and again: look into its log",
            ["follower"],
            registry=registry,
        )
