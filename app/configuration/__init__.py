"""The configuration file: who we are, what can be asked for, where it waits and who answers.

Decides whether a file is right, to the last reference, and names every mistake with its line. Never touches the database:
`app.actions.rules.apply` does.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from app.configuration.lines import Lines
from app.configuration.lines import Path as KeyPath
from app.configuration.references import wrong_references
from app.configuration.shape import Configuration, Parts
from app.errors import CannotStart
from routing.rules import DOCUMENT, faults
from routing.rules import read as read_rules

__all__ = ["Configuration", "WrongConfiguration", "read", "read_text"]

LARGEST_BYTES: Final = 5_000_000
_AT: Final = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
_WORDS: Final = {
    "missing": "is missing",
    "extra_forbidden": "there is no such setting",
    "string_type": "must be a text in quotes",
    "int_type": "must be a whole number",
    "bool_type": "must be true or false",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "too_short": "must not be empty",
}
"""pydantic's words, said plainly; the others are plain enough."""


class WrongConfiguration(CannotStart):
    """The file is wrong. `lines` are its mistakes, in order: "office.toml:12: queues.claims.target_seconds: …"."""

    default_code = "wrong_configuration"

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


def read(path: Path) -> Configuration:
    """The configuration in a file. Raises WrongConfiguration with all its mistakes; CannotStart where it cannot be read."""
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise CannotStart(f"{path}: larger than {LARGEST_BYTES} bytes")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise CannotStart(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise CannotStart(f"{path}: is not UTF-8 text") from None
    return read_text(text, name=str(path))


def read_text(text: str, *, name: str) -> Configuration:
    """The configuration in `text`; `name` stands before each mistake. Raises WrongConfiguration."""
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise WrongConfiguration([_not_toml(str(error), text, name)]) from None
    parts, document = _apart(found)
    lines = Lines(text)
    wrong = [(fault.path, fault.reason) for fault in faults(document)]
    try:
        Parts.model_validate(parts)
    except ValidationError as error:
        wrong += _wrong_shapes(error)
    if wrong:
        raise WrongConfiguration(_told(wrong, lines, name))
    configuration = Configuration(**parts, rules=read_rules(document), rules_document=document)
    if wrong := list(wrong_references(configuration)):
        raise WrongConfiguration(_told(wrong, lines, name))
    return configuration


def _apart(found: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The rules of a file, and what else it says. The order of the request types becomes their place."""
    document = {key: value for key, value in found.items() if key in DOCUMENT}
    requests = document.get("request_types")
    if isinstance(requests, dict):
        document["request_types"] = {
            code: {"place": place, **said} if isinstance(said, dict) else said
            for place, (code, said) in enumerate(requests.items())
        }
    return {key: value for key, value in found.items() if key not in DOCUMENT}, document


def _told(mistakes: list[tuple[KeyPath, str]], lines: Lines, name: str) -> list[str]:
    """Each mistake as one line, in the order of the file."""
    placed = sorted((lines.of(path), ".".join(path), words) for path, words in mistakes)
    return [f"{name}:{line}: {path}: {words}" for line, path, words in placed]


def _wrong_shapes(error: ValidationError) -> list[tuple[KeyPath, str]]:
    return [_wrong_shape(fault) for fault in error.errors(include_url=False)]


def _wrong_shape(fault: Any) -> tuple[KeyPath, str]:
    path = tuple(str(part) for part in fault["loc"] if part != "[key]")
    words = _WORDS.get(fault["type"]) or fault["msg"].removeprefix("Value error, ")
    if fault["loc"][-1:] == ("[key]",):
        words = "a code has lower-case letters, digits, _ and - only, and starts with a letter"
    return path, words[:1].lower() + words[1:]


def _not_toml(said: str, text: str, name: str) -> str:
    found = _AT.search(said)
    line = found[1] if found and found[1] else str(max(1, len(text.splitlines())))
    return f"{name}:{line}: {_AT.sub('', said)}"
