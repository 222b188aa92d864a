"""The supervisor's eye: follows every event and knows from them alone how everything stands.

Decides whether the feed told each event once and left none out. It never asks for a state: what it shows is folded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.cli.demo.stream import follow
from app.cli.demo.world import World
from routing.errors import IllegalTransition
from routing.events import SUBJECTS
from routing.lifecycle import NEW


@dataclass(kw_only=True, slots=True)
class Subject:
    """One interaction, case or representative as the events tell it. `early`: events whose predecessors are still to come."""

    kind: str
    state: str = NEW
    version: int = 0
    queue: str | None = None
    queued_at: datetime | None = None
    early: dict[int, Mapping[str, Any]] = field(default_factory=dict)


class Watch:
    """Fed by `run`; read by the screen at any time."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.subjects: dict[tuple[str, str], Subject] = {}
        self.events = 0
        self.kinds: Counter[str] = Counter()
        self.offer_seconds: list[float] = []
        self.answer_seconds: list[float] = []
        self._places: set[str] = set()

    async def run(self, *, after: str | None) -> None:
        """Follow until cancelled."""
        key = self._world.target.keys["SUPERVISOR_KEY"]
        async for event in follow(self._world.edge, key=key, after=after):
            if event is not None:
                self._hear(event)

    def queues(self) -> Mapping[str, Counter[str]]:
        """How many interactions are in each state, by queue; `none` for those that still choose."""
        found: dict[str, Counter[str]] = {}
        for (kind, _), subject in self.subjects.items():
            if kind == "interaction":
                found.setdefault(subject.queue or "none", Counter())[subject.state] += 1
        return found

    def missing(self, interactions: Sequence[Mapping[str, Any]]) -> Iterator[str]:
        """One line for each interaction whose events were not all told, held against its version in the API."""
        for interaction in interactions:
            heard = self.subjects.get(("interaction", interaction["id"]))
            version = heard.version if heard else 0
            if version != interaction["version"]:
                yield f"feed: {interaction['id']} is at version {interaction['version']}, heard of {version}"

    def _hear(self, event: Mapping[str, Any]) -> None:
        if event["id"] in self._places:
            self._world.ledger.complain(f"feed: event {event['id']} was told twice")
            return
        self._places.add(event["id"])
        self.events += 1
        self.kinds[event["type"]] += 1
        kind = event["subject"]
        subject = self.subjects.setdefault((kind, event["subject_id"]), Subject(kind=kind))
        subject.early[event["version"]] = event
        while (following := subject.early.pop(subject.version + 1, None)) is not None:
            self._fold(subject, following)

    def _fold(self, subject: Subject, event: Mapping[str, Any]) -> None:
        """The feed promises each event once, not their order across transactions; a subject's own order is its versions."""
        subject.version += 1
        name = event["type"].partition(".")[2]
        try:
            subject.state = SUBJECTS[subject.kind].after(subject.state, name)
        except IllegalTransition as error:
            self._world.ledger.complain(f"feed: {event['subject_id']}: {error}")
        at = datetime.fromisoformat(event["at"])
        if name in {"queued", "transferred"}:
            subject.queue = event["data"].get("queue", subject.queue)
            subject.queued_at = subject.queued_at or at
        elif subject.queued_at is not None and name in {"offered", "accepted"}:
            waits = self.offer_seconds if name == "offered" else self.answer_seconds
            waits.append((at - subject.queued_at).total_seconds())


def share(values: Sequence[float], part: float) -> float:
    """The value below which this part of the values lies; 0 where there are none."""
    return sorted(values)[min(len(values) - 1, int(len(values) * part))] if values else 0.0
