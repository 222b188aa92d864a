"""What one document of rules says otherwise than another, field by field.

Decides what counts as one difference: a field of a queue, of a request type, of a reason, of a channel, of what is said of
cases, of a playbook. It compares what is written, not what it comes to. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from app.actions.rules.rows import Change, compared, differing

Document: TypeAlias = Mapping[str, Any]

SECTIONS: Final[Mapping[str, str]] = {
    "queues": "queue",
    "request_types": "request type",
    "reasons": "reason",
    "channels": "channel",
    "resolution.request_types": "cases of request type",
    "resolution.queues": "cases of queue",
    "playbooks": "playbook",
}
"""The parts that hold entries by code, and what one entry is called. A dot leads into a part of a part."""
CASES: Final = "resolution"
"""The part that has fields of its own beside its entries, and what its fields together are called."""
WHAT_CASES: Final = "cases"
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
    return found + _of_cases(old, new) + _order(old, new)


def paths(old: Document, new: Document) -> list[tuple[str, Any, Any]]:
    """The same as (path, old, new): `("queues.claims.target_seconds", 120, 90)`; None stands for what is not there."""
    sections = {**{what: section for section, what in SECTIONS.items()}, WHAT_CASES: CASES}
    told: list[tuple[str, Any, Any]] = []
    for change in changes(old, new):
        section = sections.get(change.what, "")
        head = ".".join(part for part in (section, change.code) if part)
        if change.kind == "changed":
            told += [(f"{head}.{name}" if head else name, *both) for name, both in change.fields.items()]
        else:
            before, after = (_part(side, section).get(change.code) for side in (old, new))
            told.append((head, before, after))
    return told


def _entries(document: Document, section: str) -> dict[str, Document]:
    """The entries of a section. Where a request type stands is told as the order of all of them."""
    said = _part(document, section)
    return {code: {name: value for name, value in fields.items() if name != PLACE} for code, fields in said.items()}


def _part(document: Document, section: str) -> Document:
    """A part of the document, or a part of a part; where nothing is said, it is empty."""
    part: Document = document
    for name in section.split("."):
        part = part.get(name) or {}
    return part


def _of_cases(old: Document, new: Document) -> list[Change]:
    """The fields that are said of all cases; what is said of some of them is told by the sections."""
    entries = {name.rpartition(".")[2] for name in SECTIONS if name.startswith(f"{CASES}.")}
    before, after = (
        {name: value for name, value in _part(side, CASES).items() if name not in entries} for side in (old, new)
    )
    fields = differing(before, _whole(before, after))
    return [Change(kind="changed", what=WHAT_CASES, code="", fields=fields)] if fields else []


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
