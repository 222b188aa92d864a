"""How times, shares and numbers by period are read from a scenario. Decides what is one, never what it is for."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

from routing.rules.fields import Table, near
from routing.simulation.scenario import Mix
from routing.simulation.times import Kind, Law

DAY_SECONDS: Final = 86_400.0
LONGEST_SECONDS: Final = 7 * DAY_SECONDS
MOST_PERIODS: Final = 1_000
MOST_VALUES: Final = 100_000
MOST_SHARES: Final = 100
MOST_SPREAD: Final = 10.0
_KINDS: Final[tuple[Kind, ...]] = ("fixed", "exponential", "lognormal", "gamma")
_LAW: Final = (*_KINDS, "spread", "values", "weights")
_ROUNDING: Final = 1e-6

ONE_LAW: Final = "must be a number of seconds, or a table with one of fixed, exponential, lognormal, gamma, values"


def law(table: Table, key: str, *, least_seconds: float = 0.0) -> Law | None:
    """The law at `key`; None where nothing is said, or where it is wrong: then that is noted."""
    found = table.raw(key)
    if found is None:
        return None
    if not isinstance(found, Mapping):
        return _fixed(table, key, found, least_seconds)
    inner = table.table(key, _LAW)
    kinds = [kind for kind in _KINDS if inner.has(kind)]
    if len(kinds) + inner.has("values") != 1:
        table.fault(ONE_LAW, key)
        return None
    if not kinds:
        values = numbers(inner, "values", 0.0, LONGEST_SECONDS, most=MOST_VALUES)
        weights = numbers(inner, "weights", 0.0, 1e9, most=MOST_VALUES) if inner.has("weights") else ()
        if weights and (len(weights) != len(values) or not any(weights)):
            inner.fault("must be as many as the values, and not all 0", "weights")
            return None
        return Law(kind="empirical", values=values, weights=weights) if values else None
    means = numbers(inner, kinds[0], least_seconds, LONGEST_SECONDS)
    spread = inner.number("spread", 0.01, MOST_SPREAD, 1.0)
    if inner.has("spread") and kinds[0] not in ("lognormal", "gamma"):
        inner.fault("belongs to lognormal and gamma only", "spread")
    return Law(kind=kinds[0], means=means, spread=spread) if means else None


def _fixed(table: Table, key: str, found: object, least_seconds: float) -> Law | None:
    if not _is_number(found):
        table.fault(ONE_LAW, key)
        return None
    return Law(kind="fixed", means=(table.number(key, least_seconds, LONGEST_SECONDS),))


def numbers(table: Table, key: str, low: float, high: float, *, most: int = MOST_PERIODS) -> tuple[float, ...]:
    """One number, or a list of them, each from `low` to `high`; it must be there."""
    found = table.raw(key)
    if not isinstance(found, list | tuple):
        return (table.number(key, low, high),)
    if not found:
        table.fault("must not be empty", key)
    checked: list[float] = []
    for place, value in enumerate(table.items(key, most)):
        if not _is_number(value):
            table.fault("must be a number", key, str(place))
        elif not low <= value <= high:
            table.fault(f"must be between {low:,} and {high:,}", key, str(place))
        else:
            checked.append(float(value))
    return tuple(checked)


def wholes(table: Table, key: str, high: int) -> tuple[int, ...]:
    """The same with whole numbers from 0 on."""
    found = numbers(table, key, 0, high)
    if any(value != int(value) for value in found):
        table.fault("must be a whole number, or a list of them", key)
    return tuple(int(value) for value in found)


def mix(table: Table, key: str) -> Mix:
    """Names with shares that are 1 together; one name alone may stand for itself. Empty where nothing is said."""
    found = table.raw(key)
    if isinstance(found, str):
        return ((table.text(key, 60), 1.0),)
    shares = chances(table, key)
    if shares and not math.isclose(sum(share for _, share in shares), 1.0, abs_tol=_ROUNDING):
        table.fault("the shares must be 1 together", key)
    return shares


def chances(table: Table, key: str, *, known: Collection[str] | None = None, what: str = "name") -> Mix:
    """Names, each with a chance from 0 to 1. `known`: the names there are."""
    inner = table.table(key)
    if len(inner.names) > MOST_SHARES:
        inner.fault(f"must not have more than {MOST_SHARES} entries")
        return ()
    for name in inner.names:
        if known is not None and name not in known:
            inner.fault(f"there is no such {what}{near(str(name), known)}", str(name))
    return tuple((str(name), inner.number(name, 0, 1)) for name in inner.names)


def instant(text: object, note: Callable[[str], None]) -> float:
    """ "08:30" as seconds after midnight; "24:00" is the end of the day."""
    hours, colon, minutes = text.partition(":") if isinstance(text, str) else ("", "", "")
    if colon and len(hours) == len(minutes) == 2 and (hours + minutes).isascii() and (hours + minutes).isdecimal():
        seconds = int(hours) * 3600.0 + int(minutes) * 60.0
        if int(minutes) < 60 and seconds <= DAY_SECONDS:
            return seconds
    note('must be a time like "08:30"')
    return 0.0


def span(text: object, note: Callable[[str], None]) -> tuple[float, float]:
    """ "12:00-12:30" as two instants; one that ends not later than it begins ends on the next day."""
    begins, dash, ends = text.partition("-") if isinstance(text, str) else ("", "", "")
    if not dash:
        note('must be like "08:00-16:00"')
        return 0.0, DAY_SECONDS
    first, last = instant(begins, note), instant(ends, note)
    return first, last if last > first else last + DAY_SECONDS


def texts(found: Sequence[Any], note: Callable[[str, str], None]) -> frozenset[str]:
    """A set of names."""
    for place, value in enumerate(found):
        if not isinstance(value, str) or not 0 < len(value) <= 60:
            note("must be a name in quotes", str(place))
    return frozenset(value for value in found if isinstance(value, str))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
