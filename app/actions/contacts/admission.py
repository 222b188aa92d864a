"""The answer to one who comes: let in, offered a call back, sent to another line, or turned away. Asked once, on entry.

Decides what the answer of `routing.entry` means to a contact: how it waits, and what is told. Never who is let in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from app.actions.line.filing import Files, Pattern
from app.queries.catalogue import Catalogue, RequestRow
from app.queries.line.refusals import Answer
from channels.base import Info, Refusal
from routing.entry import MOST_OVERFLOWS, Admission, answer, split
from routing.rules import EntryRule, Rules


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What one who comes wants, on which channel, in which language."""

    request: RequestRow
    info: Info
    language: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """How one contact is let in, or why not. Worked out once for all who come alike, and only read from then on."""

    asked: Asked
    admission: Admission
    pattern: Pattern
    """How it waits, or would have."""
    door: Door
    zone: ZoneInfo
    """The zone its queue's days are counted in."""
    turned_away: bool
    callback: bool
    """It need not stay on the line: it is called back, if it left a number."""
    refusal: Refusal | None
    """What is told to one who was turned away."""
    notices: tuple[str, ...]
    """What the house says: to one who is let in all the same, and of faults to everybody they may trouble."""
    fact: Mapping[str, Any]
    """What its first event tells of it; numbers and codes only."""
    columns: Mapping[str, Any]
    """What every row of those who come alike has in common, by the names the batch is written with."""

    @property
    def rules(self) -> Rules:
        """By which it was let in."""
        return self.door.catalogue.rules

    def into(self, queue: str) -> Entry:
        """Let in to `queue` whatever the rules for entry say: for one who stood there a moment ago."""
        return self.door.entry(self.asked, Admission(then="join", queue=queue))


class Door:
    """What entry needs to know for a moment: the catalogue, and the patterns of its rules."""

    def __init__(self, catalogue: Catalogue, before: Door | None = None) -> None:
        """`before`: the door of a moment ago, whose patterns still hold while the rules are the same."""
        self.catalogue = catalogue
        kept = before is not None and before.catalogue.rules is catalogue.rules
        self._files: Files = before._files if before is not None and kept else Files(rules=catalogue.rules)
        self._plain: dict[tuple[str, str, str], Entry] = {}

    def enter(self, request: RequestRow, info: Info, language: str, contact: UUID) -> Entry:
        """The answer to this contact, which asks for `request`. Where nothing depends on the contact, it is kept."""
        key = (request.code, info.name, language)
        found = self._plain.get(key)
        if found is not None:
            return found
        entry = self._entered(Asked(request=request, info=info, language=language), contact)
        if not self.catalogue.rules.queues[request.queue].split:
            self._plain[key] = entry
        return entry

    def entry(self, asked: Asked, admission: Admission) -> Entry:
        """What this answer means to a contact with these wishes."""
        pattern = self._files.pattern(
            queue=admission.queue, request=asked.request.code, info=asked.info, language=asked.language
        )
        turned_away = admission.then == "turn_away"
        message = admission.message
        notices = self.catalogue.notices(asked.request.code, asked.info.name, asked.language)
        return Entry(
            asked=asked,
            admission=admission,
            pattern=pattern,
            door=self,
            zone=self.catalogue.calendar.zone_of(admission.queue),
            turned_away=turned_away,
            callback=admission.then == "callback" and asked.info.live,
            refusal=self._refusal(admission.queue, admission.reason or "closed", message, _moment(admission.opens_at))
            if turned_away
            else None,
            notices=(message, *notices) if message and not turned_away else notices,
            fact=_fact(asked, admission, version=self.catalogue.rules.version),
            columns=_columns(asked, pattern, version=self.catalogue.rules.version),
        )

    def refused(self, answer: Answer) -> Refusal:
        """The same, told again to one who asks again."""
        reason = answer.reason or "closed"
        return self._refusal(answer.queue, reason, self._message(answer, reason), answer.opens_at)

    def _refusal(self, queue: str | None, reason: str, message: str | None, opens_at: datetime | None) -> Refusal:
        if opens_at is None:
            return Refusal(reason=reason, message=message)
        calendar = self.catalogue.calendar
        zone = calendar.zone_of(queue) if queue is not None and queue in self.catalogue.rules.queues else calendar.zone
        local = opens_at.astimezone(zone)
        days = (local.date() - self.catalogue.at.astimezone(zone).date()).days
        return Refusal(reason=reason, message=message, opens_at=local, opens_in_days=max(0, days))

    def _message(self, answer: Answer, reason: str) -> str | None:
        """What the house says now to those turned away for this reason from the queue that gave the answer."""
        queue = answer.queue or ""
        by_hand = self.catalogue.look(queue).message if reason == "closed" else None
        said = (each.message for each in self._on_entry(queue) if (each.when, each.then) == (reason, "turn_away"))
        return by_hand or next(said, None) or self._said_on_the_way(answer)

    def _said_on_the_way(self, answer: Answer) -> str | None:
        """The last words of the queues that sent them on to the one that gave the answer."""
        queue, said = answer.overflowed_from, None
        for _ in range(MOST_OVERFLOWS):
            onward = next((each for each in self._on_entry(queue or "") if each.then == "overflow"), None)
            if onward is None or queue == answer.queue:
                break
            queue, said = onward.queue, onward.message or said
        return said

    def _on_entry(self, queue: str) -> Sequence[EntryRule]:
        rule = self.catalogue.rules.queues.get(queue)
        return rule.on_entry if rule is not None else ()

    def _entered(self, asked: Asked, contact: UUID) -> Entry:
        rules, look = self.catalogue.rules, self.catalogue.look
        queue = split(rules, asked.request.queue, contact)
        return self.entry(asked, answer(rules, queue, look, live=asked.info.live, closed=self.catalogue.closed))


def _fact(asked: Asked, admission: Admission, *, version: int) -> dict[str, Any]:
    fact: dict[str, Any] = {
        "channel": asked.info.name,
        "queue": admission.queue,
        "request_type": asked.request.code,
        "rules": version,
    }
    if admission.reason is not None:
        fact["reason"] = admission.reason
    if admission.overflowed_from is not None:
        fact["overflowed_from"] = admission.overflowed_from
    if (opens_at := _moment(admission.opens_at)) is not None:
        fact["opens_at"] = opens_at.isoformat()
    return fact


def _columns(asked: Asked, pattern: Pattern, *, version: int) -> dict[str, Any]:
    columns = {
        "channel": asked.info.name,
        "live": asked.info.live,
        "queue": pattern.queue,
        "request_type": asked.request.code,
        "units": pattern.units,
        "skills": pattern.skills,
        "speak": pattern.speak,
        "rules_version": version,
    }
    return columns if pattern.plain else columns | {"routing": pattern.routing}


def _moment(instant: float | None) -> datetime | None:
    return None if instant is None else datetime.fromtimestamp(instant, tz=UTC)
