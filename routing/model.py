"""The values the core decides on: who waits, who works, and what was decided.

They hold facts only, all read from rows by the caller; nothing here decides anything, and nothing is ever changed
in place. All instants are seconds since the Unix epoch on the database's clock. What a plan makes for every offer is a
named tuple, for those are built in a third of the time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple
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
    any_of: tuple[tuple[tuple[str, int], ...], ...] = ()
    """Of each of these groups at least one: (skill, minimum level), sorted."""
    also_queues: tuple[str, ...] = ()
    """Whoever serves one of these queues may take it too, sorted; it still waits in its own."""
    also_groups: tuple[str, ...] = ()
    """Members of these groups may take it too, whatever their queues, sorted."""
    interrupts: bool = False
    """Live work that may interrupt written work: it needs no free units, only that no other live work is held."""
    beside_live: bool = True
    """Written work that may be offered while a call or a visit is held; False: never into one."""
    order: str = "spare_skills"
    """By which order of the free it is given: a name in `routing.rank.ORDERS`."""


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
    barred: frozenset[str] = frozenset()
    """Representatives this customer or this case must never meet, whatever else is relaxed; at most 16."""
    rules: int = 0
    """The version of the rules it entered with; only told in the trace."""


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
    groups: frozenset[str] = frozenset()
    resting_until: Instant = 0.0
    """Takes nothing new before this instant: as many as the hour or the day allows were taken."""
    pulls: bool = False
    """Is offered nothing, and asks for the next one by themselves; what is held for them is kept from others."""


class Ranked(NamedTuple):
    """One who could take it, with the keys they were sorted by (smaller is asked first)."""

    representative: str
    preferred: bool
    scarcity: float
    load: float
    idle_since: Instant


class Trace(NamedTuple):
    """Why an offer fell as it did. Ids, codes and numbers only; at most 1,000 bytes as JSON."""

    rules: int
    step: int
    """How many steps had passed; 0 = the needs it entered with."""
    chosen: Ranked
    runners_up: tuple[Ranked, ...] = ()
    """At most 5, best first."""
    ruled_out: tuple[tuple[str, int], ...] = ()
    """(reason, how many on the floor it ruled out), the first reason that did, in the order they are asked:
    `queue, language, office, skills, capacity, barred, declined, away, resting, busy`."""


class Offer(NamedTuple):
    """This interaction goes to this representative."""

    interaction: UUID
    representative: str
    trace: Trace | None = None
    """Only from a plan that was asked for traces."""


class Plan(NamedTuple):
    """What was decided: offers in the order of the waiting's due times, and when to plan again if nothing happens."""

    offers: tuple[Offer, ...]
    wake_at: Instant | None
    """The next instant at which time alone changes something; the plan's own `now` if a limit cut it short."""
