"""The two questions after a resolution, as words: is it solved, and apart from it, how the representative was.

Decides how they are put and how an answer is thanked for. It never decides who is asked, or what an answer does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from channels.texts import say

SOLVED: Final[Mapping[str, str]] = {"yes": "survey.yes", "no": "survey.no", "partly": "survey.partly"}
MARKS: Final[Mapping[int, str]] = {
    1: "survey.mark_1",
    2: "survey.mark_2",
    3: "survey.mark_3",
    4: "survey.mark_4",
    5: "survey.mark_5",
}
THANKS: Final[Mapping[str, str]] = {
    "yes": "survey.thanks_yes",
    "no": "survey.thanks_no",
    "partly": "survey.thanks_partly",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Questions:
    """What is asked, all of it words. `solved` and `marks`: the answers to choose from, in order."""

    is_it_solved: str
    solved: Mapping[str, str]
    what_remains: str
    how_was: str
    marks: Mapping[int, str]
    words: str
    send: str
    until: str


def questions(language: str | None, *, representative: str | None, date: str) -> Questions:
    """`representative`: the name the customer may read, None: "our colleague". `date`: the last day to answer, as one says it."""
    how_was = (
        say("survey.how_was", language, name=representative)
        if representative is not None
        else say("survey.how_was_colleague", language)
    )
    return Questions(
        is_it_solved=say("survey.is_it_solved", language),
        solved={answer: say(key, language) for answer, key in SOLVED.items()},
        what_remains=say("survey.what_remains", language),
        how_was=how_was,
        marks={mark: say(key, language) for mark, key in MARKS.items()},
        words=say("survey.words", language),
        send=say("survey.send", language),
        until=say("survey.until", language, date=date),
    )


def thanks(solved: str | None, language: str | None) -> str:
    """What is said to one who has answered. None: they spoke of the representative alone."""
    return say(THANKS[solved] if solved is not None else "survey.thanks", language)


def over(language: str | None) -> str:
    """What is said to one whose answer comes too late, or who is not asked any more."""
    return say("survey.over", language)
