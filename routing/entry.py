"""What the rules mean for one contact on entry: where it waits, what it needs, how that relaxes, and by when it is due.

Everything here is decided once, when a contact comes to stand in a line; from then on it is only a matter of time. Pure:
what the queues look like now is handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final, Literal
from uuid import UUID

from routing.model import Instant, Needs, Step
from routing.rules.asking import asked, needs_of
from routing.rules.model import EntryRule, Exhausted, QueueRule, Rules, When
from routing.rules.relaxing import firm_needs, relax

__all__ = ["Admission", "Contact", "Filing", "QueueNow", "admit", "answer", "file", "firm_needs", "kinds", "split"]

MOST_OVERFLOWS: Final = 8
"""So many queues are asked in turn; in the last of them one waits, whatever its rules say."""
MOST_FILED: Final = 10_000
"""Ways to wait that are kept per rules; languages and offices come from outside, in the end."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Contact:
    """What is known of one who comes. `live` and `units` are the channel's traits."""

    id: UUID
    request: str | None
    """What they came for. In a queue it does not lead to (an overflow, a transfer), or if it is None: what all requests of
    that queue have in common, and what is firm in this one."""
    channel: str
    live: bool
    units: int
    language: str | None = None
    office: str | None = None
    """Where it must be served; None = anywhere."""
    arrived: Instant = 0.0
    """When it first stood in line: target and steps are counted from here."""
    head_start_seconds: float = 0.0
    """Granted so far, uncapped."""
    preferred: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class QueueNow:
    """How a queue stands at this moment, as far as an answer on entry depends on it."""

    waiting: int = 0
    on_shift: int = 1
    """Representatives who could serve it, busy or not."""
    wait_high_seconds: float | None = None
    """The high end of the estimate for one who joins now; None = cannot be said."""
    open: bool = True
    opens_at: Instant | None = None
    closes_in_seconds: float | None = None
    """None: it does not close within a day."""
    message: str | None = None
    """Why it is closed now, in the words of whoever closed it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Admission:
    """The answer to one who comes. `queue` is where it waits (where it would have, if it is turned away)."""

    then: Literal["join", "callback", "turn_away"]
    queue: str
    reason: When | None = None
    """Why it is not simply the queue that was asked for."""
    message: str | None = None
    opens_at: Instant | None = None
    overflowed_from: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Filing:
    """How it waits from now on."""

    queue: str
    needs: Needs
    steps: tuple[Step, ...]
    """By deadline, each with the needs that stand from then on; those that change nothing for this contact are not in it.
    `on_exhausted = any` is the last of them."""
    due: Instant
    head_start_seconds: float
    """After the queue's cap."""
    preferred_until: Instant = 0.0
    exhausted_at: Instant | None = None
    exhausted: Exhausted | None = None
    """Never `any`, which is a step. `overflow` stands for the queue's own overflow after some seconds too."""
    overflow_to: str | None = None


def kinds(rules: Rules) -> frozenset[Needs]:
    """The kinds of work the rules know, without language and office: for them representatives are kept free."""
    return frozenset(needs_of(rule, rule.queue, language=None) for rule in rules.requests.values())


def split(rules: Rules, queue: str, contact: UUID) -> str:
    """The queue in which this contact waits when it asks for `queue`: by the hash of its id, always the same.

    The order of the parts in the document does not count.
    """
    rule = rules.queues[queue]
    if not rule.split:
        return queue
    drawn = int.from_bytes(sha256(contact.bytes).digest()[:8], "big") % 100
    parts = sorted(rule.split.items())
    for part, percent in parts:
        if drawn < percent:
            return part
        drawn -= percent
    return parts[-1][0]


def answer(
    rules: Rules, queue: str, look: Callable[[str], QueueNow], *, live: bool, closed: Container[str]
) -> Admission:
    """The answer on entry to one who comes to `queue`; `live`: they stand or hang there waiting, else they wrote.

    What was written always joins: it costs nobody any waiting to keep it, and nobody need call back. A queue `closed` by hand is closed also where its
    rules say nothing of it.
    """
    found = admit(rules, queue, look)
    by_hand = found.queue in closed and not any(rule.when == "closed" for rule in rules.queues[found.queue].on_entry)
    if by_hand and found.then != "turn_away":
        now = look(found.queue)
        found = replace(found, then="turn_away", reason="closed", message=now.message, opens_at=now.opens_at)
    return found if live else replace(found, then="join")


def admit(rules: Rules, queue: str, look: Callable[[str], QueueNow]) -> Admission:
    """What the rules for entry alone say, asked once; overflow is followed, and at the last queue of the chain it simply joins.

    `look` tells how a queue stands; it is called once for each queue that is asked. What is told is the reason of the last
    rule that held, and its message, or the one before where it says nothing.
    """
    found = Admission(then="join", queue=queue)
    seen = {queue}
    while True:
        now = look(found.queue)
        rule = _first_that_holds(rules.queues[found.queue], now)
        if rule is None:
            return found
        if rule.then != "overflow":
            return _answer(found, rule, now)
        further = rule.queue
        if further is None or further in seen or further not in rules.queues or len(seen) == MOST_OVERFLOWS:
            return found
        seen.add(further)
        found = replace(
            found, queue=further, overflowed_from=queue, reason=rule.when, message=rule.message or found.message
        )


