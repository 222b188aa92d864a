"""What the clocks on the wall say at an instant of a simulated day, in the zone of each queue.

Decides which zone a queue's hours are in; whether it is open, `routing.hours` decides. A day without a zone is a day of
plain hours: then every queue's hours are read on the day's own clock.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from routing.model import Instant
from routing.rules.model import Fault
from routing.simulation.scenario import Calendar, Scenario


class Clock:
    """The clock of one queue; instants are seconds after the day's midnight."""

    def __init__(self, calendar: Calendar, own: str | None) -> None:
        """`own`: the queue's zone; None: the day's."""
        self._midnight = datetime.combine(calendar.date, time())
        self._zone: ZoneInfo | None = None
        self._since = 0.0
        if calendar.timezone is not None:
            self._zone = ZoneInfo(own or calendar.timezone)
            self._since = self._midnight.replace(tzinfo=ZoneInfo(calendar.timezone)).timestamp()

    def local(self, instant: Instant) -> datetime:
        """What the clock shows then."""
        if self._zone is None:
            return self._midnight + timedelta(seconds=instant)
        return datetime.fromtimestamp(self._since + instant, self._zone).replace(tzinfo=None)

    def instant(self, local: datetime) -> Instant:
        """When the clock shows this, for the first time on a night it is set back."""
        if self._zone is None:
            return (local - self._midnight).total_seconds()
        return local.replace(tzinfo=self._zone).timestamp() - self._since


def zone_faults(scenario: Scenario) -> Iterator[Fault]:
    """Zones there are not, and queues in zones of which nobody could say how they lie to the day's."""
    zone = scenario.calendar.timezone
    if zone is not None and not is_zone(zone):
        yield Fault(path=("day", "timezone"), reason=f"there is no time zone {zone!r}")
    own = {
        code: queue.hours.timezone
        for code, queue in scenario.rules.queues.items()
        if queue.hours is not None and queue.hours.timezone is not None
    }
    for code, name in own.items():
        if not is_zone(name):
            yield Fault(path=("queues", code, "hours", "timezone"), reason=f"there is no time zone {name!r}")
    if zone is None and own:
        yield Fault(path=("day", "timezone"), reason="must be given where a queue has a time zone of its own")


def is_zone(name: str) -> bool:
    """Whether this machine knows a time zone of this name."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
