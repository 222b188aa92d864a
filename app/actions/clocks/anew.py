"""Other targets or other hours hold: the clocks of open cases are measured anew, some cases at a time.

Decides which cases are next: those whose clocks were last set by older rules. Versions of rules go forward only, so each case is
looked at once for each version, whoever asks.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.clocks.rows import OPEN, Clocks
from app.queries.rules import rules_for
from app.tables import Case

_STILL_OPEN: Final = text("state IN ({})".format(", ".join(f"'{state}'" for state in OPEN)))
"""Written out, as in the index it is found by."""


async def measure_some_anew(session: AsyncSession, *, limit: int, now: datetime) -> int:
    """At most `limit` cases; returns how many. 0: none is left, or somebody else holds those that are."""
    rules = await rules_for(session)
    stale = (
        select(Case)
        .where(_STILL_OPEN, Case.clocks_version < rules.version, col(Case.tended_at).is_not(None))
        .order_by(col(Case.clocks_version), col(Case.id))
        .limit(limit)
    )
    locking: Any = stale.with_for_update(skip_locked=True, key_share=True).execution_options(populate_existing=True)
    cases = sorted(await session.exec(locking), key=lambda case: case.id)
    if not cases:
        return 0
    clocks = await Clocks.of(session, cases, rules, now)
    for case in cases:
        clocks.measure_anew(case)
        session.add(case)
    await clocks.save()
    return len(cases)
