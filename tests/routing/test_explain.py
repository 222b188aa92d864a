"""Every offer can be explained by the keys it was chosen by."""

from __future__ import annotations

from uuid import UUID

from routing.explain import explain
from routing.model import Needs, Staff, Step, Waiting

CALL, ANY = Needs(queue="calls", language="ur"), Needs(queue="calls")
CALLER = Waiting(id=UUID(int=1), needs=CALL, due=100.0, steps=(Step(deadline=90.0, needs=ANY),), preferred="amy")
AMY = Staff(id="amy", capacity=4, units=1, idle_since=40.0)


def test_an_explanation_names_the_keys_the_plan_went_by() -> None:
    found = explain(CALLER, AMY, now=130.0, scarcity=3)
    assert found.overdue_seconds == 30
    assert found.preferred
    assert (found.scarcity, found.load_ratio, found.idle_seconds) == (3, 0.25, 90)


def test_an_explanation_shows_which_needs_stood() -> None:
    assert (explain(CALLER, AMY, now=89.0).needs, explain(CALLER, AMY, now=89.0).relaxed_steps) == (CALL, 0)
    assert (explain(CALLER, AMY, now=90.0).needs, explain(CALLER, AMY, now=90.0).relaxed_steps) == (ANY, 1)
