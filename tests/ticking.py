"""Cases with clocks: rules with targets, and steps that let the log be followed and time go by."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg

from app.actions.contacts.write import write
from app.actions.record import locked
from app.actions.rules import versions as rules
from app.loops.tending import Tending
from app.loops.timers import Timers
from app.tables import Case
from tests.moving import turns
from tests.ruling import document
from tests.shift import Shift, person

HOUR: Final = 3_600
TARGETS: Final = {
    "first_response_seconds": HOUR,
    "next_response_seconds": 2 * HOUR,
    "resolution_seconds": 10 * HOUR,
    "warn": ["bilal"],
    "escalate": [{"after_seconds": HOUR, "tell": ["devi"]}, {"after_seconds": 2 * HOUR}],
}
OFFICE: Final = {"timezone": "Asia/Karachi", **{day: ["09:00-17:00"] for day in ("mon", "tue", "wed", "thu", "fri")}}


async def say_rules(shift: Shift, targets: dict[str, Any] | None = None, **queues: Any) -> None:
    """Rules with these targets for every case."""
    said = {"targets": TARGETS if targets is None else targets}
    draft = await shift.do(rules.draft, document(queues, resolution=said))
    await shift.do(rules.publish, draft.version)
    shift.intake.forget()


async def go_to(shift: Shift, moment: str) -> None:
    """Move the database's clock on to this moment."""
    now = await shift.fetch("SELECT extract(epoch FROM wall_clock())::float8 AS at")
    await shift.pass_time(datetime.fromisoformat(moment).timestamp() - now[0]["at"])


async def tend(shift: Shift) -> None:
    await turns(Tending(shift.db))


async def timers(shift: Shift, seconds: float = 0) -> None:
    """After so long, all that was heard by then and all that is due."""
    await shift.pass_time(seconds)
    await tend(shift)
    await turns(Timers(shift.db))
    await tend(shift)


async def begin(shift: Shift, channel: str = "email") -> tuple[UUID, UUID]:
    contact = await shift.arrive(channel)
    await tend(shift)
    return contact, (await shift.row(contact))["case_id"]


async def answer(shift: Shift, contact: UUID, **more: Any) -> None:
    if (await shift.row(contact))["state"] != "active":
        await shift.serve(contact)
    await shift.do(write, contact, direction="out", subject=None, body="Words", actor=person("esther"), **more)
    await tend(shift)


async def on_case(shift: Shift, case: UUID, action: Any, **more: Any) -> None:
    async def inside(session: Any, *, actor: Any, now: datetime) -> None:
        await action(session, await locked(session, Case, case), actor=actor, now=now, **more)

    await shift.do(inside)
    await tend(shift)


async def clocks(shift: Shift, case: UUID) -> dict[str, str]:
    """The state of the newest clock of each kind."""
    rows = await shift.fetch("SELECT kind, state FROM clock WHERE case_id = $1 ORDER BY id", case)
    return {row["kind"]: row["state"] for row in rows}


async def clock(shift: Shift, kind: str) -> asyncpg.Record:
    rows = await shift.fetch("SELECT * FROM clock WHERE kind = $1 ORDER BY id DESC LIMIT 1", kind)
    return rows[0]


async def alarms(shift: Shift, kind: str) -> list[str | None]:
    rows = await shift.fetch(
        "SELECT representative FROM alarm WHERE kind = $1 ORDER BY raised_at, representative", kind
    )
    return [row["representative"] for row in rows]
