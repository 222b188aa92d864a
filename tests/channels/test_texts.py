from __future__ import annotations

import ast
import string
from pathlib import Path

import pytest

import channels
from channels.base import Wait
from channels.texts import CATALOGUES, DEFAULT, say, say_position, say_wait

HOUSE_LANGUAGES = ["en", "te", "ur"]
SPOKEN = {"wait", "position", "menu", "call", "entry", "day"}
SCRIPTS = {"ur": ("\u0600", "\u06ff"), "te": ("\u0c00", "\u0c7f"), "ur-Deva": ("\u0900", "\u097f")}


def placeholders(words: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(words) if name is not None}


def keys_in_code() -> set[str]:
    folder = Path(channels.__path__[0])
    trees = [ast.parse(file.read_text("utf-8")) for file in folder.rglob("*.py")]
    return {
        node.value
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_there_are_three_languages_and_urdu_for_hindi_voices() -> None:
    assert sorted(CATALOGUES) == ["en", "te", "ur", "ur-Deva"]


@pytest.mark.parametrize("language", HOUSE_LANGUAGES)
def test_every_key_is_there_in_every_language(language: str) -> None:
    assert CATALOGUES[language].keys() == CATALOGUES[DEFAULT].keys()


def test_every_spoken_key_is_there_for_voices_that_cannot_read_urdu() -> None:
    spoken = {key for key in CATALOGUES[DEFAULT] if key.partition(".")[0] in SPOKEN}
    assert CATALOGUES["ur-Deva"].keys() == spoken


@pytest.mark.parametrize("language", sorted(CATALOGUES))
def test_every_language_says_the_same_values(language: str) -> None:
    for key, words in CATALOGUES[language].items():
        assert placeholders(words) == placeholders(CATALOGUES[DEFAULT][key]), key


@pytest.mark.parametrize("language", sorted(SCRIPTS))
def test_a_language_is_written_in_its_own_script(language: str) -> None:
    first, last = SCRIPTS[language]
    for key, words in CATALOGUES[language].items():
        bare = "".join(text for text, _, _, _ in string.Formatter().parse(words))
        assert not any(letter.isascii() and letter.isalpha() for letter in bare), key
        assert any(first <= letter <= last for letter in bare), key


def test_no_key_is_unused() -> None:
    assert set(CATALOGUES[DEFAULT]) - keys_in_code() == set()


def test_an_unknown_language_is_answered_in_english() -> None:
    assert say("position.first", "xx") == say("position.first", None) == "You are next in line."


def test_a_variety_of_a_language_falls_back_to_it() -> None:
    assert say("visit.seated", "ur-Deva") == say("visit.seated", "ur")


def test_an_unknown_key_is_our_mistake() -> None:
    with pytest.raises(KeyError):
        say("wait.no_such_key", "ur")


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0, 0, "It should take about a minute."),
        (30, 60, "It should take about a minute."),
        (0, 61, "It should take about 1 to 2 minutes."),
        (300, 720, "It should take about 5 to 12 minutes."),
        (330, 661, "It should take about 5 to 12 minutes."),
        (120, 120, "It should take about 2 minutes."),
        (720, 300, "It should take about 5 to 12 minutes."),
        (600, 5_400, "It should take about 10 to 90 minutes."),
        (600, 5_401, "It may take up to 2 hours."),
        (3_600, 9_000, "It may take 1 to 3 hours."),
        (-5, 90_000, "It may take up to 25 hours."),
    ],
)
def test_a_wait_is_said_as_a_range_rounded_outwards(low: int, high: int, said: str) -> None:
    assert say_wait(Wait(low_seconds=low, high_seconds=high), "en") == said


def test_a_wait_nobody_knows_is_not_invented() -> None:
    assert say_wait(None, "en") == "We cannot say yet how long it will take."
    assert not any(digit.isdigit() for language in CATALOGUES for digit in say_wait(None, language))


def test_a_place_in_line_is_said_when_it_is_known() -> None:
    assert say_position(1, "en") == "You are next in line."
    assert say_position(7, "en") == "You are number 7 in line."
    assert say_position(None, "en") == "You are in line."
    assert "7" in say_position(7, "ur")
    assert "7" in say_position(7, "te")
