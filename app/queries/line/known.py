"""What is on record of those who come: who served their case last, whom they must not meet, which place they just left.

Decides nothing; one statement for a whole batch each, and none where nothing can be known.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from app.db import Connection

MOST_BARRED: Final = 16
"""As many as a row may hold; the newest count."""
_LATEST: Final = 5
_LONGEST_GRACE: Final = "1 day"
"""No queue gives more."""

RESUMED: Final = "resumed"
"""The source of the receipts that say whose place was taken up again: by one, once."""

# Answered and declined is not served. Whoever has retired or is barred is no one to wait for. A case is known with those
# that were taken into it and with the one it follows, a customer with all they were ever known as. OFFSET keeps each list from
# being made anew wherever it is asked for; nothing is asked of a partial index by its condition alone, which a plan made while
# it is empty would go on doing.
_PEOPLE: Final = """
SELECT asked.number, bars.codes AS barred, (
    SELECT a.representative
    FROM interaction i JOIN assignment a ON a.interaction_id = i.id JOIN representative r ON r.code = a.representative
    WHERE i.case_id = ANY (known.cases) AND a.answered_at IS NOT NULL AND a.outcome IS DISTINCT FROM 'declined'
      AND NOT r.retired AND a.representative <> ALL (bars.codes)
    ORDER BY a.answered_at DESC LIMIT 1
) AS preferred
FROM unnest($1::int[], $2::uuid[], $3::uuid[]) AS asked (number, customer_id, case_id), LATERAL (
    SELECT ARRAY(
        SELECT asked.case_id UNION ALL SELECT id FROM "case" WHERE merged_into = asked.case_id
        UNION ALL SELECT follows FROM "case" WHERE id = asked.case_id
    ) AS cases, ARRAY(
        SELECT asked.customer_id UNION ALL SELECT merged_into FROM customer WHERE id = asked.customer_id
        UNION ALL SELECT id FROM customer WHERE merged_into = asked.customer_id
        UNION ALL SELECT id FROM customer WHERE merged_into = (SELECT merged_into FROM customer WHERE id = asked.customer_id)
    ) AS customers
    OFFSET 0
) AS known, LATERAL (
    SELECT ARRAY(SELECT representative FROM (
        SELECT representative, made_at FROM bar WHERE customer_id = ANY (known.customers)
        UNION ALL SELECT representative, made_at FROM bar WHERE case_id = ANY (known.cases)
    ) AS both_of GROUP BY representative ORDER BY max(made_at) DESC, representative LIMIT $4) AS codes
    OFFSET 0
) AS bars
"""
_LEFT: Final = f"""
SELECT asked.number, gone.*
FROM unnest($1::int[], $2::uuid[], $3::text[], $4::text[]) AS asked (number, customer_id, channel, reply_to), LATERAL (
    SELECT id, queue, request_type, queued_at, head_start_seconds, head_start_reasons, state_at
    FROM interaction i
    WHERE i.customer_id = asked.customer_id AND i.channel = asked.channel AND i.reply_to = asked.reply_to
      AND i.state = 'abandoned' AND i.queued_at IS NOT NULL AND i.state_at > $5::timestamptz - interval '{_LONGEST_GRACE}'
      AND NOT EXISTS (SELECT FROM receipt WHERE source = '{RESUMED}' AND channel = i.channel AND ref = i.id::text)
    ORDER BY i.state_at DESC, i.id DESC LIMIT {_LATEST}
) AS gone
"""  # noqa: S608  (texts of our own)


class Person(NamedTuple):
    """Whom to recognise: the customer, if known before, and the case, if it was joined."""

    customer_id: UUID | None
    case_id: UUID | None


class Record(NamedTuple):
    """What is on record: the last who served the case, and whom they must not meet."""

    preferred: str | None = None
    barred: tuple[str, ...] = ()


NOTHING: Final = Record()


class Caller(NamedTuple):
    """Who might be calling again: the same customer, on this channel, from this number."""

    customer_id: UUID
    channel: str
    reply_to: str


class Place(NamedTuple):
    """A place in line somebody gave up."""

    id: UUID
    queue: str
    request_type: str | None
    queued_at: datetime
    head_start_seconds: int
    head_start_reasons: tuple[str, ...]
    left_at: datetime


async def on_record(connection: Connection, people: dict[int, Person]) -> dict[int, Record]:
    """What is on record of each, by its number."""
    if not people:
        return {}
    rows = await connection.fetch(
        _PEOPLE,
        list(people),
        [person.customer_id for person in people.values()],
        [person.case_id for person in people.values()],
        MOST_BARRED,
    )
    return {row["number"]: Record(preferred=row["preferred"], barred=tuple(row["barred"])) for row in rows}


async def places_left(connection: Connection, callers: dict[int, Caller], *, now: datetime) -> dict[int, list[Place]]:
    """The places each gave up lately and nobody took up again, the latest first, by number."""
    found: dict[int, list[Place]] = {}
    if not callers:
        return found
    columns: Sequence[Sequence[object]] = list(zip(*callers.values(), strict=True))
    for row in await connection.fetch(_LEFT, list(callers), *columns, now):
        found.setdefault(row["number"], []).append(
            Place(
                id=row["id"],
                queue=row["queue"],
                request_type=row["request_type"],
                queued_at=row["queued_at"],
                head_start_seconds=row["head_start_seconds"],
                head_start_reasons=tuple(row["head_start_reasons"]),
                left_at=row["state_at"],
            )
        )
    return found
