"""Who meets which needs, and which needs stand now. Never looks at load, presence or rank.

How needs relax is worked out once, at entry (`routing.entry`), into steps with deadlines; from then on it is only a matter
of time. Exclusions are no needs at all: nothing here knows them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from routing.model import Instant, Needs, Staff, Step

Lack = Literal["queue", "language", "office", "skills"]


def meets(staff: Staff, needs: Needs) -> bool:
    """Whether this representative may serve these needs at all, however busy they are."""
    return lacking(staff, needs) is None


def lacking(staff: Staff, needs: Needs) -> Lack | None:
    """The first thing this representative lacks for these needs, in the order of `Lack`; None = nothing.

    Whoever is in one of the queues, or in one of the groups the needs were widened to, may take it; language, office
    and skills are asked of both.
    """
    if not _let_in(staff, needs):
        return "queue"
    if needs.language is not None and needs.language not in staff.languages:
        return "language"
    if needs.office is not None and needs.office != staff.office:
        return "office"
    if all(_has(staff, each) for each in needs.skills) and all(_has_any(staff, group) for group in needs.any_of):
        return None
    return "skills"


def _let_in(staff: Staff, needs: Needs) -> bool:
    return (
        needs.queue in staff.queues
        or not staff.queues.isdisjoint(needs.also_queues)
        or not staff.groups.isdisjoint(needs.also_groups)
    )


def _has_any(staff: Staff, group: Iterable[tuple[str, int]]) -> bool:
    return any(_has(staff, each) for each in group)


def _has(staff: Staff, wanted: tuple[str, int]) -> bool:
    return any(name == wanted[0] and level >= wanted[1] for name, level in staff.skills)


def standing(needs: Needs, steps: tuple[Step, ...], now: Instant) -> tuple[Needs, Instant | None]:
    """The needs that stand at `now`, and the deadline of the next step (None: no more steps)."""
    for step in steps:
        if step.deadline > now:
            return needs, step.deadline
        needs = step.needs
    return needs, None