def file(rules: Rules, contact: Contact, *, queue: str, now: Instant | None = None) -> Filing:
    """Needs, steps, due time and holds in `queue`. Raises `KeyError` if the rules have no such queue.

    The customer's clock is `contact.arrived`: target, steps and ends count from it, also those of a queue it comes to later.
    Only the wait for the preferred representative counts from `now`, the moment of filing (None: the arrival): it is a hold,
    and a hold that was over before it began would be none. So an end that was over by then waits for the hold: who was
    handed to somebody by name is not taken from them the next moment.
    """
    rule = rules.queues[queue]
    needs, later = _pattern(rules, contact, queue)
    head_start = min(contact.head_start_seconds, rule.head_start_cap_seconds)
    after, exhausted, overflow_to = _end(rule)
    held = contact.preferred is not None and rule.preferred_seconds > 0
    preferred_until = (contact.arrived if now is None else now) + rule.preferred_seconds if held else 0.0
    exhausted_at = None if after is None else contact.arrived + after
    if now is not None and exhausted_at is not None and exhausted_at <= now < preferred_until:
        exhausted_at = preferred_until
    return Filing(
        queue=queue,
        needs=needs,
        steps=tuple(Step(deadline=contact.arrived + seconds, needs=each) for seconds, each in later),
        due=contact.arrived + rule.target_seconds - head_start,
        head_start_seconds=head_start,
        preferred_until=preferred_until,
        exhausted_at=exhausted_at,
        exhausted=exhausted,
        overflow_to=overflow_to,
    )


def _first_that_holds(queue: QueueRule, now: QueueNow) -> EntryRule | None:
    return next((rule for rule in queue.on_entry if _holds(rule, queue, now)), None)


def _holds(rule: EntryRule, queue: QueueRule, now: QueueNow) -> bool:
    match rule.when:
        case "closed":
            return not now.open
        case "closing":
            return now.open and _closes_before_served(queue, now)
        case "nobody":
            return now.on_shift == 0
        case "length":
            return rule.over is not None and now.waiting > rule.over
        case "wait":  # of which nothing can be said, that is not said to be long
            return rule.over is not None and now.wait_high_seconds is not None and now.wait_high_seconds > rule.over


def _closes_before_served(queue: QueueRule, now: QueueNow) -> bool:
    """Whether the last of the line could not be served any more: waited for long enough, and then served."""
    if now.closes_in_seconds is None:
        return False
    return now.closes_in_seconds < (now.wait_high_seconds or 0.0) + queue.mean_handle_seconds


def _answer(found: Admission, rule: EntryRule, now: QueueNow) -> Admission:
    message = rule.message or found.message
    if rule.when == "closed" and now.message is not None:
        message = now.message  # whoever closed it knows best why
    return replace(
        found,
        then="join" if rule.then == "tell" else "callback" if rule.then == "callback" else "turn_away",
        reason=rule.when,
        message=message,
        opens_at=now.opens_at if rule.when in {"closed", "closing"} else None,
    )


_Pattern = tuple[Needs, tuple[tuple[float, Needs], ...]]
"""The needs on entry, and those of later: (seconds in line, needs)."""


def _pattern(rules: Rules, contact: Contact, queue: str) -> _Pattern:
    """Worked out once for all who come alike, so that they share their needs."""
    key = (queue, contact.request, contact.channel, contact.live, contact.units, contact.language, contact.office)
    found: _Pattern | None = rules.filed.get(key)
    if found is None:
        if len(rules.filed) >= MOST_FILED:
            rules.filed.clear()
        found = rules.filed[key] = _worked_out(rules, contact, queue)
    return found


def _worked_out(rules: Rules, contact: Contact, queue: str) -> _Pattern:
    rule, request, channel = rules.queues[queue], asked(rules, queue, contact.request), rules.channel(contact.channel)
    interrupts = contact.live and channel.interrupts
    units = contact.units if channel.units is None else channel.units
    needs = entered = replace(
        needs_of(request, queue, language=contact.language),
        live=contact.live,
        units=0 if interrupts else units,
        office=contact.office,
        interrupts=interrupts,
        beside_live=contact.live or channel.beside_live,  # of live work nobody asks it
        order=rule.order,
    )
    later = []
    for step in rule.steps:
        relaxed = relax(needs, step, firm=request.firm)
        if relaxed != needs:
            later.append((step.after_seconds, relaxed))
        needs = relaxed
    end = rule.on_exhausted
    if end is not None and end.then == "any" and firm_needs(needs, request.firm) != needs:
        later.append((end.after_seconds, firm_needs(needs, request.firm)))
    return entered, tuple(later)


def _end(rule: QueueRule) -> tuple[float | None, Exhausted | None, str | None]:
    """After how many seconds the steps are over, what is done then, and where it overflows to: the earlier of two ends."""
    ends: list[tuple[float, Exhausted, str | None]] = []
    if rule.overflow is not None:
        ends.append((rule.overflow.after_seconds, "overflow", rule.overflow.queue))
    if rule.on_exhausted is not None and rule.on_exhausted.then != "any":
        ends.append((rule.on_exhausted.after_seconds, rule.on_exhausted.then, rule.on_exhausted.queue))
    return min(ends, key=lambda end: end[0], default=(None, None, None))
