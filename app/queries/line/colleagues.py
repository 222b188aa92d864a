"""Whether somebody else on shift could serve an interaction at all, busy or not.

Decides by what they have, never by what they hold: it tells who could take it sooner or later, and the router who takes it
now. By what is asked for now and by every step that is still to come.
"""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app import convert
from app.queries.interactions import raw
from app.queries.line import floor
from routing.capacity import could_ever_fit
from routing.needs import meets

PAGE = 500


async def others_could(session: AsyncSession, interaction_id: UUID, *, besides: Collection[str]) -> bool:
    """Whether anybody on shift, but those in `besides` and those it is barred from, has all that it needs."""
    connection = await raw(session)
    rows = await floor.interactions(connection, [interaction_id])
    if not rows or rows[0]["queue"] is None:
        return False
    waiting = convert.waiting(rows[0])
    asked = [waiting.needs, *(step.needs for step in waiting.steps)]
    never = {*besides, *waiting.barred}
    code = ""
    while page := await floor.staff_after(connection, code, limit=PAGE):
        code = page[-1]["code"]
        for row in page:
            if row["code"] in never or row["retired"] or row["presence"] == "offline":
                continue
            staff = convert.staff(row)
            if any(meets(staff, needs) and could_ever_fit(staff.capacity, needs) for needs in asked):
                return True
    return False
