"""What the rules say of a case, from its first contact until the customer says it is solved. Plain facts.

Decides nothing. All times in seconds unless the name says otherwise; what is silent for a request type, its parent says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Before = Literal["resolution", "message"]
Doing = Literal["say", "check", "do", "ask", "link"]


@dataclass(frozen=True, kw_only=True, slots=True)
class EscalationRule:
    """So long after a breach (working hours) these people are told; none named: the supervisors."""

    after_seconds: float
    tell: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class TargetRule:
    """By when, in the working hours of the case's queue. None: no target."""

    first_response_seconds: float | None = None
    next_response_seconds: float | None = None
    resolution_seconds: float | None = None
    warn_at: float = 0.8
    """The share of the target after which named people are warned."""
    warn: tuple[str, ...] = ()
    """Representatives who are warned beside the owner."""
    escalate: tuple[EscalationRule, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckRule:
    """When a second person looks before it leaves. All that is said must hold; nothing said: always."""

    before: Before = "resolution"
    amount_over: float | None = None
    new_within_days: int | None = None
    """The representative joined fewer days ago."""
    share: float = 1.0
    """Of the cases for which the rest holds, this share, by the hash of the case's id."""
    skill: str | None = None
    """Who checks must hold this skill at `level`; None: serve the case's queue."""
    level: int = 1
    within_seconds: float = 14_400.0
    """Not decided by then (working hours of the case's queue): supervisors are told."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PlaybookStep:
    """One step of a playbook. `code` is for ever: ticks name it."""

    code: str
    do: Doing
    words: Mapping[str, str]
    """By language; what the representative reads."""
    required: bool = False
    link: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CauseRule:
    """A touch has this cause when one of these words stands in what the customer wrote."""

    cause: str
    words: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class CaseRule:
    """What holds for cases of one request type, what it has from above filled in."""

    touches: int = 4
    """The budget: at so many touches the owner is told, at twice as many the supervisors own it."""
    news_seconds: float = 172_800.0
    """How long after the last news the next is promised."""
    news_lead_seconds: float = 14_400.0
    """How long before its time a promise that nothing has kept is looked at."""
    news_by: Literal["message", "person"] = "message"
    """Who tells that it takes longer: a notice by itself, or the owner, who is told to."""
    targets: TargetRule = field(default_factory=TargetRule)
    checks: tuple[CheckRule, ...] = ()
    playbook: str | None = None
    retention_days: int = 3_650
    """So long after closing, words and documents go."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FollowUpRule:
    """What holds for cases of one queue after they are resolved."""

    survey_days: float = 5.0
    """How long the customer may say whether it is solved; then it closes by silence."""
    reopen_days: float = 30.0
    """How long after closing a contact opens it again; later it is a new case that names the old one."""
    first_contact_days: float = 7.0
    """No contact on the same matter for so long: it was solved at the first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SurgeRule:
    """When similar contacts propose an incident by themselves."""

    window_seconds: float = 900.0
    at_least: int = 8
    chance: float = 0.0001
    """How seldom an ordinary window may look like this."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ResolutionRules:
    """All that is said of cases. `quiet`: ("21:00", "08:00"), local time in which no notice leaves; None: none."""

    quiet: tuple[str, str] | None = ("21:00", "08:00")
    notices_per_day: int = 3
    surveys_per_month: int = 2
    rescue_at_most: int = 2
    """A representative's mark (1 to 5) of so much or less, or "not solved", raises a rescue."""
    rescue_seconds: float = 86_400.0
    """By then somebody is to have spoken to whoever answered so: who is angry is not left alone with it for longer."""
    absent_seconds: float = 259_200.0
    """Who has not been at work for so long is told of nothing alone: the supervisors are, in their place."""
    causes: tuple[CauseRule, ...] = ()
    surge: SurgeRule = field(default_factory=SurgeRule)
    playbooks: Mapping[str, tuple[PlaybookStep, ...]] = field(default_factory=dict)
    requests: Mapping[str, CaseRule] = field(default_factory=dict)
    """By request type, for every one of the document's tree."""
    queues: Mapping[str, FollowUpRule] = field(default_factory=dict)
    standing: CaseRule = field(default_factory=CaseRule)
    """What holds for every request type that says nothing else, and for a case without one."""

    def of(self, request_type: str | None) -> CaseRule:
        """What holds for cases of this request type."""
        return self.requests.get(request_type or "", self.standing)

    def after(self, queue: str | None) -> FollowUpRule:
        """What holds after a case of this queue is resolved."""
        return self.queues.get(queue or "", _STANDING_FOLLOW_UP)


_STANDING_FOLLOW_UP = FollowUpRule()
