"""The rules of a version as rows of `queue` and `request_type`, so that statements over these tables stay right.

Decides which columns hold what a rule says. What rows cannot hold (steps, answers on entry, reasons) stays in the document.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.actions.line.closing import reopen_removed
from app.actions.rules.rows import NAMES, Change, Fields, Wanted, compared, remove, stored, write
from app.security import Actor
from app.tables import Office, Queue, RequestType
from routing.rules import HoursRule, QueueRule, Rules

TABLES: Final[tuple[type[Queue], type[RequestType]]] = (Queue, RequestType)
"""In the order of their references: a request type names its queue."""
LEAST_SECONDS: Final = {
    "target_seconds": 0,
    "offer_timeout_seconds": 1,
    "wrap_up_seconds": 0,
    "grace_seconds": 0,
    "head_start_cap_seconds": 0,
    "mean_handle_seconds": 1,
}
"""The times a row holds, and the least each may be there: rows count whole seconds."""


async def bring_in(session: AsyncSession, rules: Rules, *, actor: Actor, now: datetime) -> list[Change]:
    """Make both tables say what the rules say, and tell what that changed.

    Raises `Conflict` (`still_named`) for a removal that something stands against.
    """
    zone = (await session.exec(select(Office.timezone).order_by(col(Office.place), col(Office.code)).limit(1))).first()
    rows: dict[type[Queue | RequestType], Wanted] = {
        Queue: {code: _queue(rule, zone=zone) for code, rule in rules.queues.items()},
        RequestType: _request_types(rules),
    }
    changes = {model: compared(NAMES[model], await stored(session, model), rows[model]) for model in TABLES}
    for model in TABLES:
        await write(session, model, rows[model], changes[model])
    await session.flush()
    gone = [change.code for change in changes[Queue] if change.kind == "removed"]
    await reopen_removed(session, gone, actor=actor, now=now)
    for model in reversed(TABLES):
        await remove(session, model, changes[model])
    return [change for model in TABLES for change in changes[model]]


def _queue(rule: QueueRule, *, zone: str | None) -> Fields:
    return {
        "name": rule.name,
        **{name: max(least, round(getattr(rule, name))) for name, least in LEAST_SECONDS.items()},
        "hours": _hours(rule.hours, zone=zone),
    }


def _hours(rule: HoursRule | None, *, zone: str | None) -> dict[str, Any]:
    """As stored: {} is always; else {"timezone": …, "mon": [["09:00", "17:00"]], …, "exceptions": {"2027-03-20": []}}."""
    if rule is None:
        return {}
    days = {day: _spans(spans) for day, spans in rule.weekly.items() if spans}
    exceptions = {day: _spans(spans) for day, spans in rule.exceptions.items()}
    return {
        "timezone": rule.timezone or zone,
        **days,
        **({"exceptions": exceptions} if exceptions else {}),
        **({"holidays": rule.holidays} if rule.holidays else {}),
    }


def _spans(spans: tuple[tuple[str, str], ...]) -> list[list[str]]:
    return [list(span) for span in spans]


def _request_types(rules: Rules) -> Wanted:
    """Parents before children."""
    rows: dict[str, Fields] = {}

    def add(code: str) -> None:
        rule = rules.requests[code]
        if rule.parent is not None and rule.parent not in rows:
            add(rule.parent)
        rows.setdefault(
            code,
            {
                "parent": rule.parent,
                "queue": rule.queue,
                "labels": dict(rule.labels),
                "skills": dict(rule.skills),
                "speak": rule.speak,
                "letter": rule.letter,
                "place": rule.place,
            },
        )

    for code in rules.requests:
        add(code)
    return rows
