"""Which customer a contact is from, as far as it can be told.

Decides by identity alone (a phone number, an address), which recognises a person but proves nothing: it never shows one
customer's matter to another, it only tells the representative whom this may be.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from app.db import Connection, uuid7
from channels.base import Person

_KNOWN = """
SELECT kind, value, customer_id FROM identity JOIN unnest($1::text[], $2::text[]) AS asked (kind, value) USING (kind, value)
"""
_CUSTOMERS = """
INSERT INTO customer (id, name, language, needs)
SELECT id, name, language, string_to_array(needs, ' ')
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) AS made (id, name, language, needs)
"""
_IDENTITIES = """
INSERT INTO identity (kind, value, customer_id)
SELECT kind, value, customer_id FROM unnest($1::text[], $2::text[], $3::uuid[]) AS made (kind, value, customer_id)
ORDER BY kind, value
ON CONFLICT DO NOTHING
"""
_ALONE = """
DELETE FROM customer WHERE id = ANY($1::uuid[]) AND NOT EXISTS (SELECT FROM identity WHERE customer_id = customer.id)
"""

Identity = tuple[str, str]


async def customers(
    connection: Connection, people: Sequence[tuple[Person | None, str]]
) -> tuple[list[UUID | None], Collection[UUID]]:
    """The customer of each (person, language), None for a visitor who said nothing of themselves; and who is new."""
    wanted = sorted({identity for person, _ in people for identity in _identities(person)})
    known = await _look_up(connection, wanted) if wanted else {}
    made: dict[UUID, tuple[Person, str]] = {}
    claims: dict[Identity, UUID] = {}
    found: list[UUID | None] = []
    for person, language in people:
        identities = _identities(person)
        customer = next((known[one] for one in identities if one in known), None)
        if customer is None and person is not None and (identities or person.name):
            customer = uuid7()
            made[customer] = (person, language)
        found.append(customer)
        for one in identities:
            # Only who is new brings identities: what a contact says beside a number that is known proves nothing, and
            # would let a stranger be recognised as somebody else for ever.
            if customer in made and one not in known:
                claims[one] = known[one] = customer
    if made:
        await _insert(connection, made)
    if claims:
        await _claim(connection, claims)
        found = await _settled(connection, claims, found, made=set(made))
    return found, made.keys()


async def _look_up(connection: Connection, identities: Sequence[Identity]) -> dict[Identity, UUID]:
    rows = await connection.fetch(_KNOWN, [kind for kind, _ in identities], [value for _, value in identities])
    return {(row["kind"], row["value"]): row["customer_id"] for row in rows}


async def _insert(connection: Connection, made: dict[UUID, tuple[Person, str]]) -> None:
    people = list(made.values())
    await connection.execute(
        _CUSTOMERS,
        list(made),
        [person.name for person, _ in people],
        [language for _, language in people],
        [" ".join(person.needs) for person, _ in people],
    )


async def _claim(connection: Connection, claims: dict[Identity, UUID]) -> None:
    await connection.execute(
        _IDENTITIES, [kind for kind, _ in claims], [value for _, value in claims], list(claims.values())
    )


async def _settled(
    connection: Connection, claims: dict[Identity, UUID], found: list[UUID | None], *, made: set[UUID]
) -> list[UUID | None]:
    """Somebody else may have claimed an identity in the same instant; then theirs is the customer, and ours goes."""
    owners = await _look_up(connection, sorted(claims))
    lost = {ours: owners[one] for one, ours in claims.items() if owners.get(one, ours) != ours and ours in made}
    if not lost:
        return found
    await connection.execute(_ALONE, list(lost))
    return [lost.get(customer, customer) if customer else None for customer in found]


def _identities(person: Person | None) -> list[Identity]:
    if person is None:
        return []
    pairs = (("phone", person.phone), ("email", person.email))
    return [(kind, value) for kind, value in pairs if value]
