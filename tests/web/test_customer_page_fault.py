"""A known fault on the customer's own page: told in their words before they ask, with its news, until it is mended."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from app.loops.spreading import Spreading
from tests.moving import turns
from tests.solving import tend
from tests.web.conftest import text_of
from tests.web.holding import Holder, holding

OUT = {"en": "Rain comes in <everywhere> in the north.", "te": "ఉత్తరాన అన్ని చోట్లా వాన లోపలికి వస్తోంది."}


@pytest.fixture
async def sana(database: str) -> AsyncIterator[Holder]:
    """Sana, whose roof leaks, with the link to her page."""
    async with holding(database) as found:
        yield found


async def lead(sana: Holder, method: str, path: str, body: Any = None) -> Any:
    """What a supervisor does about a fault, and all that follows from it."""
    headers = {"idempotency-key": str(uuid4())} if method == "POST" else {}
    answer = await sana.house.call("supervisor", method, f"/v1/incidents{path}", body, headers=headers)
    assert answer.is_success, answer.text
    await tend(sana.shift)
    await turns(Spreading(sana.shift.db))
    await tend(sana.shift)
    return answer.json() if answer.content else None


async def declared(sana: Holder, **more: Any) -> str:
    """A fault that touches claims; its path."""
    found = await lead(sana, "POST", "", {"words": OUT, "request_types": ["claim"], **more})
    await lead(sana, "PUT", f"/{found['id']}/cases/{sana.case}")
    return f"/{found['id']}"


async def test_a_fault_is_told_with_its_time_in_the_words_of_the_page(sana: Holder) -> None:
    assert "A fault we know of" not in await sana.see()
    by = datetime.now(UTC) + timedelta(days=2)  # a promise is given by a person's clock
    await declared(sana, promised_at=by.isoformat())
    page = await sana.see()
    assert "A fault we know of" in page
    assert "Rain comes in &lt;everywhere&gt; in the north." in page
    assert "We expect it to be mended by this time:" in text_of(page)
    assert OUT["te"] in await sana.see("?language=te")
    urdu = await sana.see("?language=ur")
    assert "Rain comes in &lt;everywhere&gt;" in urdu, "nobody said it in Urdu: then as the house says it"


async def test_news_of_a_fault_stand_there_and_its_end_asks_whether_it_is_solved(sana: Holder) -> None:
    path = await declared(sana)
    await lead(sana, "POST", f"{path}/updates", {"words": {"en": "Roofers are on their way."}})
    page = await sana.see()
    assert page.index("Rain comes in") < page.index("Roofers are on their way.")
    await lead(sana, "PUT", f"{path}/closing", {"words": {"en": "All roofs are mended."}})
    page = text_of(await sana.see())
    assert "This fault is mended." in page
    assert "All roofs are mended." in page
    assert "Is it solved?" in page
    assert await sana.press("solved", solved="yes") == "said=yes"


async def test_a_fault_that_is_about_something_else_is_not_told_any_more(sana: Holder) -> None:
    path = await declared(sana)
    await lead(sana, "DELETE", f"{path}/cases/{sana.case}")
    assert "Rain comes in" not in await sana.see()


async def test_a_late_promise_of_a_fault_is_no_time_to_be_told(sana: Holder) -> None:
    path = await declared(sana, promised_at=(datetime.now(UTC) + timedelta(days=2)).isoformat())
    await sana.shift.fetch(
        "UPDATE incident SET promised_at = wall_clock() - interval '1 minute' WHERE id = $1::uuid",
        path.removeprefix("/"),
    )
    page = await sana.see()
    assert "Rain comes in" in page
    assert "We expect it to be mended by this time" not in page
