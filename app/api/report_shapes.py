"""The shapes of reports: what may be asked, and the rows. No `from __future__ import annotations`: they are needed at run time.

Decides names and limits. Each figure is defined in `docs/figures.md`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Final, Generic, Literal, TypeVar

from fastapi import Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from app.api.shapes import Code

EARLIEST: Final = date(2000, 1, 1)
LATEST: Final = date(2199, 12, 31)
Day = Annotated[date, Field(ge=EARLIEST, le=LATEST)]
Form = Literal["json", "csv"]
Row = TypeVar("Row", bound="Figures")


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """Which period, what it is narrowed to (codes by dimension), and in which form it is wanted."""

    first: date | None
    last: date | None
    only: Mapping[str, str]
    form: Form | None


def asked(
    first: Annotated[
        Day | None, Query(alias="from", description="The first local day; left out: 30 days in all.")
    ] = None,
    last: Annotated[Day | None, Query(alias="to", description="The day after the last; left out: tomorrow.")] = None,
    request_type: Annotated[Code | None, Query(description="Only this one.")] = None,
    queue: Annotated[Code | None, Query(description="Only this one.")] = None,
    office: Annotated[Code | None, Query(description="Only this one, by its local days.")] = None,
    channel: Annotated[Code | None, Query(description="Only this one.")] = None,
    form: Annotated[
        Form | None, Query(alias="format", description="`csv` gives a table; so does `Accept: text/csv`.")
    ] = None,
) -> Asked:
    """What every report may be asked for."""
    narrowed = {"request_type": request_type, "queue": queue, "office": office, "channel": channel}
    only = {name: code for name, code in narrowed.items() if code is not None}
    return Asked(first=first, last=last, only=only, form=form)


AskedDep = Annotated[Asked, Depends(asked)]


class ShareView(BaseModel):
    """A part of `of`. The rest is null where `of` is too small to tell; chance alone may move it from `low` to `high`."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"of": 120, "value": 0.85, "low": 0.7755, "high": 0.9034}]}
    )

    of: int
    value: float | None
    low: float | None
    high: float | None


class Figures(BaseModel):
    """One row. Of a representative with too few, all but their number is null."""

    code: str | None = Field(description="What the row is about; null: where none is known.")


class CaseFigures(Figures):
    """Cases that were closed in the period."""

    opened: int
    closed: int
    solved: int | None = Field(description="By the customer's word.")
    silent: int | None = Field(description="Asked, and said nothing in time.")
    not_asked: int | None = Field(description="Could not be asked: never counted as solved.")
    unserved: int | None = Field(description="Nobody served it, and nothing more was heard of it.")
    solved_rate: ShareView | None = Field(description="Solved, of those who were asked.")
    survey_reach: ShareView | None = Field(description="Asked, of those closed.")
    reopened: int | None
    reopen_rate: ShareView | None = Field(description="Came back at least once before, of those closed.")
    touches_per_case: float | None
    touches_per_solved_case: float | None
    over_budget: int | None = Field(description="With as many touches as the budget, or more.")
    median_seconds: float | None = Field(description="From the first contact to the resolution that stood.")
    p90_seconds: float | None


class FirstContactFigures(Figures):
    """Matters that began in the period."""

    opened: int
    first_contact: int | None = Field(description="Solved, and nobody turned to us again in time.")
    again: int | None
    undecided: int | None = Field(description="Not solved yet, or too lately to know.")
    first_contact_rate: ShareView | None = Field(description="Of those that are decided.")


class TouchFigures(Figures):
    """Touches of the period."""

    touches: int
    cases: int | None
    contacts: int | None
    messages: int | None
    asked: int | None = Field(description="We asked them for something.")
    by_a_person: int | None = Field(description="Whose cause a person set.")
    share: ShareView | None = Field(description="Of all touches of this report.")


class PromiseFigures(Figures):
    """Promises that ended in the period."""

    ended: int
    kept: int | None
    broken: int | None
    moved: int | None
    released: int | None
    kept_rate: ShareView | None = Field(description="Kept, of those kept or broken.")


class SurveyFigures(Figures):
    """Surveys that were asked in the period."""

    asked: int
    answered: int | None
    lapsed: int | None
    dropped: int | None
    waiting: int | None
    yes: int | None
    partly: int | None
    no: int | None
    answer_rate: ShareView | None = Field(description="Answered, of those answered or lapsed.")
    yes_rate: ShareView | None = Field(description="Solved in their word, of those answered.")
    marks: int | None
    mean_mark: float | None = Field(description="Of the representative, from 1 to 5; asked apart.")


class ClockFigures(Figures):
    """Clocks that ended in the period, of one kind."""

    clock: Literal["first_response", "next_response", "resolution"]
    ended: int
    met: int | None
    breached: int | None
    owed: int | None = Field(description="Breached, and what they are about has not come yet.")
    met_rate: ShareView | None


class ReportView(BaseModel, Generic[Row]):
    """The most counted first, at most 2,000 rows; `totals`: all together, not told to a representative."""

    by: str
    first: date = Field(serialization_alias="from")
    last: date = Field(serialization_alias="to", description="The day after the last.")
    timezone: str
    least: int = Field(description="Of fewer no share, no mean and no median is told.")
    totals: list[Row] | None
    items: list[Row]
