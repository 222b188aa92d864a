"""The page a supervisor reads: one file, no scripts, everything escaped, words beside every picture."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from routing.simulation.plain import of_comparison, of_result
from routing.simulation.reading import read
from routing.simulation.report import page
from routing.simulation.running import run, run_both
from routing.simulation.scenario import Scenario
from routing.simulation.words import number, seconds

NASTY = "<script>alert(1)</script> & 'co' \"x\""


class Tags(HTMLParser):
    """Every tag opened, and whether all were closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[str] = []
        self.stack: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.opened.append(tag)
        if tag != "meta":
            self.stack.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag


def scenario() -> Scenario:
    document = tomllib.loads("""
        replications = 3
        [day]
        opens = "08:00"
        [queues.calls]
        target_seconds = 60
        [request_types.call]
        queue = "calls"
        [arrivals.calls]
        request_type = "call"
        per_hour = 60
        service = { exponential = 120 }
        [teams.all]
        queues = ["calls"]
        people = 3
    """)
    return replace(read(document), name=NASTY)


@pytest.fixture(scope="module")
def pages() -> list[str]:
    one = scenario()
    compared = run_both(one, replace(one, teams=(replace(one.teams[0], people=(4,)),)))
    return [page(run(one)), page(compared.after, compared)]


def test_everything_from_a_scenario_is_escaped(pages: list[str]) -> None:
    for text in pages:
        assert "<script" not in text
        assert "&lt;script&gt;" in text


def test_a_page_is_well_formed_and_needs_nothing_else(pages: list[str]) -> None:
    for text in pages:
        tags = Tags()
        tags.feed(text)
        assert tags.stack == []
        assert not {"script", "link", "img", "iframe"} & set(tags.opened)
        assert "http" not in text.replace("http-equiv", "")


def test_every_picture_says_in_words_what_it_shows(pages: list[str]) -> None:
    for text in pages:
        assert text.count("<svg") == text.count('role="img" aria-label="') >= 4


def test_pictures_scale_to_the_page_and_wide_tables_scroll(pages: list[str]) -> None:
    for text in pages:
        assert 'name="viewport"' in text
        assert "svg{width:100%" in text
        assert text.count("<table") == text.count('<div class="scroll"><table')


def test_a_day_on_which_nobody_came_has_a_page_too() -> None:
    quiet = scenario()
    empty = run(replace(quiet, sources=(replace(quiet.sources[0], per_hour=(0.0,)),)))
    assert "<h1>" in page(empty)
    assert of_result(empty)["everybody"]["mean_wait"] is None


def test_the_plain_form_is_json_with_every_figure() -> None:
    one = scenario()
    told = json.loads(json.dumps(of_result(run(one)), allow_nan=False))
    wait = told["everybody"]["mean_wait"]
    assert wait["low"] <= wait["mean"] <= wait["high"]
    assert set(told["queues"]) == {"calls"}
    both = json.loads(json.dumps(of_comparison(run_both(one, one)), allow_nan=False))
    assert both["change"]["everybody"]["mean_wait"]["verdict"] == "unclear"


def test_numbers_read_as_people_say_them() -> None:
    assert seconds(12.34) == "12.3 s"
    assert seconds(245) == "4 min 05 s"
    assert seconds(7800) == "2 h 10 min"
    assert seconds(-245) == "-4 min 05 s"
    assert number(0.1234, "share") == "12.3 %"
    assert number(5000, "count") == "5,000"
