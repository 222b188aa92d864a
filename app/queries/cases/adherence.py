"""How a playbook is followed, and what goes with each of its steps, version by version. Never writes.

Decides what is counted: cases that closed within a time, by the version they went by. `routing.resolution.playbooks` decides what
may be read from the numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.errors import NotFound
from app.queries.rules import raw
from app.tables import Playbook
from routing.resolution.playbooks import LEAST, Side, reopened_share, solved_share, touches_each, weigh

MOST_VERSIONS: Final = 50
NOTHING: Final = Side(cases=0, asked=0, solved=0, reopened=0, touches=0)

# A merged case counts with the one it was taken into. Asked: whoever could be reached had their say, or let it pass.
_CLOSED: Final = """
WITH closed AS MATERIALIZED (
    SELECT c.id, c.playbook_version AS version, c.closed_by, c.reopened, c.touches, ARRAY(
        SELECT t.step FROM playbook_tick t WHERE t.case_id = c.id
        UNION SELECT t.step FROM "case" m JOIN playbook_tick t ON t.case_id = m.id
        WHERE m.merged_into = c.id AND m.playbook = $1
    ) AS ticked
    FROM "case" c
    WHERE c.closed_at >= $2 AND c.closed_at < $3 AND c.playbook = $1 AND c.merged_into IS NULL
        AND c.closed_by <> 'unserved'
)
SELECT c.version, step.value ->> 'code' AS step, (step.value ->> 'code') = ANY (c.ticked) AS done, count(*)::int AS cases,
    count(*) FILTER (WHERE c.closed_by <> 'not_asked')::int AS asked,
    count(*) FILTER (WHERE c.closed_by = 'customer')::int AS solved,
    count(*) FILTER (WHERE c.reopened > 0)::int AS reopened,
    coalesce(sum(c.touches), 0)::int AS touches
FROM closed c JOIN playbook p ON p.code = $1 AND p.version = c.version, jsonb_array_elements(p.steps) AS step
GROUP BY 1, 2, 3
"""


async def adherence(session: AsyncSession, code: str, *, begin: datetime, end: datetime) -> dict[str, Any]:
    """For cases closed from `begin` until before `end`: each version, newest first, and each of its steps.

    Of a step: with how many cases it was done, and left out; solved in the customer's word, of those who could say it; came back;
    touches a case; and whether what is solved differs beyond chance. Fewer than 20 cases on a side: their number only. Raises
    `NotFound` (`unknown_playbook`).
    """
    chosen = select(Playbook).where(Playbook.code == code).order_by(col(Playbook.version).desc()).limit(MOST_VERSIONS)
    books = (await session.exec(chosen)).all()
    if not books:
        raise NotFound(f"There is no playbook {code}.", code="unknown_playbook")
    sides: dict[tuple[int, str, bool], Side] = {}
    for row in await (await raw(session)).fetch(_CLOSED, code, begin, end):
        counted = {name: row[name] for name in ("cases", "asked", "solved", "reopened", "touches")}
        sides[row["version"], row["step"], row["done"]] = Side(**counted)
    return {"playbook": code, "least": LEAST, "versions": [_version(book, sides) for book in books]}


def _version(book: Playbook, sides: Mapping[tuple[int, str, bool], Side]) -> dict[str, Any]:
    steps = []
    cases = 0
    for step in book.steps:
        done = sides.get((book.version, step["code"], True), NOTHING)
        left = sides.get((book.version, step["code"], False), NOTHING)
        cases = done.cases + left.cases
        found = weigh(done, left)
        steps.append(
            {
                **{name: step[name] for name in ("code", "do", "required")},
                "ticked_share": done.cases / cases if cases >= LEAST else None,
                "done": _side(done),
                "left_out": _side(left),
                **{name: getattr(found, name) for name in ("verdict", "difference", "low", "high")},
            }
        )
    return {
        "version": book.version,
        "rules_version": book.rules_version,
        "published_at": book.published_at,
        "cases": cases,
        "steps": steps,
    }


def _side(side: Side) -> dict[str, Any]:
    return {
        "cases": side.cases,
        "solved_share": solved_share(side),
        "reopened_share": reopened_share(side),
        "touches_per_case": touches_each(side),
    }
