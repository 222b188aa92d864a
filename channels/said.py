"""What every door says at once of a fault that touches many.

Decides in which words, by the language of whoever comes. To whom it is said, and what it is, the service knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """What every door says of a fault that touches many, before anybody asks. `words`: by language.

    `requests`: said only to whoever asks for one of these or for what is below them; `channels`: said only there. Empty:
    said to all.
    """

    words: Mapping[str, str]
    requests: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    default: str = "en"

    def to(self, language: str) -> str:
        """In this language, else in the house's first, else in any."""
        return self.words.get(language) or self.words.get(self.default) or next(iter(self.words.values()), "")
