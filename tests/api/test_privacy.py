"""Being forgotten, and taking along what is kept, over HTTP: for those who decide, and nobody else."""

from __future__ import annotations

import asyncio
from uuid import uuid4

from app.db import Database
from app.loops.erasing import Erasing
from tests.api.conftest import House
from tests.moving import turns
from tests.racing import HANG_SECONDS, LOOK_SECONDS

SANA = {"name": "Sana", "email": "sana@example.org"}


async def someone(house: House) -> str:
    made = await house.call("supervisor", "POST", "/v1/customers", json=SANA, headers={"Idempotency-Key": "k"})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def test_a_person_is_forgotten_on_their_wish_and_it_is_said_when(house: House) -> None:
    customer = await someone(house)
    asked = await house.call("supervisor", "PUT", f"/v1/customers/{customer}/erasure")
    assert (asked.status_code, asked.json()["done_at"]) == (202, None)
    async with Database(house.database) as db, asyncio.timeout(HANG_SECONDS):
        again = asked
        while again.json()["done_at"] is None:
            await turns(Erasing(db))
            again = await house.call("supervisor", "PUT", f"/v1/customers/{customer}/erasure")
            await asyncio.sleep(LOOK_SECONDS)
    assert again.json()["asked_at"] == asked.json()["asked_at"]
    read = (await house.call("supervisor", "GET", f"/v1/customers/{customer}")).json()
    assert (read["name"], read["identities"], read["state"]) == (None, [], "erased")


async def test_what_is_kept_is_one_object_to_take_along(house: House) -> None:
    customer = await someone(house)
    answer = await house.call("supervisor", "GET", f"/v1/customers/{customer}/export")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == f'attachment; filename="customer-{customer}.json"'
    assert answer.json()["customer"]["known_as"][0]["name"] == "Sana"


async def test_nobody_is_forgotten_or_shown_for_a_representative_and_a_stranger_is_not_found(house: House) -> None:
    customer = await someone(house)
    for method, what in (("PUT", "erasure"), ("GET", "export")):
        assert (await house.call("ayesha", method, f"/v1/customers/{customer}/{what}")).status_code == 403
        assert (await house.call("supervisor", method, f"/v1/customers/{uuid4()}/{what}")).status_code == 404
