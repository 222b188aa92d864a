"""Whether a named representative could serve an interaction at all, busy or not.

Decides by what they have, the router's way; never by what they hold or where they are.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Literal

from app.tables import Interaction, Representative
from routing.entry import Filing
from routing.model import Needs, Staff
from routing.needs import meets, standing

Lack = Literal["barred", "capacity", "queue", "language", "office", "skills"]


def lacks(representative: Representative, interaction: Interaction, filing: Filing, *, now: datetime) -> Lack | None:
    """Why this representative could never serve it as it is filed; None = they could."""
    needs, _ = standing(filing.needs, filing.steps, now.timestamp())
    if representative.code in interaction.barred:
        return "barred"
    if needs.units > representative.capacity and not needs.interrupts:
        return "capacity"
    return _first_need(_as_staff(representative), needs)


def _first_need(staff: Staff, needs: Needs) -> Lack | None:
    """The first need whose giving up, with those before it, would let them."""
    if meets(staff, needs):
        return None
    for lack, less in (
        ("skills", replace(needs, skills=(), any_of=())),
        ("office", replace(needs, skills=(), any_of=(), office=None)),
        ("language", replace(needs, skills=(), any_of=(), office=None, language=None)),
    ):
        if meets(staff, less):
            return lack  # type: ignore[return-value]  # one of the names above
    return "queue"


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
