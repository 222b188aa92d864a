"""Who meets which needs, which needs stand now, and how they relax. Never looks at load, presence or rank.

Relaxing is computed once, at entry, into steps with deadlines; from then on it is only a matter of time. Firm skills
never relax, and exclusions are no needs at all: nothing here drops either.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from routing.model import Instant, Needs, Staff, Step

LOWEST_LEVEL = 1


def meets(staff: Staff, needs: Needs) -> bool:
    """Whether this representative may serve these needs at all, however busy they are."""
    return (
        needs.queue in staff.queues
        and (needs.language is None or needs.language in staff.languages)
        and (needs.office is None or needs.office == staff.office)
        and all(_has(staff, skill, minimum) for skill, minimum in needs.skills)
    )


def _has(staff: Staff, skill: str, minimum: int) -> bool:
    return any(name == skill and level >= minimum for name, level in staff.skills)


def standing(needs: Needs, steps: tuple[Step, ...], now: Instant) -> tuple[Needs, Instant | None]:
    """The needs that stand at `now`, and the deadline of the next step (None: no more steps)."""
    for step in steps:
        if step.deadline > now:
            return needs, step.deadline
        needs = step.needs
    return needs, None


@dataclass(frozen=True, kw_only=True, slots=True)
class Relaxation:
    """One rule of a queue: after so many seconds in line, ask for less. Each rule works on what the one before left."""

    after_seconds: float
    lower_levels_by: int = 0
    """Every skill that may relax, never below level 1."""
    drop_skills: frozenset[str] = frozenset()
    drop_language: bool = False
    overflow_to: str | None = None
    """Another queue from then on."""


def steps(
    needs: Needs, relaxations: Iterable[Relaxation], *, entered: Instant, firm: frozenset[str]
) -> tuple[Step, ...]:
    """The steps of someone who entered at `entered`, by deadline; rules that change nothing make none.

    `firm` are the skills that never relax, whatever a rule says.
    """
    found: list[Step] = []
    for relaxation in sorted(relaxations, key=lambda each: each.after_seconds):
        relaxed = relax(needs, relaxation, firm=firm)
        if relaxed != needs:
            found.append(Step(deadline=entered + relaxation.after_seconds, needs=relaxed))
        needs = relaxed
    return tuple(found)


def relax(needs: Needs, relaxation: Relaxation, *, firm: frozenset[str]) -> Needs:
    """`needs` after one rule."""
    return replace(
        needs,
        queue=relaxation.overflow_to or needs.queue,
        language=None if relaxation.drop_language else needs.language,
        skills=tuple(
            (skill, level if skill in firm else max(LOWEST_LEVEL, level - relaxation.lower_levels_by))
            for skill, level in needs.skills
            if skill in firm or skill not in relaxation.drop_skills
        ),
    )
