"""Times as a customer reads them: the day in full, in their language, by the clock of their office. Never reads a clock."""

from __future__ import annotations

from datetime import datetime, timedelta
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
        """Tomorrow, Wednesday, 25 November, 2:05 PM"""
        pattern = _TIME.get(self._language, "short")
        time = format_time(moment, pattern, tzinfo=self._zone, locale=self._locale)
        return self._comma(self.day(moment), time)

    def day(self, moment: datetime) -> str:
        """Tomorrow, Wednesday, 25 November; with its year where it is another."""
        local = moment.astimezone(self._zone)
        pattern = _DAY.get(self._language, _DAY_ELSEWHERE)
        if local.year != self._now.year:
            pattern += " y"
        day = format_date(local.date(), pattern, locale=self._locale)
        near = {self._now.date(): "page.today", self._now.date() + timedelta(days=1): "page.tomorrow"}.get(local.date())
        return self._comma(say(near, self._language), day) if near is not None else day

    def late(self, moment: datetime) -> bool:
        """Whether it is past."""
        return moment < self._now

    def _comma(self, first: str, second: str) -> str:
        return f"{first}{'،' if self._language == 'ur' else ','} {second}"
