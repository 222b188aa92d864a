"""Why somebody does or does not get something: one representative and one who waits, or all of them and one who waits.

Decides nothing: it asks again what the plan asks, of rows as they were at one instant. Ids, codes and numbers only, never a
customer's words.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from routing.capacity import could_ever_fit, fits
from routing.model import FOREVER, Instant, Needs, Staff, Waiting
from routing.needs import lacking, meets, standing

Reason = Literal["queue", "language", "office", "skills", "capacity", "barred", "declined", "away", "resting", "busy"]
REASONS: tuple[Reason, ...] = (
    "queue",
    "language",
    "office",
    "skills",
    "capacity",
    "barred",
    "declined",
    "away",
    "resting",
    "busy",
)
"""In the order they are asked; whoever is ruled out counts for the first that does."""

NAMED_AT_MOST = 20

Change = Literal[
    "time",
    "back_off",
    "preferred_free",
    "hold",
    "pull",
    "next_step",
    "exclusion",
    "rest",
    "free",
    "back",
    "sign_on",
    "rules",
]
"""`time`: nothing; the next plan offers it. `back_off`, `hold`, `next_step`, `exclusion`, `rest`: the end or the coming of that
instant. `preferred_free`, `free`, `back`: that somebody becomes free or comes back. `pull`: that somebody who is never offered
anything asks for the next one. `sign_on`: that somebody else comes on shift. `rules`: that nobody here could ever take it as the rules stand."""


def rule_out(staff: Staff, waiting: Waiting, *, now: Instant) -> Reason | None:
    """The first reason why this representative cannot be offered this at `now`; None = nothing speaks against it.

    Looks at the two of them alone: neither a hold for somebody else nor a rest after a missed offer is a reason here.
    """
    needs, _ = standing(waiting.needs, waiting.steps, now)
    lack = lacking(staff, needs)
    if lack is not None:
        return lack
    if not could_ever_fit(staff.capacity, needs):
        return "capacity"
    if staff.id in waiting.barred:
        return "barred"
    if staff.id in waiting.excluded and now < waiting.excluded_until:
        return "declined"
    return _present(staff, needs, now=now)


def could_ever(staff: Staff, needs: Needs) -> bool:
    """Whether this representative could take such work on their best day: nothing held, at their desk."""
    return meets(staff, needs) and could_ever_fit(staff.capacity, needs)


@dataclass(frozen=True, kw_only=True, slots=True)
class RuledOut:
    """One reason, and whom it rules out."""

    reason: Reason
    count: int
    representatives: tuple[str, ...]
    """Their ids, sorted; the first `NAMED_AT_MOST`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """How one who waits stands at an instant."""

    needs: Needs
    """What stands now."""
    step: int
    """How many steps had passed."""
    overdue_seconds: float
    """Negative while the due time is ahead."""
    rests_until: Instant | None
    """Offered to nobody before, after a missed offer; None = it does not rest."""
    held_for: str | None
    """The representative it is kept for alone."""
    held_until: Instant | None
    next_step_at: Instant | None
    next_needs: Needs | None
    excluded_until: Instant | None
    """When those who declined may be asked again; None: nobody declined, or never."""
    ruled_out: tuple[RuledOut, ...]
    """In the order the reasons are asked."""
    able: tuple[str, ...]
    """Who could take it this moment if nothing but these two were looked at, sorted; the first `NAMED_AT_MOST`."""
    pulling: tuple[str, ...]
    """Who could, should they ask for the next one: they are never offered anything. Sorted; the first `NAMED_AT_MOST`."""
    changes: tuple[Change, ...]
    """What would have to change for it to be offered; any one of them may be enough. In the order of likelihood."""


def stands(waiting: Waiting, staff: Iterable[Staff], *, now: Instant, pulling: Iterable[Staff] = ()) -> Standing:
    """Why this is still waiting at `now`, with these representatives on the floor. O(representatives).

    `pulling` are those beside it, who are on shift and ask for the next one by themselves.
    """
    everybody = sorted(staff, key=lambda each: each.id)
    needs, next_step_at = standing(waiting.needs, waiting.steps, now)
    ruled: dict[Reason, list[str]] = {reason: [] for reason in REASONS}
    able: list[str] = []
    for each in everybody:
        reason = rule_out(each, waiting, now=now)
        (able if reason is None else ruled[reason]).append(each.id)
    asking: list[str] = []
    pulling = tuple(pulling)
    for each in pulling:
        reason = rule_out(each, waiting, now=now)
        (asking if reason is None else ruled[reason]).append(each.id)
    held = held_for(waiting, [*everybody, *pulling], now=now)
    rests = waiting.not_before > now
    lapses = bool(waiting.excluded) and now < waiting.excluded_until != FOREVER
    return Standing(
        needs=needs,
        step=sum(step.deadline <= now for step in waiting.steps),
        overdue_seconds=now - waiting.due,
        rests_until=waiting.not_before if rests else None,
        held_for=held,
        held_until=waiting.preferred_until if held is not None else None,
        next_step_at=next_step_at,
        next_needs=None if next_step_at is None else standing(waiting.needs, waiting.steps, next_step_at)[0],
        excluded_until=waiting.excluded_until if lapses else None,
        ruled_out=tuple(
            RuledOut(reason=reason, count=len(ids), representatives=tuple(sorted(ids)[:NAMED_AT_MOST]))
            for reason, ids in ruled.items()
            if ids
        ),
        able=tuple(able[:NAMED_AT_MOST]),
        pulling=tuple(sorted(asking)[:NAMED_AT_MOST]),
        changes=tuple(
            _changes(ruled, able, asking, rests=rests, held=held, stepping=next_step_at is not None, lapses=lapses)
        ),
    )


def held_for(waiting: Waiting, staff: Iterable[Staff], *, now: Instant) -> str | None:
    """The representative it is kept for alone at `now`: there, not resting, able on their best day, and in time."""
    if waiting.preferred is None or now >= waiting.preferred_until:
        return None
    for each in staff:
        if each.id == waiting.preferred:
            return each.id if rule_out(each, waiting, now=now) in (None, "busy") else None
    return None


def _present(staff: Staff, needs: Needs, *, now: Instant) -> Reason | None:
    if not staff.available:
        return "away"
    if staff.resting_until > now:
        return "resting"
    return None if fits(staff, needs) else "busy"


def _changes(
    ruled: dict[Reason, list[str]],
    able: list[str],
    asking: list[str],
    *,
    rests: bool,
    held: str | None,
    stepping: bool,
    lapses: bool,
) -> list[Change]:
    if rests:
        return ["back_off"]
    if held is not None and held not in able:
        return ["pull" if held in asking else "preferred_free", "hold"]
    if able:
        return ["time"]
    found: list[Change] = [change for reason, change in _CURES.items() if ruled[reason]]
    if not lapses and "exclusion" in found:
        found.remove("exclusion")
    if asking:
        found.insert(0, "pull")
    if stepping:
        found.append("next_step")
    if found:
        return found
    return ["sign_on", "rules"] if any(ruled.values()) else ["sign_on"]


_CURES: dict[Reason, Change] = {"busy": "free", "resting": "rest", "away": "back", "declined": "exclusion"}
