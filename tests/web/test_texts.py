"""The words of the pages: the same in every language, and none missing where the code asks for one."""

from __future__ import annotations

import re
import string
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app import errors
from app.queries.cases.timeline import KINDS, UNASKED
from app.queries.desk.frame import House
from app.web.show import Shown, direction, own_name, written_in
from app.web.words import DEFAULT, languages, words
from channels.texts.notices import NOTICES
from routing.lifecycle import CASE, INTERACTION, OUTCOME, PRESENCE

WEB = Path(__file__).resolve().parent.parent.parent / "app" / "web"
TEMPLATES = "\n".join(file.read_text() for file in WEB.glob("templates/*.html"))
CODE = "\n".join(file.read_text() for file in WEB.glob("*.py"))


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("language", sorted(languages()))
def test_every_language_says_everything_with_the_same_values(language: str) -> None:
    english, other = words(DEFAULT).texts, words(language).texts
    assert other.keys() == english.keys()
    assert {name: fields(text) for name, text in other.items()} == {
        name: fields(text) for name, text in english.items()
    }
    assert not [name for name, text in other.items() if not text.strip()]


def test_every_word_a_page_asks_for_is_written() -> None:
    asked = set(re.findall(r'(?:say|plain)\("([a-z_]+\.[a-z_]+)"[,)]', TEMPLATES))
    asked |= {f"said.{name}" for name in re.findall(r'said="([a-z_]+)"', CODE)}
    asked |= {f"sorry.{name}" for name in re.findall(r'sorry="([a-z_]+)"', CODE)}
    assert len(asked) > 80
    assert asked - words(DEFAULT).texts.keys() == set()


def test_every_state_and_every_end_has_a_word() -> None:
    known = words(DEFAULT).texts.keys()
    wanted = {f"state.{state}" for state in (*INTERACTION.states, *CASE.states)}
    wanted |= {f"presence.{state}" for state in PRESENCE.states}
    wanted |= {f"sorry.{outcome}" for outcome in OUTCOME.values()}
    assert wanted - known == set()


def test_every_event_of_a_story_has_a_sentence() -> None:
    left_out = {event for kind in UNASKED for event in KINDS[kind]}
    told = {f"case.{event}" for _, event in CASE.table} - left_out
    told |= {event for kind, events in KINDS.items() if kind not in UNASKED for event in events}
    known = words(DEFAULT).texts.keys()
    assert {f"told.{event.replace('.', '_')}" for event in told} - known == set()
    assert {f"notices.{kind}" for kind in NOTICES} - known == set()


def test_no_word_is_written_that_nobody_asks_for() -> None:
    by_code = {"said", "sorry", "state", "needs", "reasons", "declines", "outcomes", "channel", "keys", "presence", "home", "work", "other",
        "alarms", "befores", "by", "causes", "check", "check_reasons", "check_states", "clocks", "closings", "doings", "incident_states", "moves",
        "notices", "place", "promises", "relations", "consents", "reopenings", "root_causes", "solved", "told", "touch_kinds"}  # fmt: skip
    asked = set(re.findall(r"""["']([a-z_]+\.[a-z_]+)["']""", TEMPLATES + CODE))
    idle = {name for name in words(DEFAULT).texts if name not in asked and name.split(".")[0] not in by_code}
    assert idle == set()


def test_a_value_keeps_its_own_direction_and_stays_text() -> None:
    spoken = words("en")
    assert spoken.say("fact.ago", time="<b>5</b>") == "<bdi>&lt;b&gt;5&lt;/b&gt;</bdi> ago"
    assert spoken.plain("fact.ago", time="5") == "\u20685\u2069 ago"


def test_what_cannot_be_told_is_a_plain_word_and_never_a_code() -> None:
    from app.web.page import sentence

    assert sentence(words("en"), errors.Conflict("x", code="offer_gone")) == "offer_gone"
    assert sentence(words("en"), errors.Conflict("x", code="some_new_code")) == "unexpected"
    assert sentence(words("en"), errors.TooMany("x", retry_after_seconds=1)) == "often"
    assert sentence(words("en"), errors.Unauthenticated("x")) == "signed_out"


@pytest.mark.parametrize(
    ("text", "chosen", "marked"),
    [
        ("سارہ خان", "ur", "ur"),
        ("Sara Khan", "ur", None),
        ("  42: సారా", "te", "te"),
        ("Sara", "te", None),
        ("Sara", "en", "en"),
        ("سارہ", "en", None),
        ("4711", "ur", None),
        ("Sara", None, None),
        ("سارہ", "ur-Deva", None),
    ],
)
def test_a_text_is_marked_as_a_language_only_if_its_letters_can_be_of_it(
    text: str, chosen: str | None, marked: str | None
) -> None:
    assert written_in(text, chosen) == marked


@pytest.mark.parametrize(
    ("at", "english", "urdu"),
    [
        ("2026-11-22T17:05Z", "10:05\u202fPM", "رات 10:05"),
        ("2026-11-23T05:05Z", "Mon, Nov 23, 10:05\u202fAM", "پیر، 23 نومبر صبح 10:05"),
        ("2027-02-23T05:05Z", "Tue, Feb 23, 2027, 10:05\u202fAM", "منگل، 23 فروری، 2027 صبح 10:05"),
    ],
)
def test_a_time_is_told_by_the_clock_of_the_office_with_its_day_where_it_is_not_today(
    at: str, english: str, urdu: str
) -> None:
    house = House(requests={}, queues={}, offices={}, colleagues={})
    now = datetime(2026, 11, 22, 17, 30, tzinfo=UTC)
    for language, told in (("en", english), ("ur", urdu)):
        shown = Shown(words=words(language), house=house, zone="Asia/Karachi", now=now)
        assert shown.moment(datetime.fromisoformat(at)) == told


def test_languages_are_named_in_themselves() -> None:
    assert [own_name(code) for code in ("ur", "te", "en", "xx-unknown")] == ["اردو", "తెలుగు", "English", "xx-unknown"]
    assert [direction(code) for code in ("ur", "te", "xx-unknown", None)] == ["rtl", "ltr", "auto", "auto"]
