"""What a queue asks of whoever serves it: by the request that leads to it, or by what all its requests have in common.

Decides what is asked for on entry; how that relaxes, `routing.rules.relaxing` does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from routing.model import Needs
from routing.rules.model import RequestRule, Rules


def by_queue(rules: Rules) -> Mapping[str, Sequence[RequestRule]]:
    """The requests that lead to each queue: straight there, or as a part of the queue they name."""
    found: dict[str, list[RequestRule]] = defaultdict(list)
    for rule in rules.requests.values():
        for queue in {rule.queue, *_parts(rules, rule)}:
            found[queue].append(rule)
    return found


def asked(rules: Rules, queue: str, request: str | None) -> RequestRule:
    """What is asked for in `queue` of one who came with `request`.

    Where the request does not lead there (an overflow, a transfer), or is None: the skills all requests of this queue share,
    at their lowest level, so that whoever serves this queue at all may serve the stranger too; and what is firm in the
    stranger's own request stays, because a licence is not the queue's to give away.
    """
    own = rules.requests.get(request) if request is not None else None
    if own is not None and (queue == own.queue or queue in _parts(rules, own)):
        return own
    common = _common(rules, queue)
    if own is None:
        return common
    firm = {skill: level for skill, level in own.skills.items() if skill in own.firm}
    levels = {skill: max(common.skills.get(skill, 0), firm.get(skill, 0)) for skill in {*common.skills, *firm}}
    groups = tuple(group for group in own.any_of if group.keys() & own.firm)
    return replace(common, skills=levels, any_of=groups, firm=common.firm | own.firm, speak=common.speak and own.speak)


def shared(requests: Sequence[RequestRule], queue: str) -> RequestRule:
    """What all of these ask for, at the lowest level; without any: the customer's language only."""
    names = set.intersection(*(set(rule.skills) for rule in requests)) if requests else set()
    return RequestRule(
        queue=queue,
        labels={},
        letter="",
        skills={skill: min(rule.skills[skill] for rule in requests) for skill in names},
        firm=frozenset(skill for skill in names if any(skill in rule.firm for rule in requests)),
        speak=all(rule.speak for rule in requests),
    )


def _common(rules: Rules, queue: str) -> RequestRule:
    """Worked out for all queues at once: looking through all requests for each would take as long as both together."""
    if not rules.common:
        rules.common.update({code: shared(requests, code) for code, requests in by_queue(rules).items()})
    return rules.common.get(queue) or shared((), queue)


def needs_of(rule: RequestRule, queue: str, *, language: str | None) -> Needs:
    """As needs, in the order pools are told apart by; what the channel adds is not in it yet."""
    return Needs(
        queue=queue,
        skills=tuple(sorted(rule.skills.items())),
        any_of=tuple(sorted({tuple(sorted(group.items())) for group in rule.any_of})),
        language=language if rule.speak else None,
    )


def _parts(rules: Rules, rule: RequestRule) -> Mapping[str, int]:
    queue = rules.queues.get(rule.queue)
    return queue.split if queue is not None else {}
