"""Whether the parts of a configuration fit each other.

Decides about names only: what names something must name something that is there. `unserved` finds what is allowed but hardly
meant: a customer nobody can serve.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator

from app.configuration.lines import Path
from app.configuration.shape import Configuration, RequestType

DEEPEST = 4  # levels of the request tree: a caller who is asked more often hangs up


def wrong_references(configuration: Configuration) -> Iterator[tuple[Path, str]]:
    """Each wrong name with its place."""
    default = configuration.organisation.default_request_type
    if default is not None:
        place = ("organisation", "default_request_type")
        yield from _unknown(place, "request type", default, configuration.request_types)
    for code in configuration.request_types:
        yield from _wrong_request_type(configuration, code)
    for code, person in configuration.representatives.items():
        place = ("representatives", code)
        if person.office is not None:
            yield from _unknown((*place, "office"), "office", person.office, configuration.offices)
        for queue in person.queues:
            yield from _unknown((*place, "queues"), "queue", queue, configuration.queues)
        for language in person.languages:
            yield from _unknown((*place, "languages"), "language", language, configuration.organisation.languages)


def unserved(configuration: Configuration) -> Iterator[str]:
    """One line for each request that no representative could take in some language: it would wait for ever."""
    for code in configuration.request_types:
        node = configuration.node(code)
        for language in configuration.organisation.languages:
            if not _somebody(configuration, node, language):
                yield f"request_types.{code}: nobody can serve it in {language}"
                if not node.speak:
                    break


def _somebody(configuration: Configuration, node: RequestType, language: str) -> bool:
    return any(
        node.queue in person.queues
        and person.capacity > 0
        and (language in person.languages or not node.speak)
        and all(person.skills.get(skill, 0) >= level for skill, level in (node.skills or {}).items())
        for person in configuration.representatives.values()
    )


def _wrong_request_type(configuration: Configuration, code: str) -> Iterator[tuple[Path, str]]:
    node = configuration.request_types[code]
    place = ("request_types", code)
    languages = configuration.organisation.languages
    missing = [language for language in languages if language not in node.labels]
    if missing:
        yield (*place, "labels"), f"has no word in {', '.join(missing)}"
    for language in node.labels:
        yield from _unknown((*place, "labels", language), "language", language, languages)
    if node.queue is not None:
        yield from _unknown((*place, "queue"), "queue", node.queue, configuration.queues)
    if node.parent is None:
        for name in ("queue", "letter"):
            if getattr(node, name) is None:
                yield (*place, name), "is missing, and there is no parent to have it from"
    elif node.parent not in configuration.request_types:
        yield from _unknown((*place, "parent"), "request type", node.parent, configuration.request_types)
    elif _depth(configuration, code) > DEEPEST:
        yield (*place, "parent"), f"goes in a circle, or is more than {DEEPEST} levels deep"


def _depth(configuration: Configuration, code: str) -> int:
    """How many levels there are from here up; no more than one past the limit is counted."""
    depth, above = 1, configuration.request_types[code].parent
    while above is not None and depth <= DEEPEST:
        node = configuration.request_types.get(above)
        depth, above = depth + 1, node.parent if node else None
    return depth


def _unknown(place: Path, what: str, name: str, known: Collection[str]) -> Iterator[tuple[Path, str]]:
    if name in known:
        return
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    yield place, f"there is no {what} {name!r}{hint}"
