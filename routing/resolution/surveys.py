"""What a customer's answer to "is it solved?" means, whenever it comes. Pure.

Decides what an answer does to the survey and to the case: the first one, another one, a late one. It never writes, never knows
who answers, and never reads a clock: what is over is handed in.

The law:
- "yes" closes, "no" and "partly" open again; whatever came before it, a "no" is heard while the case can still open again;
- the same answer twice changes nothing, another one replaces it until the window closes;
- a "yes" after a "no" is written down and closes nothing: the case is open again, and a person looks;
- what opened the case was said once and stays in the log.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

Solved = Literal["yes", "no", "partly"]
ANSWERS: Final[tuple[Solved, ...]] = get_args(Solved)
MARKS: Final = (1, 5)
"""The worst and the best mark of a representative."""
MONTH_DAYS: Final = 30
"""How far back the surveys of a customer are counted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """One answer. `solved` None: only the representative is spoken of. `mark`: 1 to 5; None: nothing is said of them."""

    solved: Solved | None = None
    mark: int | None = None
    words: str | None = None

    def upon(self, before: Said) -> Said:
        """What stands after this: what is not said now stays as it was said before."""
        return Said(
            solved=before.solved if self.solved is None else self.solved,
            mark=before.mark if self.mark is None else self.mark,
            words=before.words if self.words is None else self.words,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """How a survey and its case stand when an answer comes. `state` and `case_state` are those of the lifecycles."""

    state: str
    case_state: str
    said: Said
    latest: bool
    """It asks about the last resolution there was."""
    in_time: bool
    """Its window is not over."""
    reopenable: bool
    """A contact would still open the case again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """What an answer does. `records`: the survey holds it from now on. `case` None: nothing happens to the case."""

    records: bool = False
    case: Literal["confirm", "reopen"] | None = None


NOTHING: Final = Effect()
"""It was said before."""


def effect(standing: Standing, said: Said) -> Effect | None:
    """What this answer does; None: it is too late, or the survey asks about what is no more."""
    if not standing.latest or standing.state == "dropped":
        return None
    if standing.in_time and standing.state in ("asked", "answered"):
        return _in_time(standing, said)
    return Effect(case="reopen") if _opens(standing, said) else None


def may_ask(*, lately: int, at_most: int) -> bool:
    """Whether a customer who was asked `lately` times within the month may be asked once more."""
    return lately < at_most


def is_bad(said: Said, *, rescue_at_most: int) -> bool:
    """Whether somebody must go after this answer: it is not solved, or the mark is so low."""
    return said.solved == "no" or (said.mark is not None and said.mark <= rescue_at_most)


def _in_time(standing: Standing, said: Said) -> Effect | None:
    if standing.state == "asked" and standing.case_state != "resolved":
        return None  # the customer wrote meanwhile: it is open again without this
    if said.upon(standing.said) == standing.said:
        return NOTHING
    if standing.case_state == "resolved" and said.solved == "yes":
        return Effect(records=True, case="confirm")
    return Effect(records=True, case="reopen" if _opens(standing, said) else None)


def _opens(standing: Standing, said: Said) -> bool:
    if said.solved not in ("no", "partly"):
        return False
    return standing.case_state == "resolved" or (standing.case_state == "closed" and standing.reopenable)
