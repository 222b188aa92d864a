"""New contacts, written in batches: receipt, customer, case, interaction, first message and events in one transaction.

Decides what is new and what is a repeat (the receipt's key does). Everything that can be refused was refused before;
expected conflicts are results, not errors. The number of statements does not depend on the number of contacts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from app.actions.contacts.arrival import Arrival, RulesMovedOn
from app.actions.contacts.cases import Joined, existing, join
from app.actions.contacts.customers import customers
from app.actions.contacts.tickets import tickets
from app.actions.contacts.write_batch import NewEvent, Written, insert
from app.actions.line.entering import REOPENED, Comer, Entered, enter
from app.db import Connection, uuid7
from app.errors import NotFound, RaabtaError
from routing.lifecycle import INTERACTION

_RECEIPTS = """
WITH moment AS MATERIALIZED (
    SELECT wall_clock() AS at
), claimed AS (
    INSERT INTO receipt (source, channel, ref, interaction_id, digest, at)
    SELECT source, channel, ref, interaction_id, digest, moment.at
    FROM unnest($1::text[], $2::text[], $3::text[], $4::uuid[], $5::text[]) AS made (source, channel, ref, interaction_id, digest),
         moment
    ORDER BY source, channel, ref
    ON CONFLICT DO NOTHING
    RETURNING interaction_id
)
SELECT at, ARRAY(SELECT interaction_id FROM claimed) AS claimed,
       coalesce((SELECT version FROM rule_set WHERE state = 'live'), 0) AS rules
FROM moment
"""
_KNOWN = """
SELECT source, channel, ref, interaction_id, digest
FROM receipt JOIN unnest($1::text[], $2::text[], $3::text[]) AS asked (source, channel, ref) USING (source, channel, ref)
"""

Key = tuple[str, str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """A contact is on record as this interaction; `written` is what was written now, None where it was there before."""

    interaction_id: UUID
    written: Written | None


async def receive(connection: Connection, arrivals: Sequence[Arrival]) -> list[Taken | RaabtaError]:
    """Write every arrival once; one result for each, in order. The caller's transaction commits or loses all of them.

    The moment of arrival is the database's, read by the very statement that claims the receipts: one round trip less. So
    is which rules are live: raises `RulesMovedOn` where they are others than those the arrivals were let in by. Whoever
    removes a queue waits for those who hold a receipt, so that nobody is left in a queue that is gone.
    """
    ids = [arrival.id for arrival in arrivals]
    cases = await existing(connection, [arrival.case_id for arrival in arrivals if arrival.case_id])
    refused = {
        index: NotFound(f"There is no case {arrival.case_id}.", code="unknown_case")
        for index, arrival in enumerate(arrivals)
        if arrival.case_id is not None and arrival.case_id not in cases
    }
    arrivals, taken, now = await _receipts(connection, arrivals, ids, skip=set(refused))
    fresh = [index for index, known in enumerate(taken) if known == ids[index]]
    written = await _write(connection, [arrivals[i] for i in fresh], [ids[i] for i in fresh], now=now)
    new = dict(zip(fresh, written, strict=True))
    return [
        refused.get(index) or Taken(interaction_id=_certain(known), written=new.get(index))
        for index, known in enumerate(taken)
    ]


async def _receipts(
    connection: Connection, arrivals: Sequence[Arrival], ids: Sequence[UUID], *, skip: set[int]
) -> tuple[list[Arrival], list[UUID | None], datetime | None]:
    """Claim each receipt, and tell when. The same name with other content is another message, flagged and renamed."""
    arrivals = list(arrivals)
    taken: list[UUID | None] = [None] * len(arrivals)
    asked = [index for index in range(len(arrivals)) if index not in skip]
    now = None
    for _ in range(2):  # a second round only for those that came under a used name
        asked, now = await _claim(connection, arrivals, ids, taken, asked=asked)
        for index in asked:
            arrivals[index] = _renamed(arrivals[index])
        if not asked:
            break
    return arrivals, taken, now


async def _claim(
    connection: Connection,
    arrivals: Sequence[Arrival],
    ids: Sequence[UUID],
    taken: list[UUID | None],
    *,
    asked: Sequence[int],
) -> tuple[list[int], datetime]:
    """Fill `taken` for every index of `asked` that is new or a repeat; returns those that are neither, and when it was."""
    first: dict[Key, int] = {}
    for index in asked:
        first.setdefault(_key(arrivals[index]), index)
    row = await connection.fetchrow(
        _RECEIPTS,
        *_columns(first),
        [ids[index] for index in first.values()],
        [arrivals[index].digest for index in first.values()],
    )
    assert row is not None, "the moment is always told"
    if any(arrivals[index].door.catalogue.rules.version != row["rules"] for index in asked):
        raise RulesMovedOn
    new = set(row["claimed"])
    known: dict[Key, tuple[UUID, str | None]] = {
        key: (ids[index], arrivals[index].digest) for key, index in first.items() if ids[index] in new
    }
    if len(known) < len(first):
        for before in await connection.fetch(_KNOWN, *_columns(key for key in first if key not in known)):
            known[before["source"], before["channel"], before["ref"]] = (before["interaction_id"], before["digest"])
    other: list[int] = []
    for index in asked:
        interaction_id, digest = known[_key(arrivals[index])]
        if digest != arrivals[index].digest:
            other.append(index)
        else:
            taken[index] = interaction_id
    return other, row["at"]


async def _write(
    connection: Connection,
    arrivals: Sequence[Arrival],
    ids: Sequence[UUID],
    *,
    now: datetime | None,
) -> list[Written]:
    if not arrivals or now is None:
        return []
    heard = {arrival.case_id: arrival.id for arrival in reversed(arrivals) if arrival.case_id and not arrival.automatic}
    joined = await join(connection, [arrival.case_id for arrival in arrivals if arrival.case_id], heard=heard, now=now)
    people, made = await customers(connection, [(arrival.person, arrival.language) for arrival in arrivals])
    cases = [joined.get(arrival.case_id) if arrival.case_id else None for arrival in arrivals]
    known = [
        (case.customer_id if case else None) or (None if customer in made else customer)
        for case, customer in zip(cases, people, strict=True)
    ]
    entering = [index for index, arrival in enumerate(arrivals) if arrival.entry is not None and not arrival.automatic]
    comers = [_comer(arrivals[index], known[index], cases[index]) for index in entering]
    entered = dict(zip(entering, await enter(connection, comers, now=now), strict=True))
    # Whoever takes up the place they had is let in, even where nobody else is now: a number is what they are called by.
    let_in = [not entered[index].entry.turned_away if index in entered else False for index in range(len(arrivals))]
    numbers = await tickets(connection, arrivals, let_in=let_in, now=now)
    written = [
        _written(arrival, known[index] or people[index], numbers[index], cases[index], entered.get(index), now=now)
        for index, arrival in enumerate(arrivals)
    ]
    await insert(connection, written, now=now)
    return written


def _comer(arrival: Arrival, customer_id: UUID | None, case: Joined | None) -> Comer:
    assert arrival.entry is not None, "who still chooses does not enter"
    return Comer(
        id=arrival.id,
        entry=arrival.entry,
        actor=arrival.actor,
        reply_to=arrival.reply_to,
        customer_id=customer_id,
        case_id=case.id if case else None,
        claims=arrival.claims,
        reopened_seconds=_reopened(arrival, case),
    )


def _reopened(arrival: Arrival, case: Joined | None) -> float | None:
    """The head start of a case the customer says is not solved: what it had already waited, and the rules' seconds on top."""
    rule = arrival.door.catalogue.rules.reasons.get(REOPENED)
    waited = arrival.reopened_seconds if case is None or case.waited_seconds is None else case.waited_seconds
    return None if waited is None or arrival.automatic or rule is None else waited + rule.seconds


