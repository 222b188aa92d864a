"""Whether the parts of the rules fit each other. Every part is known to be right in itself.

Decides about what can be told from the rules alone: names that are not there, circles, and rules that can never hold or never
change anything. Whether somebody works who could serve a request is not asked here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import islice
from typing import Final

from routing.rules.asking import by_queue, shared
from routing.rules.fields import near
from routing.rules.model import EntryRule, Fault, Path, QueueRule, Rules
from routing.rules.overflowing import circles, targets
from routing.rules.stepping import check_steps

MOST_COUNTED: Final = 100_000
"""Whether a line is longer than this, nobody counts."""
MOST_FAULTS: Final = 1_000
"""More are not told: whoever has so many has another kind of document."""


def check(rules: Rules) -> Iterator[Fault]:
    """Every mistake that only shows where parts meet."""
    return islice(_check(rules), MOST_FAULTS)


def _check(rules: Rules) -> Iterator[Fault]:
    requests = by_queue(rules)
    yield from _requests(rules)
    yield from _channels(rules)
    for code, queue in rules.queues.items():
        place = ("queues", code)
        yield from _references(rules, place, queue)
        yield from _on_entry(code, queue)
        yield from _ends(code, queue)
        yield from _split(rules, code, queue)
        # Only a queue that nothing leads to has strangers alone: they ask for what all have in common.
        yield from check_steps(place, queue, requests.get(code) or [shared((), code)])
    yield from circles(rules)


def _requests(rules: Rules) -> Iterator[Fault]:
    for code, rule in rules.requests.items():
        place = ("request_types", code)
        yield from _unknown((*place, "queue"), "queue", rule.queue, rules.queues)
        for skill in rule.skills:
            yield from _unknown_skill(rules, (*place, "skills", skill), skill)
        for number, group in enumerate(rule.any_of):
            for skill in group:
                yield from _unknown_skill(rules, (*place, "any_of", str(number), skill), skill)


def _channels(rules: Rules) -> Iterator[Fault]:
    for name, rule in rules.channels.items():
        place = ("channels", name)
        if rule.interrupts and rule.beside_live:
            yield Fault(
                path=(*place, "beside_live"), reason="is for written work, and interrupts for live work: say one"
            )
        if rule.interrupts and rule.units:
            yield Fault(path=(*place, "units"), reason="is never asked for: what interrupts needs no free units")


def _references(rules: Rules, place: Path, queue: QueueRule) -> Iterator[Fault]:
    """Names of queues, groups and skills that are not there."""
    for number, step in enumerate(queue.steps):
        at = (*place, "steps", str(number))
        for skill in sorted(step.drop_skills):
            yield from _unknown_skill(rules, (*at, "drop_skills"), skill)
        for name in sorted(step.add_queues):
            yield from _unknown((*at, "add_queues"), "queue", name, rules.queues)
            if name in rules.queues and rules.queues[name].split:
                yield _split_is_no_line((*at, "add_queues"), name)
        for name in sorted(step.add_groups):
            yield from _unknown((*at, "add_groups"), "group", name, rules.groups)
    for at, name in targets(place, queue):
        yield from _unknown(at, "queue", name, rules.queues)
        if at[2] != "split" and name in rules.queues and rules.queues[name].split:
            yield _split_is_no_line(at, name)


def _split_is_no_line(at: Path, name: str) -> Fault:
    return Fault(path=at, reason=f"nobody ever waits in {name!r}, which is split: name one of its parts")


def _on_entry(code: str, queue: QueueRule) -> Iterator[Fault]:
    for number, rule in enumerate(queue.on_entry):
        place = ("queues", code, "on_entry", str(number))
        measured = rule.when in {"length", "wait"}
        if measured and rule.over is None:
            yield Fault(path=(*place, "over"), reason=f"is missing: {rule.when} is over what?")
        if not measured and rule.over is not None:
            yield Fault(path=(*place, "over"), reason=f"is for length and wait only; {rule.when} has no number")
        yield from _leads_on(place, rule.then, rule.queue)
        if rule.when == "closing" and queue.hours is None:
            yield Fault(path=(*place, "when"), reason="can never be: the queue has no hours, so it never closes")
        if rule.then == "tell" and rule.message is None:
            yield Fault(path=(*place, "message"), reason="is missing: tell them what?")
        if rule.when == "length" and rule.over is not None and rule.over >= MOST_COUNTED:
            yield Fault(path=(*place, "over"), reason=f"can never be: nobody counts further than {MOST_COUNTED:,}")
        if any(_covers(earlier, rule) for earlier in queue.on_entry[:number]):
            yield Fault(path=place, reason=f"can never hold: an earlier rule answers whenever it is {rule.when!r}")


def _covers(earlier: EntryRule, later: EntryRule) -> bool:
    """Whether the earlier rule holds whenever the later one does."""
    if earlier.when != later.when:
        return False
    return earlier.over is None or later.over is None or earlier.over <= later.over


def _leads_on(place: Path, then: str, queue: str | None) -> Iterator[Fault]:
    if then == "overflow" and queue is None:
        yield Fault(path=(*place, "queue"), reason="is missing: overflow to which queue?")
    if then != "overflow" and queue is not None:
        yield Fault(path=(*place, "queue"), reason=f"is for overflow only; {then!r} leads to no queue")


def _ends(code: str, queue: QueueRule) -> Iterator[Fault]:
    """There is one end, and it is reached: two of them would be two answers to one question."""
    end, overflow = queue.on_exhausted, queue.overflow
    if end is None:
        return
    place = ("queues", code, "on_exhausted")
    yield from _leads_on(place, end.then, end.queue)
    if overflow is not None and end.then != "any":
        yield Fault(path=(*place, "then"), reason=f"{end.then!r} is an end, and overflow is another: say one of them")
    elif overflow is not None and end.after_seconds >= overflow.after_seconds:
        yield Fault(path=(*place, "after_seconds"), reason="is never reached: overflow comes first")


def _split(rules: Rules, code: str, queue: QueueRule) -> Iterator[Fault]:
    if not queue.split:
        return
    place = ("queues", code, "split")
    total = sum(queue.split.values())
    if total != 100:
        yield Fault(path=place, reason=f"must be 100 together, and is {total}")
    for part in queue.split:
        if part != code and part in rules.queues and rules.queues[part].split:
            yield Fault(path=(*place, part), reason="is split itself: name its parts instead")
    for name in ("steps", "on_entry", "on_exhausted", "overflow", "hours"):
        if getattr(queue, name):
            yield Fault(path=("queues", code, name), reason="is never used: the queue is split, nobody waits in it")


def _unknown_skill(rules: Rules, place: Path, skill: str) -> Iterator[Fault]:
    if rules.skills:
        yield from _unknown(place, "skill", skill, rules.skills)


def _unknown(place: Path, what: str, name: str, known: Collection[str]) -> Iterator[Fault]:
    if name not in known:
        yield Fault(path=place, reason=f"there is no {what} {name!r}{near(name, known)}")
