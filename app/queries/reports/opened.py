"""Which cases were opened in a period: found by their ids, which are made in the order of time.

Decides how far an id may lie from the instant it was made at: a day, since ids go by a machine's clock and times by the
database's.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from app.db import first_id
from app.queries.reports.rows import Period

SLACK: Final = timedelta(days=1)


def window(period: Period) -> tuple[UUID, UUID]:
    """The ids among which those opened in the period are: from the first until before the second."""
    return first_id(period.begin - SLACK), first_id(period.end + SLACK)
