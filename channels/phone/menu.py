"""The two menus a caller walks: language, then request.

Decides which options there are at a step, what a key means, and what happens to somebody who presses none. It never
speaks and never routes. Where a call stands in the menu is in the address Twilio calls next, so nothing is stored.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import parse_qsl, urlencode

from channels.base import House, RequestOption

LANGUAGE: Final = "language"
REQUEST: Final = "request"
MOST_TRIES: Final = 3
_INFORMATION: Final = "information"
_DIGITS: Final = re.compile(r"[0-9]{1,3}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One question to the caller. `under`: the request whose children are offered; `tries`: unanswered so far."""

    name: str
    language: str
    under: str | None = None
    tries: int = 0

    @property
    def query(self) -> str:
        """The step as a query string: what the address of the next webhook carries."""
        words = {"step": self.name, "language": self.language, "under": self.under, "tries": self.tries or None}
        return urlencode({name: value for name, value in words.items() if value is not None})


def first_step(house: House) -> Step:
    """Where a call begins; a house of one language does not ask for it."""
    return Step(name=LANGUAGE if len(house.languages) > 1 else REQUEST, language=house.languages[0])


def read_step(query: str, house: House) -> Step:
    """The step an address carries; whatever is unknown in it falls back to the beginning."""
    try:
        words = dict(parse_qsl(query, max_num_fields=20))
    except ValueError:
        words = {}
    language = words.get("language", "")
    tries = words.get("tries", "0")
    return Step(
        name=REQUEST if words.get("step") == REQUEST else LANGUAGE,
        language=language if language in house.languages else house.languages[0],
        under=words.get("under"),
        tries=int(tries) if _DIGITS.fullmatch(tries) else 0,
    )


def options(step: Step, house: House) -> tuple[RequestOption, ...]:
    """The requests offered at this step."""
    parent = _find(step.under, house.requests) if step.under else None
    return parent.children if parent and parent.children else house.requests


def answer(step: Step, digits: str, house: House) -> Step | str | None:
    """What a key press leads to: the next step, the code of the chosen request, or None when nothing is offered.

    A caller who presses nothing, or nothing that is offered, is asked three times and then goes on all the same: some
    have no keys, some cannot see them, some do not understand. They are served in the house's first language, with
    the part of the choice they did make, else as a request for information, where people are most used to passing
    somebody on; a house without that gives them its first request.
    """
    if step.name == LANGUAGE:
        return _answer_language(step, digits, house)
    offered = options(step, house)
    if not offered:
        return None
    chosen = _pick(digits, len(offered))
    if chosen is not None:
        option = offered[chosen]
        return Step(name=REQUEST, language=step.language, under=option.code) if option.children else option.code
    if step.tries + 1 < MOST_TRIES:
        return replace(step, tries=step.tries + 1)
    if step.under and offered is not house.requests:
        return step.under
    return _INFORMATION if _find(_INFORMATION, house.requests) else offered[0].code


def _answer_language(step: Step, digits: str, house: House) -> Step:
    chosen = _pick(digits, len(house.languages))
    if chosen is not None:
        return Step(name=REQUEST, language=house.languages[chosen])
    if step.tries + 1 < MOST_TRIES:
        return replace(step, tries=step.tries + 1)
    return Step(name=REQUEST, language=house.languages[0])


def _pick(digits: str, offered: int) -> int | None:
    """The index the keys name: 1 is the first."""
    if _DIGITS.fullmatch(digits) is None or not 1 <= int(digits) <= offered:
        return None
    return int(digits) - 1


def _find(code: str | None, requests: tuple[RequestOption, ...]) -> RequestOption | None:
    waiting = list(requests)
    while waiting:
        option = waiting.pop()
        if option.code == code:
            return option
        waiting.extend(option.children)
    return None
