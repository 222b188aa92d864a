"""What the benchmarks print beside their figures: how the last release did."""

from __future__ import annotations

from tests.benchmarks.__main__ import _compared


def test_the_last_releases_ratio_stands_beside_a_figure() -> None:
    before = {"offers": {"figure": "offers", "ratio": 5.4}}
    assert _compared({"figure": "offers", "ratio": 5.1}, before) == {"last_release": 5.4}
    assert _compared({"figure": "new", "ratio": 1.0}, before) == {}


def test_a_count_which_has_no_ratio_is_printed_by_itself() -> None:
    before = {"tables": {"figure": "tables", "value": 0}}
    assert _compared({"figure": "tables", "value": 0}, before) == {}
