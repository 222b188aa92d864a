"""How people, times, spans and languages are shown, in the language of the page and the zone of the reader's office.

Decides forms only: what is escaped, which direction it has, which words stand for a code. Never reads a clock.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError
from babel.dates import format_skeleton, format_time, format_timedelta, get_datetime_format
from babel.numbers import format_decimal
from markupsafe import Markup

from app.queries.desk.frame import Held, House
from app.tables import Case, Customer, Interaction
from app.web.words import Words

SCRIPT_LETTERS = 4
MINUTE = timedelta(minutes=1)
_PART_OF_THE_DAY = frozenset({"ur"})


class Shown:
    """What the templates of one page ask for."""

    def __init__(self, *, words: Words, house: House, zone: str, now: datetime) -> None:
        self.now = now
        self.words = words
        self._house = house
        self._locale = Locale.parse(words.language)
        self._zone = zone_of(zone)

    def clock(self, moment: datetime) -> str:
        """2:32:10 PM"""
        return format_time(moment, self._pattern("B h:mm:ss", "medium"), tzinfo=self._zone, locale=self._locale)

    def moment(self, moment: datetime) -> str:
        """2:32 PM where it is today, else with its day: Mon, Nov 23, 2:32 PM; and the year where it is another."""
        time = format_time(moment, self._pattern("B h:mm", "short"), tzinfo=self._zone, locale=self._locale)
        local, today = moment.astimezone(self._zone), self.now.astimezone(self._zone)
        if local.date() == today.date():
            return time
        day = format_skeleton("MMMEd" if local.year == today.year else "yMMMEd", local.date(), locale=self._locale)
        return str(get_datetime_format("medium", locale=self._locale)).format(time, day)

    def until(self, moment: datetime) -> Markup:
        """in 2 hours; or 2 hours ago, where it is over: to the minute, so that a page that is read again says the same."""
        left = moment - self.now
        if left < timedelta():
            return self.ago(moment)
        span = format_timedelta(max(left, MINUTE), granularity="minute", threshold=1.5, locale=self._locale)
        return self.words.say("fact.ahead", time=span)

    def local(self, moment: datetime) -> str:
        """As a field of a form holds a moment: 2026-11-22T14:32, in the zone of the reader's office."""
        return moment.astimezone(self._zone).strftime("%Y-%m-%dT%H:%M")

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the reader's office."""
        return self._zone

    def span(self, seconds: float) -> str:
        """5 minutes"""
        return format_timedelta(timedelta(seconds=max(seconds, 0)), threshold=1.5, locale=self._locale)

    def ago(self, moment: datetime) -> Markup:
        """How long ago, to the minute: a page that is read again says the same."""
        passed = self.now - moment
        if passed < MINUTE:
            return self.words.say("fact.just_now")
        span = format_timedelta(passed, granularity="minute", threshold=1.5, locale=self._locale)
        return self.words.say("fact.ago", time=span)

    def seconds_until(self, moment: datetime) -> int:
        """Whole seconds from now; 0 when it is over."""
        return max(0, int((moment - self.now).total_seconds()))

    def language_name(self, code: str) -> str:
        """A language's name in the language of the page."""
        found = _locale(code)
        return (found.get_display_name(self._locale) if found else None) or code

    def customer(self, customer: Customer | None) -> Markup:
        """Who it is, set apart: a name keeps its own direction and its own letters."""
        if customer is None or not customer.name:
            return self.words.say("work.unknown_customer")
        language = written_in(customer.name, customer.language)
        if language is None:
            return Markup("<bdi>{}</bdi>").format(customer.name)
        return Markup('<bdi lang="{}">{}</bdi>').format(language, customer.name)

    def customer_name(self, customer: Customer | None) -> str:
        """The same as text, for titles and for what is read aloud."""
        return customer.name if customer and customer.name else self.words.plain("work.unknown_customer")

    def request(self, code: str | None) -> str:
        """What somebody wants, in the language of the page where the configuration has it."""
        found = self._house.requests.get(code or "")
        if found is None:
            return code or self.words.plain("fact.not_given")
        return found.labels.get(self.words.language) or next(iter(found.labels.values()), found.code)

    def number(self, amount: float) -> str:
        """1,250.5"""
        return format_decimal(amount, locale=self._locale)

    def queue(self, code: str | None) -> str:
        """What a queue is called."""
        found = self._house.queues.get(code or "")
        return found.name if found else code or ""

    def about(self, case: Case) -> str:
        """What a case is about, in one line: its subject, else what was wanted."""
        return case.subject or (
            self.request(case.request_type) if case.request_type else self.words.plain("talk.no_subject")
        )

    def step(self, words: Mapping[str, str]) -> tuple[str | None, str]:
        """What a step says, in the language of the page where it is written in it: (language, words)."""
        for language in (self.words.language, "en", *words):
            if language in words:
                return language, words[language]
        return None, ""

    def needs(self, held: Held) -> list[str]:
        """What to heed with this customer, and why they were earlier: each once, in the page's words."""
        codes = [*(held.customer.needs if held.customer else ()), *held.interaction.head_start_reasons]
        return [self.words.known("needs", code) for code in dict.fromkeys(codes)]

    def reasons(self, interaction: Interaction) -> str:
        """Why somebody has an earlier place."""
        return " · ".join(self.words.known("needs", code) for code in interaction.head_start_reasons)

    def _pattern(self, in_words: str, otherwise: str) -> str:
        """With the part of the day in words, before the hour, where one says it so."""
        return in_words if self.words.language in _PART_OF_THE_DAY else otherwise


def own_name(code: str) -> str:
    """A language's name in itself: اردو."""
    found = _locale(code)
    return (found.get_display_name() if found else None) or code


def direction(code: str | None) -> str:
    """`rtl`, `ltr`, or `auto` where the language is not known: then the letters themselves decide."""
    found = _locale(code) if code else None
    return "auto" if found is None else found.text_direction


def written_in(text: str, candidate: str | None) -> str | None:
    """`candidate` where the first letter can be of that language; None: nobody knows what language this is.

    Who chose Urdu may well write English; marked as Urdu, it would be read aloud and set wrongly.
    """
    for letter in text:
        kind = unicodedata.bidirectional(letter)
        if kind in {"R", "AL"}:
            return candidate if direction(candidate) == "rtl" else None
        if kind == "L":
            latin = unicodedata.name(letter, "").startswith("LATIN")
            return candidate if direction(candidate) == "ltr" and latin == (candidate == "en") else None
    return None


@cache
def zone_of(name: str) -> ZoneInfo:
    """The time zone, or UTC where nobody knows it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


@cache
def _locale(code: str) -> Locale | None:
    """The locale; None where it is not known, or known only in another script: that would have the wrong direction."""
    try:
        found = Locale.parse(code, sep="-")
    except (UnknownLocaleError, ValueError):
        return None
    script = next((part for part in code.split("-")[1:] if len(part) == SCRIPT_LETTERS), None)
    return found if script in (None, found.script) else None
