"""Steps of a playbook as they are stored, and whether a step is worth its time. Pure.

Decides how outcomes with and without a step are compared, and when there are too few cases to say anything. It never says why:
who skips a step may have had the easier case.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any, Final, Literal

from routing.resolution.figures import wilson
from routing.rules.resolving import PlaybookStep

LEAST: Final = 20
"""Cases on each side below which nothing is told but their number: neither chance nor a person's record is to be read from it."""

Verdict = Literal["too_few", "helps", "hurts", "no_difference_shown"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Side:
    """The closed cases in which a step was done, or those in which it was not.

    `asked`: of them, those whose customer could say whether it is solved. `solved`: those who said so. `reopened`: cases that
    came back at least once. `touches`: of all of them together.
    """

    cases: int
    asked: int
    solved: int
    reopened: int
    touches: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Weighed:
    """What a step goes with. `difference`: solved with it minus solved without it, `low` to `high` with 95 % confidence."""

    verdict: Verdict
    difference: float | None = None
    low: float | None = None
    high: float | None = None


def stored(step: PlaybookStep) -> dict[str, Any]:
    """The step as the row of its version holds it."""
    return {
        "code": step.code,
        "do": step.do,
        "words": dict(step.words),
        "required": step.required,
        "link": step.link,
    }


def solved_share(side: Side) -> float | None:
    """Solved in the customer's word, of those who could say it; None where they are too few."""
    return side.solved / side.asked if side.asked >= LEAST else None


def reopened_share(side: Side) -> float | None:
    """Came back, of the cases; None where they are too few."""
    return side.reopened / side.cases if side.cases >= LEAST else None


def touches_each(side: Side) -> float | None:
    """Touches a case; None where they are too few."""
    return side.touches / side.cases if side.cases >= LEAST else None


def weigh(done: Side, left: Side) -> Weighed:
    """Whether what is solved differs with the step, beyond chance (Newcombe's interval of the difference of two shares)."""
    with_it, without = solved_share(done), solved_share(left)
    if with_it is None or without is None:
        return Weighed(verdict="too_few")
    low_1, high_1 = wilson(done.solved, done.asked)
    low_2, high_2 = wilson(left.solved, left.asked)
    difference = with_it - without
    low = difference - sqrt((with_it - low_1) ** 2 + (high_2 - without) ** 2)
    high = difference + sqrt((high_1 - with_it) ** 2 + (without - low_2) ** 2)
    verdict: Verdict = "helps" if low > 0 else "hurts" if high < 0 else "no_difference_shown"
    return Weighed(verdict=verdict, difference=difference, low=low, high=high)
