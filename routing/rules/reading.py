"""From a document (TOML or JSON, already parsed) to rules. Decides types, lengths and ranges, field by field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from routing.rules.model import Fault, Rules


def read(document: Mapping[str, Any], *, version: int = 0) -> Rules:
    """The rules of a document; raises `WrongRules` with every mistake."""
    raise NotImplementedError


def faults(document: Mapping[str, Any]) -> tuple[Fault, ...]:
    """Every mistake of a document, in the order of its paths; none = it can be read."""
    raise NotImplementedError
