"""How needs relax: what one step leaves of them, and what is left when everything that may relax is dropped.

Firm skills never relax, and exclusions are no needs at all: nothing here drops either. Decides no deadline.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from routing.model import Needs
from routing.rules.model import StepRule

LOWEST_LEVEL: Final = 1

Skills = tuple[tuple[str, int], ...]


def relax(needs: Needs, step: StepRule, *, firm: frozenset[str]) -> Needs:
    """`needs` after one step.

    Who needs a dropped skill no more needs no other in its place either: a group of which one skill is enough goes with the
    first of its skills that is dropped. A group that names a firm skill stays.
    """
    return replace(
        needs,
        language=None if step.drop_language else needs.language,
        skills=_lowered(_without(needs.skills, step.drop_skills - firm), step.lower_levels_by, firm),
        any_of=tuple(
            _lowered(group, step.lower_levels_by, firm)
            for group in needs.any_of
            if _names(group) & firm or not _names(group) & step.drop_skills
        ),
        also_queues=tuple(sorted({*needs.also_queues, *step.add_queues} - {needs.queue})),
        also_groups=tuple(sorted({*needs.also_groups, *step.add_groups})),
    )


def firm_needs(needs: Needs, firm: frozenset[str]) -> Needs:
    """What stays when everything that may relax is dropped: queue, firm skills, office, cost, and whoever was added."""
    return replace(
        needs,
        language=None,
        skills=tuple((skill, level) for skill, level in needs.skills if skill in firm),
        any_of=tuple(group for group in needs.any_of if _names(group) & firm),
    )


def _without(skills: Skills, dropped: frozenset[str]) -> Skills:
    return tuple((skill, level) for skill, level in skills if skill not in dropped)


def _lowered(skills: Skills, by: int, firm: frozenset[str]) -> Skills:
    return tuple((skill, level if skill in firm else max(LOWEST_LEVEL, level - by)) for skill, level in skills)


def _names(group: Skills) -> set[str]:
    return {skill for skill, _ in group}
