"""What the customer wrote now, without the letters quoted below it.

Decides where the quoted part begins, in English, Urdu, Telugu, Hindi and the languages mail programs speak. When unsure
it keeps: a line too many does no harm, and the whole text is kept beside it anyway.
"""

from __future__ import annotations

import re
from typing import Final

# "On 3 May 2025 at 10:12, Sara <sara@...> wrote:" in any language: one line that ends in a colon and holds an address or
# a time. The lookaheads run over at most 200 characters.
_ATTRIBUTION: Final = re.compile(r"(?=.{6,200}$)(?=.*(?:<[^<>\s]+@[^<>\s]+>|\d{1,2}[:.]\d{2}))\S.*[:：]\s*$")
_DIVIDER: Final = re.compile(r"\s*+(?:_{20,}+|-{3,}+.{0,60}(?:Original|Urspr|Forwarded|اصل|అసలు|मूल).{0,60}-{3,}+)\s*+$")
_SENDER: Final = re.compile(
    r"\s*\*?(?:From|Von|De|Da|Van|منجانب|از|నుండి|నుంచి|प्रेषक|Från|Fra|Od|От|发件人|差出人)\s*[:：]", re.IGNORECASE
)
_HEADER: Final = re.compile(r"\s*\*?\S[^:：]{0,20}[:：]\s")
_HEADERS_SEEN: Final = 3
_LONGEST_LINE: Final = 400


def own_words(text: str) -> str:
    """The text above the quoted letters; the whole text when nothing else would be left."""
    lines = text.split("\n")
    end = next((i for i in range(len(lines)) if _quote_begins(lines, i)), len(lines))
    kept = "\n".join(line for line in lines[:end] if not line.startswith(">")).strip()
    return kept or text.strip()


def _quote_begins(lines: list[str], i: int) -> bool:
    line = lines[i]
    if not line or line[0] == ">" or len(line) > _LONGEST_LINE:
        return False
    if _DIVIDER.match(line):
        return True
    if _SENDER.match(line):
        return sum(1 for other in lines[i : i + 6] if _HEADER.match(other[:_LONGEST_LINE])) >= _HEADERS_SEEN
    return _is_attribution(lines, i)


def _is_attribution(lines: list[str], i: int) -> bool:
    """One line, or one broken into two, that says who wrote, with a quoted line next."""
    following = lines[i + 1 : i + 5]
    for said, rest in ((lines[i], following), (f"{lines[i]} {following[0] if following else ''}", following[1:])):
        quoted = next((other for other in rest if other.strip()), "")
        if quoted.lstrip()[:1] == ">" and len(said) <= _LONGEST_LINE and _ATTRIBUTION.match(said.strip()):
            return True
    return False
