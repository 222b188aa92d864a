"""Whether a second person looks before a case is resolved or a message leaves, and who may. Pure.

Decides by the rules and a few facts about the matter. It never knows who is at work, and never waits for anybody.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from uuid import UUID

from routing.rules.resolving import Before, CheckRule

_WHOLE: Final = 2**64


@dataclass(frozen=True, kw_only=True, slots=True)
class Matter:
    """What a rule may ask about. `joined_days`: how long the representative has been here; None: nobody known did it."""

    case_id: UUID
    amount: float | None = None
    reopened: bool = False
    joined_days: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Needed:
    """A check that is needed: why, who may do it, and how soon. `skill` None: whoever serves the case's queue."""

    reason: str
    """amount, new_representative, share, reopened, always; or why it was forced."""
    skill: str | None
    level: int
    within_seconds: float


def needed(rules: Sequence[CheckRule], matter: Matter, *, before: Before, forced: str | None = None) -> Needed | None:
    """The check that is due before this, by the first rule that holds; None: it may go as it is.

    `forced`: a reason to check whatever the rules say. What was solved once and was not is always checked before it is called
    solved again. Both by those whom the first rule that holds names, else the first rule there is, else whoever serves the
    queue.
    """
    about = [rule for rule in rules if rule.before == before]
    holds = next((rule for rule in about if _holds(rule, matter)), None)
    reason = forced or ("reopened" if before == "resolution" and matter.reopened else None)
    if reason is not None:
        return _by(holds or (about[0] if about else CheckRule()), reason)
    return _by(holds, _reason(holds)) if holds is not None else None


def qualified(
    *, skills: Mapping[str, int], queues: Collection[str], skill: str | None, level: int, queue: str | None
) -> bool:
    """Whether somebody with these skills, who serves these queues, may check what asks for `skill` or is of `queue`."""
    if skill is not None:
        return skills.get(skill, 0) >= level
    return queue is not None and queue in queues


def drawn(case_id: UUID, share: float) -> bool:
    """Whether this case is among the share: always the same answer, and whoever is among a share is among every larger one."""
    return int.from_bytes(sha256(b"check" + case_id.bytes).digest()[:8], "big") < share * _WHOLE


def _holds(rule: CheckRule, matter: Matter) -> bool:
    if rule.amount_over is not None and (matter.amount is None or matter.amount <= rule.amount_over):
        return False
    if rule.new_within_days is not None and (matter.joined_days is None or matter.joined_days >= rule.new_within_days):
        return False
    return drawn(matter.case_id, rule.share)


def _by(rule: CheckRule, reason: str) -> Needed:
    return Needed(reason=reason, skill=rule.skill, level=rule.level, within_seconds=rule.within_seconds)


def _reason(rule: CheckRule) -> str:
    if rule.amount_over is not None:
        return "amount"
    if rule.new_within_days is not None:
        return "new_representative"
    return "share" if rule.share < 1 else "always"