def _written(
    arrival: Arrival,
    customer_id: UUID | None,
    number: str | None,
    case: Joined | None,
    entered: Entered | None,
    *,
    now: datetime,
) -> Written:
    # Who still chooses has no queue yet: the limit of the one they choose, and its share, are applied then.
    reopened = _reopened(arrival, case) if entered is None else None
    claims = (*arrival.claims, *([REOPENED] if reopened is not None else [])) if entered is None else ()
    told = _entering(arrival, entered) if entered is not None else _choosing(arrival, claims)
    subject = str(arrival.id)
    return Written(
        id=arrival.id,
        arrival=arrival,
        entered=entered,
        customer_id=customer_id,
        case_id=case.id if case else uuid7(),
        opens_case=case is None,
        state=_state(tuple([kind for kind, _ in told])),
        number=number,
        due_at=entered.due_at if entered is not None and not entered.entry.turned_away else None,
        called_back=told[-1][0] == "callback_requested",
        head_start_seconds=entered.head_start_seconds if entered else int(reopened or 0),
        head_start_reasons=entered.reasons if entered else claims,
        events=tuple(
            [
                NewEvent(subject="interaction", subject_id=subject, version=version, kind=kind, data=data)
                for version, (kind, data) in enumerate(told, start=1)
            ]
        ),
    )


_Story = Sequence[tuple[str, Mapping[str, Any]]]


def _entering(arrival: Arrival, entered: Entered) -> _Story:
    """The first events of one who asks for something: it waits, perhaps not on the line, or is turned away."""
    fact, entry = entered.fact(), entered.entry
    if entry.turned_away:
        return [("arrived", {"channel": arrival.channel}), ("turned_away", fact)]
    if entry.callback and arrival.reply_to is not None:
        return [("queued", fact), ("callback_requested", {"offered": True})]
    return [("queued", fact)]


def _choosing(arrival: Arrival, claims: Sequence[str]) -> _Story:
    """The first events of one who still chooses; and of a machine's letter, which is kept and never offered."""
    fact: dict[str, Any] = dict(arrival.entry.fact) if arrival.entry else {"channel": arrival.channel}
    if claims:
        fact["claims"] = list(claims)
    return [("arrived", fact), ("cancelled", fact)] if arrival.automatic else [("arrived", fact)]


@cache
def _state(kinds: tuple[str, ...]) -> str:
    return INTERACTION.fold(kinds)


def _renamed(arrival: Arrival) -> Arrival:
    digest = arrival.digest or ""
    attributes = {**arrival.attributes, "flagged": "same_reference_other_content"}
    return replace(arrival, ref=f"{arrival.ref}#{digest[:16]}", attributes=attributes)


def _key(arrival: Arrival) -> Key:
    return arrival.source, arrival.channel, arrival.ref


def _columns(keys: Any) -> tuple[list[str], list[str], list[str]]:
    listed = list(keys)
    return [key[0] for key in listed], [key[1] for key in listed], [key[2] for key in listed]


def _certain(known: UUID | None) -> UUID:
    assert known is not None, "every arrival that was not refused has a receipt"
    return known
