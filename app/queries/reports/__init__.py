"""Figures over a period, one file for each family of them. Every definition stands in `docs/figures.md`.

Decides what is counted, by ranges of indexes alone, so that a month costs what happened in it and not what the house has done
since. Never writes.
"""

from app.queries.reports.cases import cases
from app.queries.reports.first_contact import first_contact
from app.queries.reports.promises import promises
from app.queries.reports.rows import MOST_DAYS, Report, Wish, period
from app.queries.reports.sla import sla
from app.queries.reports.surveys import surveys
from app.queries.reports.touches import touches

__all__ = [
    "MOST_DAYS",
    "Report",
    "Wish",
    "cases",
    "first_contact",
    "period",
    "promises",
    "sla",
    "surveys",
    "touches",
]
