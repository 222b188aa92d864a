"""What a person wrote in a form that could not be taken: shown again wherever its page cannot, so that nobody writes it twice.

Decides which fields hold a person's own words, and from where they are shown again: only what a page of ours sent, so that no
other site puts words into ours. Keeps nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import parse_qs

from fastapi import Request

from app.deps import COOKIE

MOST_BYTES: Final = 262_144
_WORDS: Final = ("subject", "body", "words", "comment", "reason")
_EACH_LANGUAGE: Final = "words_"
_FORM: Final = "application/x-www-form-urlencoded"


def words_in(typed: Mapping[str, Sequence[str]]) -> str:
    """A person's own words among the fields of a form, in the order of the form; empty where there are none.

    A subject alone stands there by itself, and a reason may be a code that was chosen: neither is worth a page of its own.
    """
    found = {name: " ".join(values).strip() for name, values in typed.items() if _is_words(name)}
    found = {name: words for name, words in found.items() if words and (name != "reason" or " " in words)}
    return "\n\n".join(found.values()) if found.keys() - {"subject"} else ""


async def words_of(request: Request) -> str:
    """The same of a form as it was sent; empty where it is none, is too large, or where another site may have sent it."""
    told = request.headers.get("content-length", "")
    ours = request.headers.get("sec-fetch-site") == "same-origin" or COOKIE in request.cookies
    if request.method != "POST" or not ours or not told.isdigit() or int(told[:20]) > MOST_BYTES:
        return ""
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != _FORM:
        return ""
    try:
        typed = parse_qs((await request.body()).decode("utf-8", "replace"), max_num_fields=200)
    except (ValueError, RuntimeError):  # more fields than any page has, or read by somebody else
        return ""
    return words_in(typed).replace("\r\n", "\n")


def _is_words(name: str) -> bool:
    return name in _WORDS or name.startswith(_EACH_LANGUAGE)
