"""Offices drawn from a seed: who knows what, who asks for what and how often, at a given occupancy.

Decides nothing about routing, and nothing is picked by how it turns out: the offices are those of the first seeds.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

SKILLS = 20
PROFILES = 50
"""So many kinds of people, and so many kinds of work."""
PEOPLE_EACH = 4
KNOWN = (4, 8)
"""How many skills somebody has, every number as likely. The k-th skill is 1/k as popular as the first: some are rare."""
NEEDED = (1, 3)
"""How many skills a piece of work needs, every number and every skill as likely."""
COVERED_BY = 3
"""So many kinds of people at least can do each kind of work."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Office:
    """One office: fifty kinds of work, fifty kinds of people."""

    needed: tuple[frozenset[str], ...]
    per_hour: tuple[float, ...]
    """Of each kind of work."""
    known: tuple[frozenset[str], ...]


def office(seed: int, *, occupancy: float, service_seconds: float) -> Office:
    """The office of this seed; its rates are random, and together they keep everybody busy for this share of the time."""
    chance = random.Random(seed)
    skills = [f"skill_{number:02}" for number in range(SKILLS)]
    popular = [1 / (number + 1) for number in range(SKILLS)]
    known = tuple(_some(chance, skills, popular, chance.randint(*KNOWN)) for _ in range(PROFILES))
    needed: list[frozenset[str]] = []
    while len(needed) < PROFILES:
        drawn = frozenset(chance.sample(skills, chance.randint(*NEEDED)))
        if drawn not in needed and sum(drawn <= each for each in known) >= COVERED_BY:
            needed.append(drawn)
    shares = [chance.random() for _ in needed]
    whole = occupancy * PEOPLE_EACH * PROFILES / service_seconds * 3600
    return Office(needed=tuple(needed), per_hour=tuple(whole * share / sum(shares) for share in shares), known=known)


def _some(chance: random.Random, skills: list[str], weights: list[float], number: int) -> frozenset[str]:
    found: set[str] = set()
    while len(found) < number:
        found.update(chance.choices(skills, weights))
    return frozenset(found)
