"""What may stand in a configuration file, field by field.

Decides types, lengths and ranges, the same as the tables' CHECKs or stricter. References between the parts are checked in
`app.configuration.references`, where all parts are known to be well formed.
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Final, Literal, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

_SPAN: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-((?:[01]\d|2[0-3]):[0-5]\d|24:00)")
DAY_SECONDS: Final = 86_400
LONGEST_TARGET_SECONDS: Final = 90 * DAY_SECONDS


def _printable(text: str) -> str:
    if any(unicodedata.category(letter) in {"Cc", "Cs", "Co"} for letter in text):
        raise ValueError("holds characters that cannot be shown")
    if text != text.strip() or not text:
        raise ValueError("must not be empty, nor begin or end with a blank")
    return text


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"there is no time zone {name!r}; one is called Asia/Karachi") from None
    return name


def _a_span(text: str) -> str:
    if _SPAN.fullmatch(text) is None:
        raise ValueError('must be like "09:00-17:30"')
    return text.replace("24:00", "00:00")


def _a_date(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise ValueError('must be a date like "2027-03-20"') from None


def _distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(values)) != len(values):
        raise ValueError("names something twice")
    return values


Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]*$", max_length=60)]
Words = Annotated[str, StringConstraints(max_length=200), AfterValidator(_printable)]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35)]
Zone = Annotated[str, StringConstraints(max_length=60), AfterValidator(_known_zone)]
Spans: TypeAlias = tuple[Annotated[str, AfterValidator(_a_span)], ...]
Date = Annotated[str, AfterValidator(_a_date)]
Level = Annotated[int, Field(ge=1, le=5)]
Skills: TypeAlias = dict[Code, Level]
Codes = Annotated[tuple[Code, ...], AfterValidator(_distinct)]
Languages = Annotated[tuple[Language, ...], AfterValidator(_distinct)]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class _Shape(BaseModel):
    # TOML has lists only; everything else is taken as it is written: "3" is not 3.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Organisation(_Shape):
    """Who we are."""

    name: Words
    languages: Languages = Field(min_length=1, max_length=20, strict=False)
    default_request_type: Code | None = None


class Office(_Shape):
    """A place with counters."""

    name: Words
    timezone: Zone


class Hours(_Shape):
    """When a queue is served: spans of local time by day. A day that is left out is closed, and so is an empty list.

    A span whose end is not later than its start ends on the next day.
    """

    timezone: Zone | None = None
    mon: Spans = Field((), strict=False)
    tue: Spans = Field((), strict=False)
    wed: Spans = Field((), strict=False)
    thu: Spans = Field((), strict=False)
    fri: Spans = Field((), strict=False)
    sat: Spans = Field((), strict=False)
    sun: Spans = Field((), strict=False)
    exceptions: dict[Date, Annotated[Spans, Field(strict=False)]] = Field(default_factory=dict, max_length=1_000)
    """Dates with spans of their own."""


class Queue(_Shape):
    """Where interactions wait; all durations in seconds."""

    name: Words
    target_seconds: int = Field(ge=0, le=LONGEST_TARGET_SECONDS)
    offer_timeout_seconds: int = Field(ge=1, le=DAY_SECONDS)
    wrap_up_seconds: int = Field(0, ge=0, le=DAY_SECONDS)
    grace_seconds: int = Field(300, ge=0, le=DAY_SECONDS)
    head_start_cap_seconds: int = Field(3600, ge=0, le=LONGEST_TARGET_SECONDS)
    mean_handle_seconds: int = Field(300, ge=1, le=DAY_SECONDS)
    hours: Hours | None = None


class RequestType(_Shape):
    """One node of the tree. What is None is the parent's."""

    labels: dict[Language, Words]
    parent: Code | None = None
    queue: Code | None = None
    letter: Annotated[str, StringConstraints(pattern="^[A-Z]$")] | None = None
    skills: Skills | None = None
    speak: bool | None = None


class Representative(_Shape):
    """A person who works."""

    name: Words
    office: Code | None = None
    desk: Words | None = None
    languages: Languages = Field(min_length=1, max_length=20, strict=False)
    queues: Codes = Field(max_length=200, strict=False)
    skills: Skills = Field(default_factory=dict)
    capacity: int = Field(ge=0, le=100)


class Configuration(_Shape):
    """The whole file."""

    organisation: Organisation
    offices: dict[Code, Office] = Field(min_length=1, max_length=10_000)
    queues: dict[Code, Queue] = Field(min_length=1, max_length=10_000)
    request_types: dict[Code, RequestType] = Field(min_length=1, max_length=10_000)
    representatives: dict[Code, Representative] = Field(default_factory=dict, max_length=100_000)

    def node(self, code: str) -> RequestType:
        """A request type with what it has from above filled in. Only for a configuration whose references hold."""
        own = self.request_types[code]
        if own.parent is None:
            return own.model_copy(update={"skills": own.skills or {}, "speak": own.speak is not False})
        above = self.node(own.parent)
        given: Mapping[str, object] = {
            name: getattr(above, name) for name in ("queue", "letter", "skills", "speak") if getattr(own, name) is None
        }
        return own.model_copy(update=given)
