"""The documents Twilio reads out and carries out.

Decides their shape. It never decides which of them a call gets, nor the words (they are in `channels.texts`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlencode
from xml.etree.ElementTree import Element, SubElement, tostring

from channels.base import House, Outcome, Refusal, RequestOption
from channels.cleaning import one_line
from channels.phone.menu import LANGUAGE, REQUEST, Step, options
from channels.phone.settings import Settings
from channels.phone.voices import Voice, voice_for
from channels.said import Said
from channels.texts import say, say_position, say_refusal, say_wait

CHANNEL: Final = "phone"
_GATHER_SECONDS: Final = 6
_WAIT_SECONDS: Final = 20  # between two announcements: often enough to be sure one is not forgotten
_CONNECTING_SECONDS: Final = 2
_MOST_NOTICES: Final = 3
_LONGEST_SENTENCE: Final = 500
_DEVANAGARI: Final = "ur-Deva"
_URDU_SCRIPT: Final = re.compile("[\u0600-\u06ff]")
_NUMBER: Final = re.compile(r"\+?[0-9]{2,15}")
_SIP: Final = re.compile(r"sips?:[^\s<>]{1,250}")
_CLIENT: Final = re.compile(r"client:[A-Za-z0-9_.-]{1,120}")


def menu(step: Step, house: House, settings: Settings) -> bytes:
    """A question, and before it what is broken for everybody, once the language is known. Twilio comes back to the step's own address with the keys, or with none."""
    response = Element("Response")
    offered = options(step, house)
    if step.name == REQUEST and not offered:
        _say(response, say("menu.nothing_offered", _words(step.language, settings)), step.language, settings)
        SubElement(response, "Hangup")
        return _document(response)
    if step.name == REQUEST and step.under is None and not step.tries:
        _say_all(response, [each.words for each in house.notices if _said_here(each)], step.language, settings)
    if step.tries:
        _say(response, say("menu.not_understood", _words(step.language, settings)), step.language, settings)
    choices = len(house.languages) if step.name == LANGUAGE else len(offered)
    gather = SubElement(
        response,
        "Gather",
        action=settings.url("menu", step.query),
        method="POST",
        input="dtmf",
        numDigits=str(len(str(choices))),
        timeout=str(_GATHER_SECONDS),
        actionOnEmptyResult="true",
    )
    if step.name == LANGUAGE:
        _ask_language(gather, house, settings)
    else:
        _ask_request(gather, step, offered, settings)
    return _document(response)


def waiting(outcome: Outcome, language: str, house: House, settings: Settings, *, missed: bool) -> bytes:
    """Place and wait as they are now, then the next look. `missed`: a representative's phone was not answered."""
    response = Element("Response")
    words = _words(language, settings)
    sentences = [
        *([say("call.not_connected", words)] if missed else []),
        say_position(outcome.position, words),
        say_wait(outcome.wait, words),
        *_notices(outcome, language, house, settings),
        say("entry.callback" if outcome.callback else "call.waiting", words),
    ]
    for sentence in sentences:
        _say(response, sentence, language, settings)
    if settings.music_url:
        SubElement(response, "Play").text = settings.music_url
    else:
        SubElement(response, "Pause", length=str(_WAIT_SECONDS))
    return _look_again(response, language, settings)


def connecting(language: str, settings: Settings) -> bytes:
    """Accepted: the call is about to be bridged from our side, so only a moment's silence."""
    response = Element("Response")
    SubElement(response, "Pause", length=str(_CONNECTING_SECONDS))
    return _look_again(response, language, settings)


def turned_away(refusal: Refusal, outcome: Outcome, language: str, house: House, settings: Settings) -> bytes:
    """What is known to be broken, why nobody can be let into the line, and when to call again; then the end."""
    response = Element("Response")
    for sentence in (
        *_notices(outcome, language, house, settings),
        *say_refusal(refusal, _words(language, settings)),
        say("call.goodbye", _words(language, settings)),
    ):
        _say(response, sentence, language, settings)
    SubElement(response, "Hangup")
    return _document(response)


