"""On which line of a TOML text each key stands.

Python's parser tells values only, and a mistake without its line is a riddle. Decides nothing about values, and reads only
text that the real parser has accepted: so it may be simple.
"""

from __future__ import annotations

import re
import tomllib
from typing import Final, TypeAlias

Path: TypeAlias = tuple[str, ...]
"""A key and all its tables, outermost first; the place in a list of tables is a number written as text."""

_NAME: Final = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')"""
_DOTTED: Final = rf"{_NAME}(?:[ \t]*\.[ \t]*{_NAME})*"
_BLANK: Final = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_HEADER: Final = re.compile(rf"(\[\[?)[ \t]*({_DOTTED})[ \t]*\]\]?")
_KEY: Final = re.compile(rf"({_DOTTED})[ \t]*=")
_PART: Final = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|#[^\n]*|[\[{]|[\]}]|\n|[^"\'#\[\]{}\n]+',
    re.DOTALL,
)


class Lines:
    """The lines of one text."""

    def __init__(self, text: str) -> None:
        self._found: dict[Path, int] = {}
        self._read(text)

    def of(self, path: Path) -> int:
        """The line of a key, counted from 1; of the nearest table around it where the key itself is not in the text."""
        for length in range(len(path), 0, -1):
            if path[:length] in self._found:
                return self._found[path[:length]]
        return 1

    def _read(self, text: str) -> None:
        table: Path = ()
        counts: dict[Path, int] = {}
        place, line = 0, 1
        while place < len(text):
            blank = _BLANK.match(text, place)
            assert blank is not None, "it also matches nothing"
            line += blank[0].count("\n")
            place = blank.end()
            if header := _HEADER.match(text, place):
                table = _names(header[2])
                if header[1] == "[[":
                    counts[table] = counts.get(table, -1) + 1
                    table = (*table, str(counts[table]))
                self._note(table, line)
                place = header.end()
            elif key := _KEY.match(text, place):
                self._note((*table, *_names(key[1])), line)
                end = _end_of_value(text, key.end())
                line += text.count("\n", place, end)
                place = end
            else:
                return  # the end; nothing else can stand here

    def _note(self, path: Path, line: int) -> None:
        for length in range(1, len(path) + 1):
            self._found.setdefault(path[:length], line)
        self._found[path] = line


def _names(dotted: str) -> Path:
    """The names of a dotted key, without quotes."""
    return tuple(next(iter(tomllib.loads(f"{name} = 0"))) for name in re.findall(_NAME, dotted))


def _end_of_value(text: str, place: int) -> int:
    """Where the value ends: at the first line's end outside every bracket and quote."""
    depth = 0
    while place < len(text):
        part = _PART.match(text, place)
        assert part is not None, "the real parser has accepted the text"
        if part[0] == "\n" and depth == 0:
            return place
        depth += (part[0] in "[{") - (part[0] in "]}")
        place = part.end()
    return place
