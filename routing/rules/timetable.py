"""When a queue is served, as the document says it: spans of local time by day, dates of their own, a country's holidays.

Decides whether the times are sound and whether any two of them overlap, over midnight and around the week too. Which zones
there are and which countries have holidays is not known here: whoever has those lists checks them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, time, timedelta
from itertools import pairwise
from typing import Final

from routing.hours import Hours, Span
from routing.rules.fields import Table
from routing.rules.model import HoursRule

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MOST_SPANS: Final = 24
MOST_EXCEPTIONS: Final = 1_000
YEARS: Final = range(2000, 2200)
_KEYS: Final = frozenset({"timezone", "exceptions", "holidays", *DAYS})
_SPAN: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-((?:[01]\d|2[0-3]):[0-5]\d|24:00)", re.ASCII)
_HOLIDAYS: Final = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,4})?")
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_DAY: Final = 24 * 60
_WEEK: Final = 7 * _DAY

Spans = tuple[tuple[str, str], ...]


def read_hours(within: Table) -> HoursRule | None:
    """The hours of a queue; None: it has none, so it is always open."""
    if not within.has("hours"):
        return None
    table = within.table("hours", _KEYS)
    before = len(table.wrong)
    weekly = {day: _spans(table, day) for day in DAYS if table.has(day)}
    days = table.table("exceptions")
    if len(days.names) > MOST_EXCEPTIONS:
        days.fault(f"must not have more than {MOST_EXCEPTIONS:,} entries")
    exceptions = {day: _spans(days, day) for day in days.names[:MOST_EXCEPTIONS] if _is_date(days, day)}
    rule = HoursRule(
        timezone=table.text("timezone", 60) if table.has("timezone") else None,
        weekly={day: spans for day, spans in weekly.items() if spans},
        exceptions=exceptions,
        holidays=_country(table),
    )
    if len(table.wrong) == before:
        _check(table, rule)
    return rule


def hours_of(rule: HoursRule | None, holidays: frozenset[date] = frozenset()) -> Hours | None:
    """The rule as hours that can be asked; None stays None (always open). `holidays`: the days of `rule.holidays`."""
    if rule is None:
        return None
    return Hours(
        weekly={number: _of(rule.weekly[day]) for number, day in enumerate(DAYS) if day in rule.weekly},
        exceptions={date.fromisoformat(day): _of(spans) for day, spans in rule.exceptions.items()},
        holidays=holidays,
    )


def _of(spans: Spans) -> tuple[Span, ...]:
    return tuple(Span(opens=time.fromisoformat(opens), closes=time.fromisoformat(closes)) for opens, closes in spans)


def _spans(table: Table, day: str) -> Spans:
    found = []
    for number, text in enumerate(table.items(day, MOST_SPANS)):
        if isinstance(text, str) and _SPAN.fullmatch(text):
            opens, _, closes = text.replace("24:00", "00:00").partition("-")
            found.append((opens, closes))
        else:
            table.fault('must be like "09:00-17:30"', day, str(number))
    return tuple(found)


def _is_date(table: Table, day: str) -> bool:
    try:
        found = date.fromisoformat(day) if _DATE.fullmatch(day) else None
    except ValueError:
        found = None
    if found is None or found.year not in YEARS:
        table.fault('must be a date like "2027-03-20"', day)
        return False
    return True


def _country(table: Table) -> str | None:
    if not table.has("holidays"):
        return None
    country = table.text("holidays", 7)
    if country and not _HOLIDAYS.fullmatch(country):
        table.fault('must be a country like "PK", or a part of one like "IN-TG"', "holidays")
    return country


def _check(table: Table, rule: HoursRule) -> None:
    if not any(rule.weekly.values()) and not any(rule.exceptions.values()):
        table.fault("is never open; leave hours out for a queue that is always open")
    for day, others in _overlaps(rule.weekly).items():
        table.fault(f"overlaps with {others}", day)
    for day in rule.exceptions:
        if own := _overlap_of_date(rule, date.fromisoformat(day)):
            table.fault(f"overlaps with {own}", "exceptions", day)


def _overlaps(weekly: Mapping[str, Spans]) -> Mapping[str, str]:
    """Each day with a span that begins before an earlier one has ended, and which that is; Monday follows Sunday."""
    spans = sorted(
        (DAYS.index(day) * _DAY + begin, end - begin, day) for day in weekly for begin, end in _minutes(weekly[day])
    )
    found: dict[str, str] = {}
    for number, (begin, length, day) in enumerate(spans):
        after, _, other = spans[(number + 1) % len(spans)]
        gap = (after - begin) % _WEEK if len(spans) > 1 else _WEEK
        if gap < length:
            found[other] = "another span of the same day" if other == day else f"the night of {day}"
    return found


def _overlap_of_date(rule: HoursRule, day: date) -> str | None:
    """What a date's own spans run into: each other, the night before, or the next day."""
    own = sorted(_minutes(rule.exceptions[day.isoformat()]))
    if any(begin < end for (_, end), (begin, _) in pairwise(own)):
        return "another span of the same day"
    if not own:
        return None
    night = max((end - _DAY for _, end in _minutes(_spans_on(rule, day - timedelta(days=1)))), default=0)
    if own[0][0] < night:
        return "the night before"
    following = _minutes(_spans_on(rule, day + timedelta(days=1)))
    if any(begin < end - _DAY for begin, _ in following for _, end in own):
        return "the next day"
    return None


def _spans_on(rule: HoursRule, day: date) -> Spans:
    return rule.exceptions.get(day.isoformat(), rule.weekly.get(DAYS[day.weekday()], ()))


def _minutes(spans: Sequence[tuple[str, str]]) -> list[tuple[int, int]]:
    """From and until, in minutes since the day's midnight; what ends on the next day ends past 24 * 60."""
    found = []
    for opens, closes in spans:
        begin, end = _minute(opens), _minute(closes)
        found.append((begin, end if end > begin else end + _DAY))
    return found


def _minute(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])
