"""The words of the pages themselves, by language: one file each in `texts/`.

Decides which languages the pages speak, and how a value stands in a sentence: names and numbers are set apart, so that
they keep their own direction. What customers write is never looked up here.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from markupsafe import Markup, escape

FOLDER: Final = Path(__file__).parent / "texts"
DEFAULT: Final = "en"
_APART: Final = "\u2068{}\u2069"
"""Isolates a value where no element can stand: in titles and attributes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """One language's words, by `section.name`. Raises `KeyError` for a name nobody has written."""

    language: str
    texts: dict[str, str]

    @property
    def direction(self) -> str:
        """`ltr` or `rtl`."""
        return self.texts["page.direction"]

    def say(self, name: str, **values: object) -> Markup:
        """The sentence as HTML; each value in an element of its own direction."""
        apart = {key: Markup("<bdi>{}</bdi>").format(value) for key, value in values.items()}
        return escape(self.texts[name]).format(**apart)

    def plain(self, name: str, **values: object) -> str:
        """The sentence as text, for titles and attributes."""
        return self.texts[name].format(**{key: _APART.format(value) for key, value in values.items()})

    def known(self, section: str, name: str | None) -> str:
        """The word for a code, or the code itself where it is nobody's word: codes of configurations are their own."""
        return self.texts.get(f"{section}.{name}", name or "")

    def choices(self, section: str) -> list[tuple[str, str]]:
        """All of a section, in its order, as (code, word)."""
        start = f"{section}."
        return [(name.removeprefix(start), text) for name, text in self.texts.items() if name.startswith(start)]


@cache
def languages() -> dict[str, Words]:
    """Every language there is a file for, the default first."""
    found = {path.stem: _read(path) for path in sorted(FOLDER.glob("*.toml"))}
    return {DEFAULT: found[DEFAULT], **found}


def words(language: str | None) -> Words:
    """The words of a language, or of the default one where there are none."""
    return languages().get(language or DEFAULT, languages()[DEFAULT])


def _read(path: Path) -> Words:
    sections = tomllib.loads(path.read_text("utf-8"))
    texts = {f"{section}.{name}": text for section, names in sections.items() for name, text in names.items()}
    return Words(language=path.stem, texts=texts)
