"""How an interaction waits, as its row says it: needs, steps, due time and holds, by the rules that are live.

Decides nothing of its own: `routing.entry.file` does, and here its answer becomes columns. What does not depend on the single
contact is worked out once per rules (`Files`), since new contacts come in thousands. Never changes a state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from sqlmodel.ext.asyncio.session import AsyncSession

from app import registry
from app.convert import needs_extras, steps_document
from app.db import uuid7
from app.errors import Invalid
from app.queries.rules import rules_for
from app.tables import Interaction
from channels.base import Info
from routing.entry import Contact, Filing, file, split
from routing.model import Instant
from routing.rules import Rules

_NOBODY: Final = uuid7()
"""A pattern is worked out for no contact in particular; which queue it waits in is decided before, by its own id."""


async def lands_in(session: AsyncSession, interaction: Interaction, queue: str) -> str:
    """Where it waits when it is sent to `queue`: there, or in the part it falls to where the live rules split it.

    Raises `Invalid` (`unknown_queue`).
    """
    rules = await rules_for(session)
    if queue not in rules.queues:
        raise Invalid(f"There is no queue {queue!r}.", code="unknown_queue")
    return split(rules, queue, interaction.id)


async def refile(
    session: AsyncSession,
    interaction: Interaction,
    *,
    queue: str,
    start: datetime,
    now: datetime,
    rules: Rules | None = None,
) -> Filing:
    """File a locked interaction in `queue` by these rules (None: those that are live), as one whose clock began at `start`.

    Its state, its preferred representative and whom it must not meet stay; who is preferred is waited for from `now`.
    Raises `Invalid` (`unknown_queue`).
    """
    rules = rules or await rules_for(session)
    if queue not in rules.queues:
        raise Invalid(f"There is no queue {queue!r}.", code="unknown_queue")
    filing = file(rules, contact_of(interaction, start=start), queue=queue, now=now.timestamp())
    for name, value in columns(filing).items():
        setattr(interaction, name, value)
    interaction.rules_version = rules.version
    interaction.queued_at = start
    interaction.preferred_until = moment(filing.preferred_until or None)
    session.add(interaction)
    return filing


def contact_of(interaction: Interaction, *, start: datetime) -> Contact:
    """The contact behind a row, as one whose clock began at `start`."""
    info = registry.current().get(interaction.channel)
    return Contact(
        id=interaction.id,
        request=interaction.request_type,
        channel=interaction.channel,
        live=interaction.live,
        units=info.info.units if info is not None else interaction.units,
        language=interaction.language,
        # An office is a need only of who stands in it: those with a ticket number.
        office=interaction.office if interaction.number is not None else None,
        arrived=start.timestamp(),
        head_start_seconds=interaction.head_start_seconds,
        preferred=interaction.preferred,
    )


def columns(filing: Filing) -> dict[str, Any]:
    """The columns of an interaction that say how it waits, but for its preferred representative and its clock's start."""
    needs = filing.needs
    return {
        "queue": filing.queue,
        "skills": dict(needs.skills),
        "speak": needs.language is not None,
        "units": needs.units,
        "routing": needs_extras(needs),
        "steps": steps_document(filing.steps),
        "step": 0,
        "step_at": moment(step_at(filing)),
        "exhausted": filing.exhausted,
        "exhausted_at": moment(filing.exhausted_at),
        "overflow_to": filing.overflow_to,
        "head_start_seconds": int(filing.head_start_seconds),
        "due_at": moment(filing.due),
    }


def step_at(filing: Filing) -> Instant | None:
    """When time alone changes something first: the first step, or the end of all steps; None = never."""
    ends = [] if filing.exhausted_at is None else [filing.exhausted_at]
    return min([*(step.deadline for step in filing.steps[:1]), *ends], default=None)


def moment(instant: Instant | None) -> datetime | None:
    """A point in time as the tables hold it."""
    return None if instant is None else datetime.fromtimestamp(instant, tz=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Pattern:
    """How everybody with the same request, channel and language waits; times count from the arrival.

    The JSON parts are written down once, and put into each row as they are.
    """

    queue: str
    target_seconds: float
    head_start_cap_seconds: float
    preferred_seconds: float
    units: int
    speak: bool
    skills: orjson.Fragment
    routing: orjson.Fragment
    plain: bool
    """There is nothing in `routing`."""
    steps: tuple[Mapping[str, Any], ...]
    step_seconds: float | None
    exhausted: str | None
    exhausted_seconds: float | None
    overflow_to: str | None

    def steps_from(self, start: Instant) -> list[dict[str, Any]]:
        """The steps with their deadlines, of one who stands in line since `start`."""
        return [{**step, "at": start + step["at"]} for step in self.steps]


@dataclass(kw_only=True, slots=True)
class Files:
    """The patterns of one set of rules, each worked out when it is first needed."""

    rules: Rules
    _known: dict[tuple[str, str, str, str], Pattern] = field(default_factory=dict)

    def pattern(self, *, queue: str, request: str, info: Info, language: str) -> Pattern:
        """How contacts of this channel with this request wait in `queue`."""
        key = (queue, request, info.name, language)
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= _PATTERNS_KEPT:
                self._known.clear()
            found = self._known[key] = self._worked_out(queue, request, info, language)
        return found

    def _worked_out(self, queue: str, request: str, info: Info, language: str) -> Pattern:
        anybody = Contact(
            id=_NOBODY, request=request, channel=info.name, live=info.live, units=info.units, language=language
        )
        filing = file(self.rules, anybody, queue=queue)
        rule = self.rules.queues[queue]
        extras = needs_extras(filing.needs)
        return Pattern(
            queue=queue,
            target_seconds=filing.due,
            head_start_cap_seconds=rule.head_start_cap_seconds,
            preferred_seconds=rule.preferred_seconds,
            units=filing.needs.units,
            speak=filing.needs.language is not None,
            skills=_json(dict(filing.needs.skills)),
            routing=_json(extras),
            plain=not extras,
            steps=tuple(steps_document(filing.steps)),
            step_seconds=step_at(filing),
            exhausted=filing.exhausted,
            exhausted_seconds=filing.exhausted_at,
            overflow_to=filing.overflow_to,
        )


_PATTERNS_KEPT: Final = 10_000


def _json(value: object) -> orjson.Fragment:
    return orjson.Fragment(orjson.dumps(value))
