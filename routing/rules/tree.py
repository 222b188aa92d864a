"""The tree of request types, as the document says it: ONE tree drives menus, screens and what somebody must know to serve it.

Decides what each node has from above, and whether the tree is one: every parent there, no circle, no more than four levels.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from routing.rules.fields import Table
from routing.rules.model import RequestRule

DEEPEST: Final = 4
"""Levels of the tree: a caller who is asked more often hangs up."""
MOST_REQUESTS: Final = 10_000
MOST_SKILLS: Final = 50
MOST_GROUPS: Final = 16
"""Groups of which one skill each is enough."""
MOST_LANGUAGES: Final = 50
HIGHEST_LEVEL: Final = 5
_KEYS: Final = frozenset({"labels", "parent", "place", "queue", "letter", "skills", "any_of", "firm", "speak"})
_LETTER: Final = re.compile(r"[A-Z]")
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")

Levels = Mapping[str, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """What the document says of one request type itself; None is the parent's."""

    table: Table
    labels: Mapping[str, str] = field(default_factory=dict)
    place: int = 0
    parent: str | None = None
    queue: str | None = None
    letter: str | None = None
    skills: Levels | None = None
    any_of: tuple[Levels, ...] | None = None
    firm: frozenset[str] | None = None
    speak: bool | None = None


def read_requests(document: Table) -> dict[str, RequestRule]:
    """All request types with what they have from above. Where the tree itself is wrong, they have only their own."""
    table = document.table("request_types")
    nodes = {code: _node(table, code, place) for place, code in enumerate(table.entries(MOST_REQUESTS))}
    found = {code: _inherited(nodes, code) for code in nodes if _fits(nodes, code)}
    for code, rule in found.items():
        _check_firm(nodes[code], rule)
    return found


def _node(requests: Table, code: str, place: int) -> Node:
    table = requests.table(code, _KEYS)
    return Node(
        table=table,
        labels=_labels(table),
        place=table.whole("place", 0, 1_000_000, place),
        parent=table.code("parent"),
        queue=table.code("queue"),
        letter=_letter(table),
        skills=_levels(table.table("skills")) if table.has("skills") else None,
        any_of=_any_of(table) if table.has("any_of") else None,
        firm=frozenset(table.codes("firm", MOST_SKILLS)) if table.has("firm") else None,
        speak=table.flag("speak", default=True) if table.has("speak") else None,
    )


def _labels(table: Table) -> Mapping[str, str]:
    if not table.has("labels"):
        table.missing("labels")
    labels = table.table("labels")
    if len(labels.names) > MOST_LANGUAGES:
        labels.fault(f"must not have more than {MOST_LANGUAGES} entries")
        return {}
    found = {}
    for language in labels.names:
        if _LANGUAGE.fullmatch(language):
            found[language] = labels.text(language, 200)
        else:
            labels.fault('must be a language like "en"', str(language))
    return found


def _letter(table: Table) -> str | None:
    if not table.has("letter"):
        return None
    letter = table.text("letter", 1)
    if letter and not _LETTER.fullmatch(letter):
        table.fault("must be one of the letters A to Z", "letter")
    return letter


def _levels(table: Table) -> Levels:
    return {skill: table.whole(skill, 1, HIGHEST_LEVEL) for skill in table.entries(MOST_SKILLS)}


def _any_of(table: Table) -> tuple[Levels, ...]:
    found = []
    for number in range(len(table.items("any_of", MOST_GROUPS))):
        group = Table(table.items("any_of", MOST_GROUPS)[number], (*table.path, "any_of", str(number)), table.wrong)
        levels = _levels(group)
        if not group.names:
            group.fault("names no skill, so nobody could ever have one of them")
        found.append(levels)
    return tuple(found)


def _fits(nodes: Mapping[str, Node], code: str) -> bool:
    """Whether the way up from here ends at a node without a parent; what is wrong with it is noted."""
    node = nodes[code]
    if node.parent is None:
        for name in ("queue", "letter"):
            if getattr(node, name) is None:
                node.table.fault("is missing, and there is no parent to have it from", name)
        return True
    if node.parent not in nodes:
        if node.parent:
            node.table.fault(f"there is no request type {node.parent!r}{node.table.near(node.parent, nodes)}", "parent")
        return False
    way = list(_way_up(nodes, code))
    if len(way) > DEEPEST:
        node.table.fault(f"goes in a circle, or is more than {DEEPEST} levels deep", "parent")
    return len(way) <= DEEPEST


def _way_up(nodes: Mapping[str, Node], code: str) -> Iterator[Node]:
    """This node and those above it; no more than one past the limit."""
    above: str | None = code
    for _ in range(DEEPEST + 1):
        node = nodes.get(above) if above is not None else None
        if node is None:
            return
        yield node
        above = node.parent


def _inherited(nodes: Mapping[str, Node], code: str) -> RequestRule:
    own, *above = _way_up(nodes, code)
    found: dict[str, Any] = {
        name: next((value for node in (own, *above) if (value := getattr(node, name)) is not None), missing)
        for name, missing in (
            ("queue", ""), ("letter", ""), ("skills", {}), ("any_of", ()), ("firm", frozenset()), ("speak", True),
        )
    }  # fmt: skip
    return RequestRule(labels=own.labels, place=own.place, parent=own.parent, **found)


def _check_firm(node: Node, rule: RequestRule) -> None:
    """A firm skill must be asked for: a licence that was left out by oversight is one nobody needs."""
    asked = {*rule.skills, *(skill for group in rule.any_of for skill in group)}
    place = "firm" if node.firm is not None else "skills" if node.skills is not None else "any_of"
    if node.firm is None and node.skills is None and node.any_of is None:
        return  # all from above, where it was told
    for skill in sorted(rule.firm - asked):
        if skill:
            node.table.fault(f"does not ask for {skill!r}, which is firm{node.table.near(skill, asked)}", place)
