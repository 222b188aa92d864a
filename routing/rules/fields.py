"""How one table of a document is read, field by field, so that every mistake is noted with its path.

Decides types, lengths and ranges; never what a field means. Strict: "3" is not 3, and true is no number. A field that is
wrong is noted and read as its default, so that one run finds all mistakes; whoever reads throws the result away then.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar, cast

from routing.rules.model import Fault, Path

Choice = TypeVar("Choice", bound=str)

CODE: Final = re.compile(r"[a-z][a-z0-9_-]*")
A_CODE: Final = "a code has lower-case letters, digits, _ and - only, and starts with a letter"
LONGEST_CODE: Final = 60
MOST_HINTS: Final = 100
"""After so many mistakes nobody is told either: a document of nothing but mistakes is answered in a moment, too."""
MOST_NAMES: Final = 300
"""Among more names than these nobody is told which they may have meant: looking would take too long."""


class Table:
    """One table of the document at `path`; `wrong` collects what is amiss in it.

    `known` are the keys it may have; None: any codes, for a table of named things. A table that is missing is empty.
    """

    def __init__(self, found: object, path: Path, wrong: list[Fault], *, known: Collection[str] | None = None) -> None:
        self.path = path
        self.wrong = wrong
        self._sound = isinstance(found, Mapping)
        self._found: Mapping[str, Any] = cast(Mapping[str, Any], found) if self._sound else {}
        if not self._sound:
            self.fault("must be a table")
        if known is None:
            return
        for key in self._found:
            if key not in known:
                self.fault(f"there is no such setting{self.near(str(key), known)}", str(key))

    def fault(self, reason: str, *within: str) -> None:
        """Note a mistake in this table, or at a place within it."""
        self.wrong.append(Fault(path=(*self.path, *within), reason=reason))

    def near(self, name: str, known: Collection[str]) -> str:
        """What was probably meant, said as the end of a sentence; nothing where there are many mistakes already."""
        return near(name, known) if len(self.wrong) < MOST_HINTS else ""

    def has(self, key: str) -> bool:
        """Whether the document says anything here."""
        return key in self._found

    def raw(self, key: str) -> object:
        """What stands here, of whatever shape; None where nothing is said."""
        return self._found.get(key)

    def missing(self, key: str) -> None:
        """Note that `key` must be there. A table that is none at all is one mistake, not many."""
        if self._sound:
            self.fault("is missing", key)

    def whole(self, key: str, low: int, high: int, default: int | None = None) -> int:
        """A whole number from `low` to `high`; without a default it must be there."""
        value = self._given(key, default)
        if isinstance(value, bool) or not isinstance(value, int):
            self._instead(key, value, "must be a whole number")
            return low if default is None else default
        return int(self._within(key, value, low, high))

    def number(self, key: str, low: float, high: float, default: float | None = None) -> float:
        """A number from `low` to `high`; without a default it must be there."""
        value = self._given(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            self._instead(key, value, "must be a number")
            return low if default is None else default
        return self._within(key, value, low, high)

    def flag(self, key: str, *, default: bool) -> bool:
        """True or false."""
        value = self._given(key, default)
        if isinstance(value, bool):
            return value
        self.fault("must be true or false", key)
        return default

    def text(self, key: str, longest: int, default: str | None = None) -> str:
        """Words that can be shown, at most `longest` characters; without a default they must be there."""
        value = self._given(key, default)
        if not isinstance(value, str):
            self._instead(key, value, "must be a text in quotes")
            return default or ""
        if self.has(key) and (reason := wrong_words(value, longest)):
            self.fault(reason, key)
        return value

    def choice(self, key: str, choices: Collection[Choice], default: Choice | None = None) -> Choice:
        """One of a few words; without a default it must be there."""
        value = self._given(key, default)
        first = next(iter(choices)) if default is None else default
        if not isinstance(value, str):
            self._instead(key, value, "must be a text in quotes")
            return first
        if value not in choices:
            self.fault(f"must be one of {', '.join(sorted(choices))}{self.near(value, choices)}", key)
            return first
        return cast(Choice, value)

    def code(self, key: str) -> str | None:
        """The code of something; None where nothing is said."""
        if not self.has(key):
            return None
        return self._code(self._found[key], key)

    def codes(self, key: str, most: int) -> tuple[str, ...]:
        """A list of codes, none twice."""
        found = tuple(self._code(value, key, str(number)) for number, value in enumerate(self.items(key, most)))
        if len(set(found)) != len(found):
            self.fault("names something twice", key)
        return found

    def items(self, key: str, most: int) -> Sequence[Any]:
        """A list of at most `most`, whatever is in it; empty where nothing is said."""
        value = self._found.get(key, ())
        if not isinstance(value, list | tuple):
            self.fault("must be a list", key)
            return ()
        if len(value) > most:
            self.fault(f"must not have more than {most:,} entries", key)
            return ()
        return value

    def table(self, key: str, known: Collection[str] | None = None) -> Table:
        """A table within this one; empty where nothing is said."""
        return Table(self._found.get(key, {}), (*self.path, key), self.wrong, known=known)

    def tables(self, key: str, most: int, known: Collection[str]) -> Iterator[Table]:
        """A list of tables."""
        for number, value in enumerate(self.items(key, most)):
            yield Table(value, (*self.path, key, str(number)), self.wrong, known=known)

    def entries(self, most: int) -> Iterator[str]:
        """The keys of a table of named things, which are codes; what is wrong with one is noted."""
        if len(self._found) > most:
            self.fault(f"must not have more than {most:,} entries")
            return
        for key in self._found:
            if reason := _wrong_code(key):
                self.fault(reason, str(key))
            else:
                yield key

    @property
    def names(self) -> Sequence[str]:
        """All keys, of whatever shape."""
        return tuple(self._found)

    def _given(self, key: str, default: object) -> object:
        if default is None and not self.has(key):
            self.missing(key)
        return self._found.get(key, default)

    def _instead(self, key: str, value: object, reason: str) -> None:
        """Note what is wrong with a value, but for one that is not there: that is noted already."""
        if value is not None or self.has(key):
            self.fault(reason, key)

    def _within(self, key: str, value: float, low: float, high: float) -> float:
        if not low <= value <= high:
            self.fault(f"must be between {low:,} and {high:,}", key)
            return low
        return value

    def _code(self, value: object, *within: str) -> str:
        if reason := _wrong_code(value):
            self.fault(reason, *within)
            return ""
        return cast(str, value)


def near(name: str, known: Collection[str]) -> str:
    """What was probably meant, said as the end of a sentence; nothing if nothing is near."""
    found = difflib.get_close_matches(name[:LONGEST_CODE], known, n=1) if len(known) <= MOST_NAMES else []
    return f"; did you mean {found[0]!r}?" if found else ""


def wrong_words(text: str, longest: int) -> str | None:
    """What is wrong with words that people shall read."""
    if any(unicodedata.category(letter) in {"Cc", "Cs", "Co"} for letter in text):
        return "holds characters that cannot be shown"
    if text != text.strip() or not text:
        return "must not be empty, nor begin or end with a blank"
    return f"must not have more than {longest} characters" if len(text) > longest else None


def _wrong_code(value: object) -> str | None:
    if not isinstance(value, str):
        return "must be a text in quotes"
    if CODE.fullmatch(value) is None:
        return A_CODE
    return f"must not have more than {LONGEST_CODE} characters" if len(value) > LONGEST_CODE else None
