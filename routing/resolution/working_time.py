"""How much of the time between two instants is working time, and at which instant so much of it has passed.

Decides how spans of local time become instants: the union of all spans of a queue, each as long as it really is on the
nights the clocks change, with nothing counted twice where two of them run into each other. Never reads a clock and knows no
holidays: whoever asks brings the days.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from itertools import accumulate
from typing import Final, Protocol

from routing.hours import Span

LONGEST_DAYS: Final = 3_660
"""Further ahead nothing is due: who is open so seldom is due then."""
_BLOCK_DAYS: Final = 32
_MOST_KEPT: Final = 64
_ONE_DAY: Final = timedelta(days=1)


class Days(Protocol):
    """Which spans of local time begin on a day. `routing.hours.Hours` is one."""

    def on(self, day: date) -> tuple[Span, ...]:
        """The spans that begin on this day; one that closes no later than it opens lies on the next day too."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class _Block:
    """The openings of some days, in order and apart from each other. `before[i]`: seconds of the first i of them."""

    begins: float
    ends: float
    opens: tuple[float, ...]
    closes: tuple[float, ...]
    before: tuple[float, ...]

    def until(self, instant: float) -> float:
        """Seconds of working time from the block's beginning until then."""
        past = bisect_right(self.opens, instant)
        if past == 0:
            return 0.0
        return self.before[past - 1] + min(instant, self.closes[past - 1]) - self.opens[past - 1]

    def at(self, seconds: float) -> float:
        """The first instant at which so many seconds have passed; more than 0 and at most all of the block's."""
        past = bisect_right(self.before, seconds) - 1
        if past and self.before[past] == seconds:  # as early as can be: when the opening before it ends
            return self.closes[past - 1]
        return self.opens[past] + seconds - self.before[past]


class WorkingTime:
    """The working time of one queue. `days` None: around the clock. Instants are seconds since 1970."""

    def __init__(self, days: Days | None, zone: tzinfo) -> None:
        self._days = days
        self._zone = zone
        self._blocks: dict[int, _Block] = {}

    def between(self, start: float, end: float) -> float:
        """Seconds of working time from `start` until `end`; 0 where `end` is not later."""
        if end <= start:
            return 0.0
        if self._days is None:
            return end - start
        first, last = self._number(start), self._number(end)
        whole = sum(self._block(number).before[-1] for number in range(first, last))
        return whole + self._block(last).until(end) - self._block(first).until(start)

    def after(self, start: float, seconds: float) -> float:
        """The first instant from `start` on by which so much working time has passed: `start` itself for none.

        Never later than `LONGEST_DAYS` after `start`.
        """
        if seconds <= 0:
            return start
        if self._days is None:
            return start + seconds
        latest = start + LONGEST_DAYS * _ONE_DAY.total_seconds()
        number = self._number(start)
        wanted = seconds + self._block(number).until(start)
        while wanted > (block := self._block(number)).before[-1]:
            if block.ends >= latest:
                return latest
            wanted -= block.before[-1]
            number += 1
        return min(latest, max(start, block.at(wanted)))

    def _number(self, instant: float) -> int:
        """Which block an instant lies in. Blocks meet at local midnights, so the local date says it, but for a night
        in which a midnight is there twice."""
        number = datetime.fromtimestamp(instant, self._zone).toordinal() // _BLOCK_DAYS
        while instant < self._midnight(number):
            number -= 1
        while instant >= self._midnight(number + 1):
            number += 1
        return number

    def _block(self, number: int) -> _Block:
        found = self._blocks.get(number)
        if found is None:
            if len(self._blocks) >= _MOST_KEPT:
                self._blocks.clear()
            found = self._blocks[number] = self._made(number)
        return found

    def _made(self, number: int) -> _Block:
        begins, ends = self._midnight(number), self._midnight(number + 1)
        merged: list[tuple[float, float]] = []
        for first, last in sorted(self._spans(number)):
            opens, closes = max(first, begins), min(last, ends)
            if opens >= closes:
                continue
            if merged and opens <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(closes, merged[-1][1]))
            else:
                merged.append((opens, closes))
        return _Block(
            begins=begins,
            ends=ends,
            opens=tuple(opens for opens, _ in merged),
            closes=tuple(closes for _, closes in merged),
            before=(0.0, *accumulate(closes - opens for opens, closes in merged)),
        )

    def _spans(self, number: int) -> list[tuple[float, float]]:
        """As instants, all that may reach into the block: of two days before it, for a zone may skip a whole day."""
        assert self._days is not None, "around the clock has no spans"
        found = []
        first = date.fromordinal(number * _BLOCK_DAYS)
        for count in range(-2, _BLOCK_DAYS + 1):
            day = first + count * _ONE_DAY
            for span in self._days.on(day):
                last = day if span.closes > span.opens else day + _ONE_DAY
                found.append((self._instant(day, span.opens), self._instant(last, span.closes)))
        return found

    def _midnight(self, number: int) -> float:
        return self._instant(date.fromordinal(number * _BLOCK_DAYS), time())

    def _instant(self, day: date, at: time) -> float:
        """A local time as an instant: there twice, it is the first; not there at all, as long after midnight as it says."""
        return datetime.combine(day, at, tzinfo=self._zone).timestamp()
