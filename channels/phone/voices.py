"""Which voice speaks which language.

Decides the `voice` and `language` of each spoken sentence, and in which script its words must be. It never decides what
is said. Names are from Twilio's list of voices; a voice that Twilio does not know would cost the caller the call.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, kw_only=True, slots=True)
class Voice:
    """`words`: the catalogue this voice can read aloud; None: the language's own."""

    language: str
    name: str
    words: str | None = None


# Twilio lists voices for English and Telugu but none for Urdu: so a Hindi voice reads Urdu in Devanagari. Google itself
# has ur-IN voices; where an account can use them, TWILIO_VOICES names one and the words are in Urdu script again.
_DEFAULTS: Final[Mapping[str, Voice]] = {
    "en": Voice(language="en-IN", name="Google.en-IN-Standard-A"),
    "hi": Voice(language="hi-IN", name="Google.hi-IN-Standard-A"),
    "te": Voice(language="te-IN", name="Google.te-IN-Standard-A"),
    "ur": Voice(language="hi-IN", name="Google.hi-IN-Standard-A", words="ur-Deva"),
}


def voice_for(language: str, chosen: Mapping[str, Voice]) -> Voice:
    """The voice for a language; a language without one gets the English voice and English words: never no voice."""
    plain = language.split("-", 1)[0]
    for voices in (chosen, _DEFAULTS):
        for tag in (language, plain):
            if tag in voices:
                return voices[tag]
    english = _DEFAULTS["en"]
    return Voice(language=english.language, name=english.name, words="en")


def read_voices(text: str) -> Mapping[str, Voice]:
    """ "ur=ur-IN:Google.ur-IN-Chirp3-HD-Leda,te=..." as voices. Raises ValueError with one plain line."""
    voices = {}
    for entry in filter(None, (entry.strip() for entry in text.split(","))):
        ours, equals, theirs = entry.partition("=")
        language, colon, name = theirs.partition(":")
        if not (equals and colon and ours.strip() and language.strip() and name.strip()):
            raise ValueError(f"TWILIO_VOICES must be like ur=ur-IN:NAME,te=te-IN:NAME; {entry[:60]!r} is not.")
        voices[ours.strip()] = Voice(language=language.strip(), name=name.strip())
    return voices
