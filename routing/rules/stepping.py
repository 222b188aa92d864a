"""Whether the steps of a queue make sense: in order, with an end, and each of them changing something for somebody.

Decides by trying each step on everything the queue's requests ask for. A step that changes nothing is a mistake: whoever wrote
it believes that somebody is helped by it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from routing.model import Needs
from routing.rules.asking import needs_of
from routing.rules.model import Fault, Path, QueueRule, RequestRule, StepRule
from routing.rules.relaxing import LOWEST_LEVEL, firm_needs, relax

SPOKEN = "x"
"""Any language: whether one is asked for is all that counts here."""


def check_steps(queue: Path, rule: QueueRule, requests: Sequence[RequestRule]) -> Iterator[Fault]:
    """The mistakes in the steps of the queue at `queue`, for whom these requests lead to it."""
    yield from _order(queue, rule)
    if rule.steps and rule.on_exhausted is None and rule.overflow is None:
        # No end is assumed: `any` would give work to somebody whom the author wanted to keep from it, and nothing at all
        # would leave someone waiting for ever whom no step has helped.
        yield Fault(path=(*queue, "steps"), reason="have no end: say on_exhausted or overflow")
    standing = [(needs_of(each, queue[-1], language=SPOKEN), each.firm) for each in requests]
    for number, step in enumerate(rule.steps):
        place = (*queue, "steps", str(number))
        if step == StepRule(after_seconds=step.after_seconds):
            yield Fault(path=place, reason="changes nothing")
        yield from _dropped(place, step, standing)
        yield from _useless(place, step, [needs for needs, _ in standing])
        relaxed = [(relax(needs, step, firm=firm), firm) for needs, firm in standing]
        if step.lower_levels_by and not _anything_lowered(standing, step):
            yield Fault(
                path=(*place, "lower_levels_by"), reason="changes nothing: no level is left that it could lower"
            )
        standing = relaxed
    end = rule.on_exhausted
    if end is not None and end.then == "any" and all(firm_needs(*each) == each[0] for each in standing):
        yield Fault(
            path=(*queue, "on_exhausted", "then"), reason="changes nothing: nothing is left that 'any' could drop"
        )


def _order(queue: Path, rule: QueueRule) -> Iterator[Fault]:
    ends = [
        (each.after_seconds, name)
        for each, name in ((rule.on_exhausted, "on_exhausted"), (rule.overflow, "overflow"))
        if each
    ]
    earlier = -1.0
    for number, step in enumerate(rule.steps):
        place = (*queue, "steps", str(number), "after_seconds")
        if step.after_seconds <= earlier:
            yield Fault(path=place, reason="must be later than the step before")
        earlier = step.after_seconds
        for after, name in ends:
            if step.after_seconds >= after:
                yield Fault(path=place, reason=f"is never reached: {name} comes at {after:g} seconds")


def _dropped(place: Path, step: StepRule, standing: Sequence[tuple[Needs, frozenset[str]]]) -> Iterator[Fault]:
    """Skills that nobody who waits here is asked for any more, or that never relax."""
    at = (*place, "drop_skills")
    for skill in sorted(step.drop_skills):
        asking = [(needs, firm) for needs, firm in standing if skill in _skills(needs)]
        if not asking:
            yield Fault(path=at, reason=f"no request of this queue asks for {skill!r} at this step")
        elif all(skill in firm for _, firm in asking):
            yield Fault(path=at, reason=f"{skill!r} is firm and never relaxes")


def _useless(place: Path, step: StepRule, standing: Sequence[Needs]) -> Iterator[Fault]:
    if step.drop_language and all(needs.language is None for needs in standing):
        yield Fault(path=(*place, "drop_language"), reason="changes nothing: no language is asked for at this step")
    for name in sorted(step.add_queues):
        if name == standing[0].queue:
            yield Fault(path=(*place, "add_queues"), reason=f"changes nothing: {name!r} is the queue itself")
        elif name in standing[0].also_queues:
            yield Fault(path=(*place, "add_queues"), reason=f"changes nothing: {name!r} was added before")
    for name in sorted(step.add_groups & set(standing[0].also_groups)):
        yield Fault(path=(*place, "add_groups"), reason=f"changes nothing: {name!r} was added before")


def _anything_lowered(standing: Sequence[tuple[Needs, frozenset[str]]], step: StepRule) -> bool:
    return any(
        level > LOWEST_LEVEL and skill not in firm and skill not in step.drop_skills
        for needs, firm in standing
        for skill, level in _levels(needs)
    )


def _levels(needs: Needs) -> list[tuple[str, int]]:
    return [*needs.skills, *(each for group in needs.any_of for each in group)]


def _skills(needs: Needs) -> set[str]:
    return {skill for skill, _ in _levels(needs)}
