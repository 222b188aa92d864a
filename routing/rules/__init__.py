"""The rules of routing as one versioned document: what it may say, whether it is right, and what it means.

Decides nothing about a contact: `routing.entry` does, with the rules in hand.
"""

from __future__ import annotations

from routing.rules.model import (
    STANDING_REASONS,
    CallbackRule,
    ChannelRule,
    EntryRule,
    ExhaustedRule,
    Fault,
    HoursRule,
    OverflowRule,
    QueueRule,
    ReasonRule,
    RequestRule,
    Rules,
    StepRule,
    WrongRules,
)
from routing.rules.reading import DOCUMENT, faults, read
from routing.rules.timetable import hours_of

__all__ = [
    "DOCUMENT",
    "STANDING_REASONS",
    "CallbackRule",
    "ChannelRule",
    "EntryRule",
    "ExhaustedRule",
    "Fault",
    "HoursRule",
    "OverflowRule",
    "QueueRule",
    "ReasonRule",
    "RequestRule",
    "Rules",
    "StepRule",
    "WrongRules",
    "faults",
    "hours_of",
    "read",
]
