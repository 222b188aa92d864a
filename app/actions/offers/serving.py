"""Whether a named representative could serve an interaction at all, busy or not.

Decides by what they have, the router's way; never by what they hold or where they are.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from app.tables import Interaction, Representative
from routing.capacity import could_ever_fit
from routing.entry import Filing
from routing.model import Staff
from routing.needs import lacking, standing

Lack = Literal["barred", "capacity", "queue", "language", "office", "skills"]


def lacks(representative: Representative, interaction: Interaction, filing: Filing, *, now: datetime) -> Lack | None:
    """Why this representative could never serve it as it is filed; None = they could."""
    needs, _ = standing(filing.needs, filing.steps, now.timestamp())
    if representative.code in interaction.barred:
        return "barred"
    lack = lacking(_as_staff(representative), needs)
    if lack is None and not could_ever_fit(representative.capacity, needs):
        return "capacity"
    return lack


def _as_staff(row: Representative) -> Staff:
    """As if they were free."""
    return Staff(
        id=row.code,
        capacity=row.capacity,
        skills=frozenset(row.skills.items()),
        languages=frozenset(row.languages),
        queues=frozenset(row.queues),
        groups=frozenset(row.groups),
        office=row.office,
    )
