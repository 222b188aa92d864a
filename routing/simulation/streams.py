"""Random numbers by name: each use has a stream of its own, so that one more draw here changes nothing there.

That is what pairs two rule sets: whoever comes, what they want, how long they take and how long they would wait is drawn
from streams the rules never touch. Seeded by text, so the same everywhere and whatever the hash seed.
"""

from __future__ import annotations

from random import Random


class Streams:
    """The streams of one simulated day."""

    def __init__(self, seed: int, day: int) -> None:
        self._root = f"{seed}/{day}"
        self._one = Random()  # noqa: S311  (a simulation, no secret)

    def stream(self, name: str) -> Random:
        """A new stream; the same name gives the same numbers."""
        return Random(f"{self._root}/{name}")  # noqa: S311

    def moment(self, name: str) -> Random:
        """A stream for a few numbers at once: it is the same object each time, good until the next call."""
        self._one.seed(f"{self._root}/{name}")
        return self._one
