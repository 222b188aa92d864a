"""Cases on which something is owed: somebody served the customer, or a contact of theirs stands in line or further.

Decides that who hung up in the menu or in line, was turned away, or sent a machine's letter, and was never served, is owed no
news: nobody works on anything for them. When they come again, their case is one on which something is owed.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final
from uuid import UUID

from app.db import Connection

UNSERVED: Final = ("arriving", "abandoned", "cancelled")
"""States of a contact that nobody has taken and nobody is to take."""
_ALIVE: Final = """
SELECT c.id FROM "case" c WHERE c.id = ANY($1::uuid[]) AND (
    c.owner IS NOT NULL OR c.supervised OR c.first_answer_at IS NOT NULL
    OR EXISTS (SELECT FROM interaction i WHERE i.case_id = c.id AND i.state <> ALL($2::text[]))
    OR EXISTS (SELECT FROM "case" f JOIN interaction i ON i.case_id = f.id
               WHERE f.merged_into = c.id AND i.state <> ALL($2::text[])))
"""


_EXPECTING: Final = """
SELECT c.id FROM unnest($1::uuid[]) AS c (id) WHERE
    EXISTS (SELECT FROM promise p WHERE p.case_id = c.id AND p.state = 'standing')
    OR EXISTS (SELECT FROM interaction i WHERE i.case_id = c.id AND i.state = 'arriving')
    OR EXISTS (SELECT FROM incident_case a JOIN incident i ON i.id = a.incident_id
               WHERE a.case_id = c.id AND i.state = 'declared')
"""


async def alive(connection: Connection, cases: Collection[UUID]) -> set[UUID]:
    """Those of `cases` on which something is owed."""
    rows = await connection.fetch(_ALIVE, list(cases), list(UNSERVED)) if cases else []
    return {row["id"] for row in rows}


async def expecting(connection: Connection, cases: Collection[UUID]) -> set[UUID]:
    """Those of `cases` whose customer was told that something will come: a promise stands, or a fault
    it is about goes on; and of those who are choosing in a menu at this moment."""
    rows = await connection.fetch(_EXPECTING, list(cases)) if cases else []
    return {row["id"] for row in rows}
