"""A notice as a letter: plain text, in the customer's language.

Decides how a notice is put together and how a time is said. It never decides what is told to whom, or when: the service does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from channels.texts import say

DAYS: Final = ("day.mon", "day.tue", "day.wed", "day.thu", "day.fri", "day.sat", "day.sun")
NOTICES: Final[Mapping[str, tuple[str, str]]] = {
    "news": ("notice.news_subject", "notice.news_body"),
    "waiting": ("notice.waiting_subject", "notice.waiting_body"),
    "late": ("notice.late_subject", "notice.late_body"),
    "moved": ("notice.moved_subject", "notice.moved_body"),
    "survey": ("notice.survey_subject", "notice.survey_body"),
    "answered_on_page": ("notice.answered_on_page_subject", "notice.answered_on_page_body"),
    "rescued": ("notice.rescued_subject", "notice.rescued_body"),
    "incident": ("notice.incident_subject", "notice.incident_body"),
    "incident_by": ("notice.incident_by_subject", "notice.incident_by_body"),
    "incident_update": ("notice.incident_update_subject", "notice.incident_update_body"),
    "incident_update_by": ("notice.incident_update_by_subject", "notice.incident_update_by_body"),
    "incident_over": ("notice.incident_over_subject", "notice.incident_over_body"),
    "incident_reach": ("notice.incident_reach_subject", "notice.incident_reach_body"),
    "incident_reach_by": ("notice.incident_reach_by_subject", "notice.incident_reach_by_body"),
    "incident_reach_over": ("notice.incident_reach_over_subject", "notice.incident_reach_over_body"),
    "incident_closed": ("notice.incident_closed_subject", "notice.incident_closed_body"),
}
"""By kind: what stands above it and what it says."""
Value = str | int | datetime
"""A time is aware, in the zone of the place the customer has to do with."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """What leaves: plain text, no markup."""

    subject: str
    body: str


def letter(
    kind: str,
    language: str | None,
    *,
    house: str,
    today: date,
    values: Mapping[str, Value],
    words: str | None = None,
    link: str | None = None,
) -> Letter:
    """The notice of this kind. `values`: `about` (None is said in words), `next`, …; `words`: what a person adds, below it.

    `today`: the local day it leaves on, for "tomorrow". Raises KeyError for a kind there is none of, or a value that is missing.
    """
    subject, body = NOTICES[kind]
    said = {name: _said(value, today, language) for name, value in values.items()}
    said["about"] = said.get("about") or say("notice.matter", language)
    parts = [
        say("notice.hello", language),
        say(body, language, **said),
        *([words] if words else []),
        *([say("notice.page", language, link=link)] if link else []),
        *([say("notice.house", language, house=house)] if house else []),
    ]
    return Letter(subject=say(subject, language, **said), body="\n\n".join(parts) + "\n")


def say_moment(at: datetime, today: date, language: str | None) -> str:
    """A time as one says it: today, tomorrow, a day of the week within a week, else the date; by its own wall clock."""
    days, time = (at.date() - today).days, f"{at:%H:%M}"
    if days == 0:
        return say("notice.today", language, time=time)
    if days == 1:
        return say("notice.tomorrow", language, time=time)
    if 1 < days < len(DAYS):
        return say("notice.weekday", language, day=say(DAYS[at.weekday()], language), time=time)
    return say("notice.date", language, date=f"{at:%d.%m.%Y}", time=time)


def say_by(at: datetime, today: date, language: str | None) -> str:
    """By when a fault is expected to be mended, as every door says it."""
    return say("incident.by", language, next=say_moment(at, today, language))


def _said(value: Value, today: date, language: str | None) -> str:
    return say_moment(value, today, language) if isinstance(value, datetime) else str(value)
