"""What the service has acknowledged, and whether it kept its word.

Decides what counts as lost, doubled and left behind. Never asks the service: who plays writes down, who checks brings what the
service says at the end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from routing.lifecycle import OVER_STATES


@dataclass(kw_only=True, slots=True)
class Entry:
    """One acknowledged contact. `follows`: a letter about an earlier one; it may have joined that one's interaction."""

    ref: str
    way: str
    id: str | None = None
    case_id: str | None = None
    follows: str | None = None


@dataclass(kw_only=True, slots=True)
class Ledger:
    """Everything that was acknowledged."""

    entries: dict[str, Entry] = field(default_factory=dict)
    came: Counter[str] = field(default_factory=Counter)
    repeated: int = 0
    """Reports that were sent twice on purpose."""
    complaints: list[str] = field(default_factory=list)

    def acknowledge(
        self, ref: str, *, way: str, answer: Mapping[str, Any] | None = None, follows: str | None = None
    ) -> None:
        """Write down that the service took it. A repeat must be answered with the same interaction."""
        told = str(answer["id"]) if answer and answer.get("id") else None
        case_id = str(answer["case_id"]) if answer and answer.get("case_id") else None
        entry = self.entries.setdefault(ref, Entry(ref=ref, way=way, id=told, case_id=case_id, follows=follows))
        if told is not None and entry.id is not None and told != entry.id:
            self.complaints.append(f"{ref} was taken twice: as {entry.id} and as {told}")

    def complain(self, words: str) -> None:
        """Write down what should not have happened."""
        self.complaints.append(words)


def verdict(
    ledger: Ledger, interactions: Sequence[Mapping[str, Any]], letters: Mapping[str, Sequence[str]]
) -> Iterator[str]:
    """One line for each contact that was lost, doubled or left behind.

    `interactions`: all the service has, as its API shows them. `letters`: the bodies of the messages, by case id.
    """
    found: dict[str, list[Mapping[str, Any]]] = {}
    for interaction in interactions:
        found.setdefault(interaction["ref"], []).append(interaction)
    for entry in ledger.entries.values():
        mine = found.get(entry.ref, [])
        if entry.follows is not None:
            yield from _verdict_on_letter(entry, mine, letters.get(entry.case_id or "", ()))
        elif not mine:
            yield f"lost: {entry.way} {entry.ref}"
        if len(mine) > 1:
            yield f"doubled: {entry.way} {entry.ref} is {' and '.join(one['id'] for one in mine)}"
        for one in mine:
            if one["state"] not in OVER_STATES:
                yield f"left behind: {entry.way} {entry.ref} is still {one['state']}"


def _verdict_on_letter(entry: Entry, mine: Sequence[object], bodies: Sequence[str]) -> Iterator[str]:
    """A letter about an earlier matter is once among the words of its case, whether it opened an interaction or joined one."""
    copies = sum(entry.ref in body for body in bodies)
    if copies == 0 and not mine:
        yield f"lost: letter {entry.ref}"
    elif copies > 1:
        yield f"doubled: letter {entry.ref} stands {copies} times on its case"
