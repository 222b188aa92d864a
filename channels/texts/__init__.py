"""Every word said to a customer, in every language, in one place.

Decides how a fact (a place in line, a wait) is put into words. It never decides what is said when: the channels do.
The words are data: one TOML file per language beside this module, all with the same keys and placeholders.

`ur-Deva` is Urdu written in Devanagari. It is for voices only: where no voice can read Urdu script aloud, a Hindi voice
reading these words speaks Urdu that a listener understands. It holds just the keys that are spoken.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Final

from channels.base import Refusal, Wait

DEFAULT: Final = "en"

_MINUTE = 60
_HOUR = 3600
_LONGEST_IN_MINUTES = 90  # past this a range in minutes sounds exact and is not


def say(key: str, language: str | None, **values: str | int) -> str:
    """The words for `key` in `language`; in English where the language or its words are unknown.

    Raises KeyError for a key that is in no catalogue, and for a placeholder without a value: both are our mistakes.
    """
    words = CATALOGUES.get(language or DEFAULT, {}).get(key)
    if words is None and language and "-" in language:
        words = CATALOGUES.get(language.split("-", 1)[0], {}).get(key)
    return (words or CATALOGUES[DEFAULT][key]).format_map(values)


def say_wait(wait: Wait | None, language: str | None) -> str:
    """How long it will take, as an honest range: rounded outwards, and never invented when nobody knows."""
    if wait is None:
        return say("wait.unknown", language)
    low, high = sorted((max(0, wait.low_seconds), max(0, wait.high_seconds)))
    if high <= _MINUTE:
        return say("wait.soon", language)
    if high > _LONGEST_IN_MINUTES * _MINUTE:
        return _hours(low // _HOUR, math.ceil(high / _HOUR), language)
    low_minutes, high_minutes = max(1, low // _MINUTE), math.ceil(high / _MINUTE)
    if low_minutes == high_minutes:
        return say("wait.minutes", language, minutes=high_minutes)
    return say("wait.range", language, low=low_minutes, high=high_minutes)


def say_position(position: int | None, language: str | None) -> str:
    """The place in line; where it is not known, only that one is in line."""
    if position is None:
        return say("position.unknown", language)
    if position <= 1:
        return say("position.first", language)
    return say("position.other", language, position=position)


def say_refusal(refusal: Refusal, language: str | None) -> list[str]:
    """Why somebody is not let into the line, and when to come again, one sentence each; then what the house says."""
    return [
        say(_REASONS.get(refusal.reason, "entry.nobody"), language),
        _say_opening(refusal, language),
        *([refusal.message] if refusal.message else []),
    ]


def _say_opening(refusal: Refusal, language: str | None) -> str:
    if refusal.opens_at is None:
        return say("entry.later", language)
    time = f"{refusal.opens_at:%H:%M}"
    if refusal.opens_in_days == 0:
        return say("entry.opens_today", language, time=time)
    if refusal.opens_in_days == 1:
        return say("entry.opens_tomorrow", language, time=time)
    if refusal.opens_in_days < len(_DAYS):
        return say("entry.opens_on", language, day=say(_DAYS[refusal.opens_at.weekday()], language), time=time)
    return say("entry.opens_date", language, date=f"{refusal.opens_at:%d.%m.%Y}", time=time)


_REASONS: Final = {
    "closed": "entry.closed",
    "closing": "entry.closing",
    "nobody": "entry.nobody",
    "length": "entry.length",
    "wait": "entry.wait",
}
_DAYS: Final = ("day.mon", "day.tue", "day.wed", "day.thu", "day.fri", "day.sat", "day.sun")


def _hours(low: int, high: int, language: str | None) -> str:
    if low in (0, high):
        return say("wait.up_to_hours", language, high=high)
    return say("wait.hours", language, low=low, high=high)


def _load() -> Mapping[str, Mapping[str, str]]:
    found = {}
    for file in files(__package__).iterdir():
        if file.name.endswith(".toml"):
            found[file.name.removesuffix(".toml")] = _flat(tomllib.loads(file.read_text(encoding="utf-8")))
    return found


def _flat(sections: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    return {f"{section}.{key}": words for section, entries in sections.items() for key, words in entries.items()}


CATALOGUES: Final = _load()
