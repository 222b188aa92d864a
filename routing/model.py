"""The values the core decides on: who waits, who works, and what was decided.

They hold facts only, all read from rows by the caller; nothing here decides anything, and nothing is ever changed
in place. All instants are seconds since the Unix epoch on the database's clock.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from uuid import UUID

Instant = float
FOREVER: Instant = math.inf


@dataclass(frozen=True, kw_only=True, slots=True)
class Needs:
    """What a representative must have to take a piece of work, and what it costs them.

    Hashable and part of the pool's key, so it comes from rules only, never from one customer's data: few distinct
    ones exist. Share one object between all who have the same needs; that is quicker and smaller, not a duty.
    """

    queue: str
    skills: tuple[tuple[str, int], ...] = ()
    """All of these: (skill, minimum level 1..5), sorted."""
    language: str | None = None
    live: bool = False
    """A call or a visit: one at a time per representative."""
    units: int = 1
    """Capacity it takes while offered and while served; 0 or more."""
    office: str | None = None
    """Must be served in this office (a visit); None = anywhere."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """From `deadline` on, `needs` stand instead of the earlier ones."""

    deadline: Instant
    needs: Needs


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """One interaction on the floor."""

    id: UUID
    needs: Needs
    due: Instant
    """Arrival + the queue's target - head start; it never changes, whatever happens to the offers."""
    steps: tuple[Step, ...] = ()
    """Sorted by deadline."""
    preferred: str | None = None
    """The representative who knows the matter: alone until `preferred_until`, first among the free after that."""
    preferred_until: Instant = 0.0
    not_before: Instant = 0.0
    """Back-off after a missed offer: offered to nobody before this instant."""
    excluded: frozenset[str] = frozenset()
    """Representatives who must not be asked (they declined); at most 16, kept by the caller."""
    excluded_until: Instant = FOREVER
    """From then on they may be asked again: where only they have the skill, a refusal must not be the end."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Staff:
    """One representative on the floor, with the load they hold now (offers count as held)."""

    id: str
    capacity: int
    """Units they may hold at once."""
    skills: frozenset[tuple[str, int]] = frozenset()
    """(skill, level 1..5)."""
    languages: frozenset[str] = frozenset()
    queues: frozenset[str] = frozenset()
    office: str | None = None
    live: int = 0
    units: int = 0
    available: bool = True
    """False: on shift but away; takes nothing new."""
    idle_since: Instant = 0.0
    """When their last piece of work ended; an offer does not change it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """This interaction goes to this representative."""

    interaction: UUID
    representative: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What was decided: offers in the order of the waiting's due times, and when to plan again if nothing happens."""

    offers: tuple[Offer, ...]
    wake_at: Instant | None
    """The next instant at which time alone changes something; the plan's own `now` if a limit cut it short."""
