"""Where queues send on to others, and whether that ever goes in a circle. Decides nothing about one contact."""

from __future__ import annotations

from collections.abc import Iterator

from routing.rules.model import Fault, Path, QueueRule, Rules


def targets(place: Path, queue: QueueRule) -> Iterator[tuple[Path, str]]:
    """Every queue to which this one sends on, and where that is said; `place` is the queue's own."""
    for number, rule in enumerate(queue.on_entry):
        if rule.queue is not None:
            yield (*place, "on_entry", str(number), "queue"), rule.queue
    if queue.overflow is not None:
        yield (*place, "overflow", "queue"), queue.overflow.queue
    if queue.on_exhausted is not None and queue.on_exhausted.queue is not None:
        yield (*place, "on_exhausted", "queue"), queue.on_exhausted.queue
    for part in queue.split:
        yield (*place, "split", part), part


def circles(rules: Rules) -> Iterator[Fault]:
    """One fault for each name that closes a circle of overflow: who goes round and round waits for nobody."""
    done: set[str] = set()
    for first in rules.queues:
        if first not in done:
            yield from _circles_from(rules, first, done)


def _circles_from(rules: Rules, first: str, done: set[str]) -> Iterator[Fault]:
    """Depth first with a stack of our own: ten thousand queues may stand in one chain."""
    way = [first]
    on_way = {first}
    ahead = [_next(rules, first)]
    while way:
        found = next(ahead[-1], None)
        if found is None:
            ahead.pop()
            on_way.discard(way[-1])
            done.add(way.pop())
            continue
        place, queue = found
        if queue in on_way:
            circle = [*way[way.index(queue) :], queue]
            told = " -> ".join(circle if len(circle) <= 8 else [*circle[:4], "…", *circle[-3:]])
            yield Fault(path=place, reason="leads to itself" if len(circle) == 2 else f"goes in a circle: {told}")
        elif queue not in done and queue in rules.queues:
            way.append(queue)
            on_way.add(queue)
            ahead.append(_next(rules, queue))


def _next(rules: Rules, queue: str) -> Iterator[tuple[Path, str]]:
    return targets(("queues", queue), rules.queues[queue])
