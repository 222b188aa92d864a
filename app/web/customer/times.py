"""Times as a customer reads them: the day in full, in their language, by the clock of their office. Never reads a clock."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from babel import Locale
from babel.dates import format_date, format_time

from app.web.show import zone_of
from channels.texts import say

_DAY: Final = {"ur": "EEEE، d MMMM"}
_DAY_ELSEWHERE: Final = "EEEE, d MMMM"
_TIME: Final = {"ur": "B h:mm", "te": "B h:mm"}
"""With the part of the day in words, before the hour, as one says it."""


class Times:
    """The times of one page."""

    def __init__(self, *, language: str, zone: str, now: datetime) -> None:
        self._language = language
        self._locale = Locale.parse(language)
        self._zone = zone_of(zone)
        self._now = now.astimezone(self._zone)

    def when(self, moment: datetime) -> str:
        """Tomorrow, Wednesday, 25 November, 2:05 PM: for what must not be missed."""
        return self._joined(self._near(moment), self.day(moment), self._time(moment))

    def at(self, moment: datetime) -> str:
        """Today, 2:05 PM; Monday, 23 November, 2:05 PM: for what is over."""
        return self._joined(self._near(moment) or self.day(moment), self._time(moment))

    def day(self, moment: datetime) -> str:
        """Wednesday, 25 November; with its year where it is another."""
        local = moment.astimezone(self._zone)
        pattern = _DAY.get(self._language, _DAY_ELSEWHERE)
        if local.year != self._now.year:
            pattern += " y"
        return format_date(local.date(), pattern, locale=self._locale)

    def late(self, moment: datetime) -> bool:
        """Whether it is past."""
        return moment < self._now

    def _time(self, moment: datetime) -> str:
        pattern = _TIME.get(self._language, "short")
        return format_time(moment, pattern, tzinfo=self._zone, locale=self._locale)

    def _near(self, moment: datetime) -> str:
        """Today or tomorrow; empty where it is neither."""
        days = (moment.astimezone(self._zone).date() - self._now.date()).days
        word = {0: "page.today", 1: "page.tomorrow"}.get(days)
        return say(word, self._language) if word is not None else ""

    def _joined(self, *parts: str) -> str:
        return ("، " if self._language == "ur" else ", ").join(part for part in parts if part)
