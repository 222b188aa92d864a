"""Ticket numbers: one per office, service and local day, counted by a row and never by COUNT(*).

Decides which day it is at an office and how a number reads ("B007").
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from app.actions.contacts.arrival import Arrival
from app.db import Connection

_TAKE = """
INSERT INTO ticket_counter AS counter (office, letter, day, last)
SELECT office, letter, day, amount FROM unnest($1::text[], $2::text[], $3::date[], $4::int[]) AS asked (office, letter, day, amount)
ORDER BY office, letter, day
ON CONFLICT (office, letter, day) DO UPDATE SET last = counter.last + EXCLUDED.last
RETURNING office, letter, day, last
"""

Roll = tuple[str, str, date]


async def tickets(
    connection: Connection, arrivals: Sequence[Arrival], *, let_in: Sequence[bool], now: datetime
) -> list[str | None]:
    """A number for each arrival that gets one, in order of arrival; None for the others, and for who is not `let_in`."""
    rolls = [_roll(arrival, now=now) if inside else None for arrival, inside in zip(arrivals, let_in, strict=True)]
    amounts: dict[Roll, int] = {}
    for roll in rolls:
        if roll is not None:
            amounts[roll] = amounts.get(roll, 0) + 1
    if not amounts:
        return [None] * len(arrivals)
    rows = await connection.fetch(
        _TAKE, [r[0] for r in amounts], [r[1] for r in amounts], [r[2] for r in amounts], list(amounts.values())
    )
    following = {
        (row["office"], row["letter"], row["day"]): row["last"] - amounts[row["office"], row["letter"], row["day"]]
        for row in rows
    }
    numbers: list[str | None] = []
    for roll in rolls:
        if roll is None:
            numbers.append(None)
            continue
        following[roll] += 1
        numbers.append(f"{roll[1]}{following[roll]:03d}")
    return numbers


def _roll(arrival: Arrival, *, now: datetime) -> Roll | None:
    if not arrival.info.numbered or arrival.request is None or arrival.office is None:
        return None
    return arrival.office.code, arrival.request.letter, now.astimezone(arrival.office.zone).date()
