"""What work costs, whatever machine it is done on: its CPU time, held against a fixed piece of work in the same process.

Decides the unit. Never how much anything may cost: that each test says itself.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass

STEPS = 300_000


@dataclass(kw_only=True, slots=True)
class Cost:
    """Filled in when the block is over."""

    units: float = 0.0


@contextlib.contextmanager
def costing() -> Iterator[Cost]:
    """The CPU time this thread spends in the block, in units of about 25 ms; what others do meanwhile does not count.

    The unit is measured before and after, and the slower counts: a processor may be slowed down in between.
    """
    before, cost = _unit(), Cost()
    begun = time.thread_time()
    yield cost
    spent = time.thread_time() - begun
    cost.units = spent / max(before, _unit())


def _unit() -> float:
    begun = time.thread_time()
    counts: dict[int, str] = {}
    for step in range(STEPS):
        counts[step % 1_000] = str(step)
    return time.thread_time() - begun
