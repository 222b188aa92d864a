"""What one document of rules says otherwise than another, field by field.

Decides what counts as one difference: a field of a queue, of a request type, of a reason, of a channel. It compares what is
written, not what it comes to. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from app.actions.rows import Change, compared

Document: TypeAlias = Mapping[str, Any]

SECTIONS: Final[Mapping[str, str]] = {
    "queues": "queue",
    "request_types": "request type",
    "reasons": "reason",
    "channels": "channel",
}
"""The parts that hold entries by code, and what one entry is called."""
LISTS: Final[Mapping[str, str]] = {"skills": "skills", "groups": "groups"}
PLACE: Final = "place"
ORDER: Final = "order"
"""The field that tells of request types in another order: it is the order of menus."""


def changes(old: Document, new: Document) -> list[Change]:
    """Every difference, section by section; none = both say the same."""
    found: list[Change] = []
    for section, what in SECTIONS.items():
        before, after = _entries(old, section), _entries(new, section)
        found += compared(what, before, {code: _whole(before.get(code), fields) for code, fields in after.items()})
    for section, what in LISTS.items():
        lists = list(old.get(section) or ()), list(new.get(section) or ())
        if sorted(lists[0]) != sorted(lists[1]):
            found.append(Change(kind="changed", what=what, code="", fields={section: lists}))
    return found + _order(old, new)


def paths(old: Document, new: Document) -> list[tuple[str, Any, Any]]:
    """The same as (path, old, new): `("queues.claims.target_seconds", 120, 90)`; None stands for what is not there."""
    sections = {what: section for section, what in SECTIONS.items()}
    told: list[tuple[str, Any, Any]] = []
    for change in changes(old, new):
        section = sections.get(change.what, "")
        head = ".".join(part for part in (section, change.code) if part)
        if change.kind == "changed":
            told += [(f"{head}.{name}" if head else name, *both) for name, both in change.fields.items()]
        else:
            before, after = ((side.get(section) or {}).get(change.code) for side in (old, new))
            told.append((head, before, after))
    return told


def _entries(document: Document, section: str) -> dict[str, Document]:
    """The entries of a section. Where a request type stands is told as the order of all of them."""
    said = document.get(section) or {}
    return {code: {name: value for name, value in fields.items() if name != PLACE} for code, fields in said.items()}


def _whole(before: Document | None, fields: Document) -> Document:
    """The entry with a None for every field it no longer has: leaving a field out is a difference, too."""
    return {**dict.fromkeys(before or {}), **fields}


def _order(old: Document, new: Document) -> list[Change]:
    before, after = _in_order(old), _in_order(new)
    kept = [code for code in before if code in after], [code for code in after if code in before]
    if kept[0] == kept[1]:
        return []
    return [Change(kind="changed", what="request type", code="", fields={ORDER: kept})]


def _in_order(document: Document) -> list[str]:
    said = document.get("request_types") or {}
    places = {code: fields.get(PLACE, place) for place, (code, fields) in enumerate(said.items())}
    return sorted(places, key=places.__getitem__)
