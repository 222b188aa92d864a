"""A counter's desk: nobody is offered, the next one is called."""

from __future__ import annotations

from app.db import Database
from tests.web.conftest import Visitor, text_of


async def test_a_counter_calls_the_next_one_and_has_them_at_once(ayesha: Visitor, database: str) -> None:
    async with Database(database) as db, db.transaction() as connection:
        await connection.execute("UPDATE representative SET pull = true WHERE code = 'ayesha'")
    assert "Next, please" not in text_of(await ayesha.see("/desk")), "not before they are available"
    assert await ayesha.press("/desk/next") == "/desk?sorry=not_available"
    await ayesha.press("/desk/presence", status="available")
    assert "Next, please" in text_of(await ayesha.see("/desk"))
    assert await ayesha.press("/desk/next") == "/desk?said=nobody_waits"
    assert "Nobody waits whom you could take now." in text_of(await ayesha.see("/desk?said=nobody_waits"))
    await ayesha.house.arrive("v1")
    path = await ayesha.press("/desk/next")
    assert path.startswith("/desk/work/")
    assert path.endswith("?said=accepted#work")
    assert "It is yours." in text_of(await ayesha.see(path.removesuffix("#work")))


async def test_who_is_offered_work_is_not_shown_the_button(ayesha: Visitor) -> None:
    await ayesha.press("/desk/presence", status="available")
    assert "Next, please" not in text_of(await ayesha.see("/desk"))
