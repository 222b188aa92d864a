"""A period nobody lived in is refused, and breaks nothing."""

from __future__ import annotations

import pytest

from tests.api.conftest import House


@pytest.mark.parametrize("report", ["checks", "playbooks/repair"])
@pytest.mark.parametrize("end", ["0001-01-01T00:00:00Z", "1999-01-01T00:00:00Z"])
async def test_a_period_before_there_was_anything_is_refused(house: House, report: str, end: str) -> None:
    answer = await house.call("supervisor", "GET", f"/v1/reports/{report}?end={end}")
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_period")
