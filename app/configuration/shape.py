"""What may stand in a configuration file beside the rules: who we are, where, and who works.

Decides types, lengths and ranges, the same as the tables' CHECKs or stricter. What the rules may say, `routing.rules` decides
alone. References between the parts are checked in `app.configuration.references`, where all parts are well formed.
"""

import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import Annotated, Any, TypeAlias, TypeVar
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SkipValidation, StringConstraints

from routing.rules import Rules

Names = TypeVar("Names", bound=Sequence[str])


def _printable(text: str) -> str:
    if any(unicodedata.category(letter) in {"Cc", "Cs", "Co"} for letter in text):
        raise ValueError("holds characters that cannot be shown")
    if text != text.strip() or not text:
        raise ValueError("must not be empty, nor begin or end with a blank")
    return text


def is_zone(name: str) -> bool:
    """Whether there is such a time zone, here and in the database: `localtime` and `posix/…` are files of this machine."""
    return name in _zones()


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones() - {"localtime"})


def _known_zone(name: str) -> str:
    if not is_zone(name):
        raise ValueError(f"there is no time zone {name!r}; one is called Asia/Karachi")
    return name


def _distinct(values: Names) -> Names:
    if len(set(values)) != len(values):
        raise ValueError("names something twice")
    return values


Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]*$", max_length=60)]
Words = Annotated[str, StringConstraints(max_length=200), AfterValidator(_printable)]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35)]
Zone = Annotated[str, StringConstraints(max_length=60), AfterValidator(_known_zone)]
Level = Annotated[int, Field(ge=1, le=5)]
Skills: TypeAlias = dict[Code, Level]
Codes = Annotated[tuple[Code, ...], AfterValidator(_distinct)]
Languages = Annotated[tuple[Language, ...], AfterValidator(_distinct)]


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


class Representative(_Shape):
    """A person who works."""

    name: Words
    office: Code | None = None
    desk: Words | None = None
    languages: Languages = Field(min_length=1, max_length=20, strict=False)
    queues: Codes = Field(max_length=200, strict=False)
    skills: Skills = Field(default_factory=dict)
    capacity: int = Field(ge=0, le=100)
    groups: Annotated[list[Code], AfterValidator(_distinct)] = Field(default_factory=list, max_length=200)
    pull: bool = False
    """Is never offered anything, but asks for the next one."""
    per_hour: int | None = Field(None, ge=1, le=10_000)
    """The most they take in a local hour, and in a local day."""
    per_day: int | None = Field(None, ge=1, le=10_000)


class Parts(_Shape):
    """The file without its rules."""

    organisation: Organisation
    offices: dict[Code, Office] = Field(min_length=1, max_length=10_000)
    representatives: dict[Code, Representative] = Field(default_factory=dict, max_length=100_000)
    rules_version: int | None = Field(None, ge=0, le=1_000_000_000)
    """The live version of the rules this file was made from; None: whichever is live."""


class Configuration(Parts):
    """The whole file."""

    rules: SkipValidation[Rules]
    rules_document: dict[str, Any]
    """What `rules` were read from, as JSON can hold it: JSON objects have no order, so each request type has its `place`."""
