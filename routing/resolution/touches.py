"""What counts as a touch, what caused it, and what the number of them calls for.

Decides by what happened since the customer last turned to us. A touch is a cost to the customer: every contact and message
of theirs after the first, and everything of ours that asks them for something. What machines write is none, nor is what a
colleague is asked. Pure: whoever asks has read what happened.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from routing.rules.resolving import CauseRule

Kind = Literal["contact", "message", "asked"]

PROMISE_BROKEN: Final = "promise_broken"
WRONG_HAND_OVER: Final = "wrong_hand_over"
NOT_SOLVED: Final = "not_solved"
STATUS: Final = "status"
REPEAT: Final = "repeat"
CAUSES: Final = (PROMISE_BROKEN, WRONG_HAND_OVER, NOT_SOLVED, STATUS, REPEAT)
"""What the rule itself can say; our own askings and the house's words bring causes of their own."""

HAND_OVERS_UNTIL_RIGHT: Final = 1
"""The first may be right; a second means that the first was not."""

_COMING: Final = frozenset({"arrived", "queued", "scheduled"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Since:
    """What happened to a matter since the customer last turned to us, or was first here."""

    promises_broken: int = 0
    handed_over: int = 0
    reopened: bool = False
    asked: str | None = None
    """What we asked them for since: a code; None: nothing."""
    answered: bool = False
    """A person served or answered them."""


def kind_of(event: str, version: int, data: Mapping[str, Any], *, automatic: bool) -> Kind | None:
    """What sort of touch an event of a contact would be; None: it is none. `automatic`: a machine wrote it.

    The first event of a contact is its coming. That one who hung up came back to the same place is no event of that kind.
    """
    if event == "answered":
        return "asked" if data.get("asks") else None
    if automatic or "consults" in data:
        return None
    if event == "wrote":
        return "message"
    return "contact" if version == 1 and event in _COMING else None


def cause_of(since: Since, words: str, rules: Sequence[CauseRule]) -> str:
    """Why the customer turns to us again: our own faults first, then what they say themselves, then how the matter stood."""
    if since.promises_broken:
        return PROMISE_BROKEN
    if since.handed_over > HAND_OVERS_UNTIL_RIGHT:
        return WRONG_HAND_OVER
    if since.reopened:
        return NOT_SOLVED
    if since.asked is not None:
        return since.asked
    said = _said(words, rules)
    if said is not None:
        return said
    return STATUS if since.answered else REPEAT


def level(count: int, budget: int) -> int:
    """How far over its budget a matter is: 0 within, 1 the owner is told, 2 the supervisors own it."""
    return 2 if count >= 2 * budget else 1 if count >= budget else 0


def _said(words: str, rules: Iterable[CauseRule]) -> str | None:
    """The cause of the first rule one of whose words stands in the text, as a part of it: languages inflect."""
    text = " ".join(words.casefold().split())
    return next((rule.cause for rule in rules if text and any(word in text for word in rule.words)), None)
