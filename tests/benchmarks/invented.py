"""Cases invented one after the other, and the customers they are of. Decides who comes again and what belongs together.

The same seed gives the same cases. Nothing is read and nothing written here: rows are handed over by table.
"""

from __future__ import annotations

from collections import deque
from random import Random
from typing import Any
from uuid import UUID

from tests.benchmarks.lived_tables import COLUMNS
from tests.benchmarks.lives import HOUR, Life, moment

Rows = dict[str, list[tuple[Any, ...]]]


class Lives:
    """Invents cases one after the other; `rows` are taken out by the caller, as often as they like."""

    def __init__(self, *, seed: int, now: float) -> None:
        self.chance = Random(seed)
        self.now = now
        self.rows: Rows = {table: [] for table in COLUMNS}
        self.people: deque[tuple[UUID, str]] = deque(maxlen=5_000)
        self.known = 0

    def take(self) -> Rows:
        """All rows so far, the log in the order in which it was lived."""
        taken, self.rows = self.rows, {table: [] for table in COLUMNS}
        taken["event"].sort(key=lambda row: row[5])
        return taken

    def live(self, opened: float) -> None:
        """One case that began at `opened`; of a hundred one takes in another that was about the same."""
        life = Life(self, opened)
        life.live()
        if self.chance.random() < 0.01 and opened + 3 * HOUR < self.now:
            self._taken(life, opened)
        life.write()

    def id_at(self, at: float) -> UUID:
        """As the service makes them, with chance of our own."""
        value = int(at * 1000) << 80 | self.chance.getrandbits(80)
        return UUID(int=value & ~(0xF << 76) & ~(0x3 << 62) | 7 << 76 | 2 << 62)

    def somebody(self, at: float) -> tuple[UUID, str]:
        """A customer who was here before, or one who is new."""
        if self.people and self.chance.random() < 0.4:
            return self.chance.choice(self.people)
        self.known += 1
        found = self.id_at(at), f"customer{self.known}@example.test"
        self.rows["customer"].append((found[0], f"Customer {self.known}", "en", moment(at)))
        self.rows["identity"].append(("email", found[1], found[0]))
        self.people.append(found)
        return found

    def _taken(self, survivor: Life, opened: float) -> None:
        other = Life(self, opened + HOUR, like=survivor)
        other.begin()
        at = opened + 2.5 * HOUR
        other.promise(other.opened, until=at, reason="merged")
        other.tell("merged", at, survivor=str(survivor.id))
        other.merged_into = survivor.id
        survivor.tell("absorbed", at, case=str(other.id))
        self.rows["merge"].append(
            (self.id_at(at), "case", survivor.id, other.id, moment(at), f"representative:{other.rep}")
        )
        other.write()
