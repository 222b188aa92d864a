"""Which case a message belongs to, as far as it can prove it.

Decides by the case's token, or by the ids of letters on the case that the sender answers, and then only if the sender is
that case's customer. An address alone proves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from app.db import Connection
from channels.base import Wrote

_PROVEN = """
SELECT id FROM "case" WHERE token = $1
"""
_ANSWERED = """
SELECT message.case_id AS id
FROM message
JOIN "case" ON "case".id = message.case_id
JOIN identity ON identity.customer_id = "case".customer_id AND identity.kind = 'email' AND identity.value = $2
WHERE message.reference = ANY($1::text[])
ORDER BY message.at DESC LIMIT 1
"""
_OPEN = """
SELECT id FROM interaction
WHERE case_id = $1 AND channel = $2 AND state NOT IN ('completed', 'abandoned', 'cancelled')
ORDER BY id DESC LIMIT 1
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Thread:
    """The case a message belongs to and its open interaction on the same channel; None where there is none."""

    case_id: UUID | None
    interaction_id: UUID | None


async def thread(connection: Connection, channel: str, wrote: Wrote) -> Thread:
    """Where the message belongs; both None: it opens a case of its own."""
    case_id = None
    if wrote.case_token:
        case_id = await connection.fetchval(_PROVEN, wrote.case_token)
    if case_id is None and wrote.references and wrote.person and wrote.person.email:
        case_id = await connection.fetchval(_ANSWERED, list(wrote.references), wrote.person.email)
    if case_id is None:
        return Thread(case_id=None, interaction_id=None)
    return Thread(case_id=case_id, interaction_id=await connection.fetchval(_OPEN, case_id, channel))
