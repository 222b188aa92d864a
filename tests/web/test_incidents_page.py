"""Faults that touch many, at the desk of who leads: declared, told, put right by hand, ended; and nobody else's business."""

from __future__ import annotations

import re

from tests.web.cases import held, tended
from tests.web.conftest import Visitor, text_of


async def declared(who: Visitor, **fields: str) -> str:
    """A fault that touches claims; the address of its page."""
    form = {"once": "one", "words_en": "Roofs leak in the north.", "request_type": "claim", **fields}
    assert await who.press("/desk/incidents", **form) == "/desk/incidents?said=declared"
    (path,) = set(re.findall(r'href="(/desk/incidents/[^"?]+)"', await who.see("/desk/incidents")))
    return str(path)


async def test_a_fault_is_declared_told_of_and_ended(ayesha: Visitor, supervisor: Visitor) -> None:
    matter = await held(ayesha, subject="My roof leaks")
    path = await declared(supervisor)
    assert "Roofs leak in the north." in await supervisor.see(path)
    told = await supervisor.press(f"{path}/updates", once="u", words_en="Roofers are on their way.", then="tell")
    assert told == f"{path}?said=told"
    assert await supervisor.press(f"{path}/cases/{matter.case_id}", about="it") == f"{path}?said=attached#attached"
    page = await supervisor.see(path)
    assert "Roofers are on their way." in page
    assert f'<a href="{matter.case}">' in page
    assert "A fault: Roofs leak in the north." in text_of(await ayesha.see(matter.case))
    assert await supervisor.press(f"{path}/cases/{matter.case_id}", about="other") == f"{path}?said=detached#attached"
    over = await supervisor.press(f"{path}/updates", once="v", words_en="It is mended.", then="close")
    assert over == f"{path}?said=incident_closed"
    assert "· over" in text_of(await supervisor.see(path))
    await tended(ayesha)


async def test_what_would_touch_everybody_or_says_nothing_is_refused_and_kept(supervisor: Visitor) -> None:
    status, page = await supervisor.refused("/desk/incidents", once="a", words_en="Something is broken.")
    assert (status, "else it would touch everybody" in page) == (422, True)
    assert "Something is broken.</textarea>" in page
    status, page = await supervisor.refused("/desk/incidents", once="b", request_type="claim", areas="north")
    assert (status, "Say in words" in page) == (422, True)
    assert 'value="claim" checked' in page
    assert 'value="north"' in page


async def test_a_representative_declares_nothing(ayesha: Visitor, supervisor: Visitor) -> None:
    path = await declared(supervisor)
    assert "Roofs leak" not in await ayesha.see(path, status=403)
    for verb in ("declaration", "dismissal", "updates", "reach"):
        assert (await ayesha.refused(f"{path}/{verb}", once="x"))[0] == 403, verb
    assert (await ayesha.refused("/desk/incidents", once="x", words_en="x", request_type="claim"))[0] == 403