def goodbye(language: str | None, settings: Settings) -> bytes:
    """The end, with a word for whoever is still on the line; without a language there is nobody to say it to."""
    response = Element("Response")
    if language:
        _say(response, say("call.goodbye", _words(language, settings)), language, settings)
    SubElement(response, "Hangup")
    return _document(response)


def bridge(desk: str, language: str, settings: Settings) -> bytes | None:
    """Connect the caller to a representative; None when `desk` is no place a call can go to."""
    noun, place = _dialled(desk)
    if noun is None:
        return None
    response = Element("Response")
    _say(response, say("call.connecting", _words(language, settings)), language, settings)
    dial = SubElement(
        response,
        "Dial",
        action=settings.url("wait", urlencode({"language": language})),
        method="POST",
        answerOnBridge="true",
        timeout=str(settings.ring_seconds),
    )
    if settings.caller_id:
        dial.set("callerId", settings.caller_id)
    SubElement(dial, noun).text = place
    return _document(response)


def label(option: RequestOption, language: str, voice: Voice) -> str:
    """What an option is called, in words this voice can read: else in English, else its code."""
    for tag in (voice.words or language, "en"):
        if option.labels.get(tag):
            return option.labels[tag]
    return option.code.replace("_", " ")


def _ask_language(gather: Element, house: House, settings: Settings) -> None:
    first = house.languages[0]
    _say(gather, say("call.welcome", _words(first, settings), house=house.name), first, settings)
    for digit, language in enumerate(house.languages, start=1):
        _say(gather, say("menu.language", _words(language, settings), digit=digit), language, settings)


def _ask_request(gather: Element, step: Step, offered: Sequence[RequestOption], settings: Settings) -> None:
    voice = voice_for(step.language, settings.voices)
    for digit, option in enumerate(offered, start=1):
        request = label(option, step.language, voice)
        words = say("menu.request", _words(step.language, settings), request=request, digit=digit)
        _say(gather, words, step.language, settings)


def _said_here(said: Said) -> bool:
    """Whether it is told to every caller, before they say what they want."""
    return not said.requests and (not said.channels or CHANNEL in said.channels)


def _notices(outcome: Outcome, language: str, house: House, settings: Settings) -> list[str]:
    """What the service says to this caller, in words their voice can read, without what they heard before the menu."""
    known = {each.to(language): each for each in house.notices}
    heard = {words for words, each in known.items() if _said_here(each)}
    told = [words for words in outcome.notices if words not in heard][:_MOST_NOTICES]
    return [_readable(known[words].words, language, settings) if words in known else words for words in told]


def _say_all(parent: Element, notices: Sequence[Mapping[str, str]], language: str, settings: Settings) -> None:
    for words in notices[:_MOST_NOTICES]:
        _say(parent, _readable(words, language, settings), language, settings)


def _readable(words: Mapping[str, str], language: str, settings: Settings) -> str:
    """Said in English to whoever's language has a voice that cannot read it."""
    tag = _words(language, settings)
    return words.get(tag) or words.get("en") or words.get(language) or next(iter(words.values()), "")


def _words(language: str, settings: Settings) -> str:
    """The catalogue whose words the voice of this language can read."""
    return voice_for(language, settings.voices).words or language


def _say(parent: Element, sentence: str, language: str, settings: Settings) -> None:
    voice = voice_for(language, settings.voices)
    words = one_line(sentence, _LONGEST_SENTENCE)
    unreadable = voice.words == _DEVANAGARI and _URDU_SCRIPT.search(words)
    if words and not unreadable:  # an empty or unreadable sentence is an error to Twilio
        SubElement(parent, "Say", voice=voice.name, language=voice.language).text = words


def _look_again(response: Element, language: str, settings: Settings) -> bytes:
    SubElement(response, "Redirect", method="POST").text = settings.url("wait", urlencode({"language": language}))
    return _document(response)


def _dialled(desk: str) -> tuple[str | None, str]:
    if _NUMBER.fullmatch(desk):
        return "Number", desk
    if _SIP.fullmatch(desk):
        return "Sip", desk
    if _CLIENT.fullmatch(desk):
        return "Client", desk.removeprefix("client:")
    return None, desk


def _document(response: Element) -> bytes:
    return bytes(tostring(response, encoding="UTF-8", xml_declaration=True))
