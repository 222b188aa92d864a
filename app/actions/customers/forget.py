"""Takes the words of cases away: what was written, said and added, everywhere it was kept. Figures and events stay.

Decides which columns hold words, names and numbers of people. The caller holds the locks of the contacts and the cases, in
that order. A contact that is being served keeps the name the outside gave it until it is over: by it, it is ended.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from app.db import Connection
from routing.lifecycle import OVER_STATES

# What is told outside under a name of ours (a letter, a call) is known to others by that name; here it is a name no more.
_CONTACTS: Final = """
UPDATE interaction SET subject = NULL, attributes = '{}', head_start_reasons = '{}',
    contact = CASE WHEN state = ANY($2::text[]) THEN 'erased:' || id ELSE contact END,
    reply_to = CASE WHEN state = ANY($2::text[]) THEN NULL ELSE reply_to END
WHERE id = ANY($1::uuid[])
"""
_OF_CONTACTS: Final = (
    "UPDATE message SET subject = NULL, body = '', reference = NULL, attributes = '{}' WHERE interaction_id = ANY($1::uuid[])",
    """UPDATE outbox SET payload = '{}', recipient = NULL, reason = CASE WHEN state = 'pending' THEN 'erased' ELSE reason END,
        state = CASE WHEN state = 'pending' THEN 'failed' ELSE state END,
        done_at = CASE WHEN state = 'pending' THEN wall_clock() ELSE done_at END
    WHERE interaction_id = ANY($1::uuid[]) AND state <> 'sending'""",
)
_OF_CASES: Final = (
    "DELETE FROM document WHERE case_id = ANY($1::uuid[])",
    "UPDATE message SET subject = NULL, body = '', reference = NULL, attributes = '{}' WHERE case_id = ANY($1::uuid[])",
    "UPDATE promise SET words = NULL WHERE case_id = ANY($1::uuid[]) AND words IS NOT NULL",
    "UPDATE survey SET words = NULL WHERE case_id = ANY($1::uuid[]) AND words IS NOT NULL",
    # Its data are codes, and what is still looked at goes by them.
    "UPDATE second_check SET comment = NULL WHERE case_id = ANY($1::uuid[])",
)
# Nobody who holds an old letter or an old link joins or sees this case any more.
_SENDING: Final = "SELECT EXISTS (SELECT FROM outbox WHERE interaction_id = ANY($1::uuid[]) AND state = 'sending')"
_CASES: Final = """
UPDATE "case" SET subject = NULL, page_token = NULL, token = made.token, erased_at = $3
FROM unnest($1::uuid[], $2::text[]) AS made (id, token) WHERE "case".id = made.id
"""
# Answers that are kept for repeats show what was asked for; which of them show a case or a person is told by its id.
_ANSWERS: Final = "SELECT owner, key, body FROM idempotency_key WHERE body IS NOT NULL"
_TAKE_ANSWERS: Final = """
DELETE FROM idempotency_key USING unnest($1::text[], $2::text[]) AS shown (owner, key)
WHERE idempotency_key.owner = shown.owner AND idempotency_key.key = shown.key
"""
_AT_ONCE: Final = 500
_ID: Final = re.compile(rb"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")


async def forget(connection: Connection, cases: Sequence[UUID], contacts: Sequence[UUID], *, now: datetime) -> bool:
    """Take the words of these cases and contacts away. Again: nothing is left to take.

    False: something is on its way out this very moment, and is to be looked at again.
    """
    await connection.execute(_CONTACTS, contacts, list(OVER_STATES))
    for statement in _OF_CONTACTS:
        await connection.execute(statement, contacts)
    for statement in _OF_CASES:
        await connection.execute(statement, cases)
    await connection.execute(_CASES, cases, [secrets.token_urlsafe(16) for _ in cases], now)
    return not await connection.fetchval(_SENDING, contacts)


async def forget_answers(connection: Connection, shown: Collection[UUID]) -> None:
    """Take away the answers that show any of these: cases, contacts, customers. After two days they go by themselves.

    All that are kept are read once, a portion at a time, however many ids there are: a look for each would take minutes.
    """
    wanted = {str(each).encode() for each in shown}
    found = [
        (row["owner"], row["key"])
        async for row in connection.cursor(_ANSWERS, prefetch=_AT_ONCE)
        if not wanted.isdisjoint(_ID.findall(row["body"]))
    ]
    if found:
        await connection.execute(_TAKE_ANSWERS, *map(list, zip(*found, strict=True)))
