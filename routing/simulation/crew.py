"""The representatives of a simulated day: who is on shift, what they hold, how long they were busy.

Decides when somebody may take something new, as the service does; never what. Everybody on shift is on the floor; whoever
goes home finishes the work in hand first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from routing.floor import Floor
from routing.model import Instant, Needs, Staff
from routing.simulation.agenda import Agenda
from routing.simulation.making import staff
from routing.simulation.scenario import Calendar, Team

HOUR_SECONDS = 3600.0
DAY_SECONDS = 86_400.0


class Person:
    """One representative today."""

    __slots__ = (
        "away", "breaks", "busy_seconds", "busy_since", "capped", "hour", "hour_taken", "id", "idle_since", "leaving", "live",
        "misses", "on", "on_seconds", "on_since", "pieces", "resting_until", "row", "taken", "team", "units",
    )  # fmt: skip

    def __init__(self, number: int, team: Team, row: Staff) -> None:
        self.id = f"{team.name}-{number:03}"
        self.team = team
        self.capped = team.per_hour is not None or team.per_day is not None
        self.row = row
        """As they stand when they hold nothing."""
        self.live = self.units = self.pieces = 0
        self.on = self.leaving = self.away = False
        self.breaks = 0
        self.idle_since = self.resting_until = 0.0
        self.busy_since = self.busy_seconds = self.on_since = self.on_seconds = 0.0
        self.hour = self.hour_taken = self.taken = 0
        self.misses = 0
        """Offers missed in a row."""


class Crew:
    """All representatives of a day."""

    def __init__(
        self, teams: tuple[Team, ...], *, calendar: Calendar, agenda: Agenda, floor: Floor, plan: Callable[[], None]
    ) -> None:
        self._agenda = agenda
        self._floor = floor
        self._replan = plan
        self.people: dict[str, Person] = {}
        self.on_shift: dict[str, int] = {}
        """How many are here for each queue, busy or not."""
        self._surplus = dict.fromkeys([team.name for team in teams], 0)
        """By team: so many of those at work go home, whoever is first without work."""
        self.members = {team.name: self._plan(team, calendar) for team in teams}

    def take(self, person: Person, needs: Needs) -> None:
        """They were offered something; the floor has counted it already."""
        if needs.live:
            person.live += 1
        if not needs.interrupts:  # only live work does
            person.units += needs.units
        person.pieces += 1
        if person.pieces == 1:
            person.busy_since = self._agenda.now

    def count_against_caps(self, person: Person) -> None:
        """They accepted, and so many an hour or a day are all they may."""
        team, now = person.team, self._agenda.now
        hour = int(now // HOUR_SECONDS)
        if hour != person.hour:
            person.hour, person.hour_taken = hour, 0
        person.hour_taken += 1
        person.taken += 1
        rest = 0.0
        if team.per_hour is not None and person.hour_taken >= team.per_hour:
            rest = (hour + 1) * HOUR_SECONDS
        if team.per_day is not None and person.taken >= team.per_day:
            rest = (now // DAY_SECONDS + 1) * DAY_SECONDS
        if rest > person.resting_until:
            person.resting_until = rest
            self._show(person)

    def release(self, person: Person, needs: Needs, *, worked: bool) -> None:
        """One piece less; whoever worked on it is idle from now on, whoever let it pass stays where they were."""
        now = self._agenda.now
        if needs.live:
            person.live -= 1
        if not needs.interrupts:
            person.units -= needs.units
        person.pieces -= 1
        if worked:
            person.idle_since = now
        if not person.pieces:
            person.busy_seconds += now - person.busy_since
            if person.leaving or self._surplus[person.team.name]:
                self._go(person)
                return
        self._show(person)

    def missed(self, person: Person, *, at_most: int) -> None:
        """They did not answer; after so many in a row they are away for a while."""
        person.misses += 1
        if person.misses >= at_most and person.on and not person.away:
            person.away = True
            person.misses = 0
            self._show(person)
            back = self._agenda.now + person.team.answering.away_seconds
            self._agenda.at(back, self._change, (self._back, person))

    def close(self, now: Instant) -> None:
        """The day is over: count what is still running."""
        for person in self.people.values():
            if person.pieces:
                person.busy_seconds += max(0.0, now - person.busy_since)
            if person.on:
                person.on_seconds += max(0.0, now - person.on_since)

    def _plan(self, team: Team, calendar: Calendar) -> list[Person]:
        """Everybody of a team, with their comings and goings written down."""

        def at(instant: Instant, act: Callable[[Any], None], what: object) -> None:
            self._agenda.at(instant, self._change, (act, what))

        number = sum(shift.people for shift in team.shifts) if team.shifts else max(team.people)
        members = [self._hire(each, team) for each in range(number)]
        if not team.shifts:
            for period in range(min(len(team.people), calendar.periods + 1)):
                at(calendar.opens + period * calendar.period_seconds, self._resize, (team, period))
            return members
        rest = iter(members)
        for shift in team.shifts:
            for person, _ in zip(rest, range(shift.people), strict=False):
                at(shift.begins, self._come, person)
                at(shift.ends, self._leave, person)
                for begins, ends in shift.breaks:
                    at(begins, self._pause, person)
                    at(ends, self._resume, person)
        return members

    def _change(self, change: tuple[Callable[[Any], None], Any]) -> None:
        """Somebody comes, goes, pauses or is back: then it is looked who can be given what."""
        act, what = change
        act(what)
        self._replan()

    def _hire(self, number: int, team: Team) -> Person:
        row = Staff(
            id=f"{team.name}-{number:03}",
            capacity=team.capacity,
            skills=frozenset(team.skills.items()),
            languages=team.languages,
            queues=team.queues,
            office=team.office,
            groups=team.groups,
        )
        person = self.people[row.id] = Person(number, team, row)
        return person

    def _resize(self, change: tuple[Team, int]) -> None:
        """As many of this team as this period has; of those too many the idle go first, then whoever is first done."""
        team, period = change
        members = self.members[team.name]
        self._surplus[team.name] = 0
        staying = [person for person in members if person.on and not person.leaving]
        more = team.people[period] - len(staying)
        for person in sorted(members, key=lambda each: (not each.leaving, each.id)):
            if more > 0 and (person.leaving or not person.on):
                self._come(person)
                more -= 1
        staying.sort(key=lambda each: (each.pieces, each.id))
        for person in staying[: max(0, -more)]:
            if person.pieces and team.capacity == 1:
                self._surplus[team.name] += 1
            else:
                self._leave(person)

    def _come(self, person: Person) -> None:
        person.leaving = False
        if not person.on:
            person.on = True
            person.on_since = person.idle_since = self._agenda.now
            for queue in person.team.queues:
                self.on_shift[queue] = self.on_shift.get(queue, 0) + 1
        self._show(person)

    def _leave(self, person: Person) -> None:
        if not person.on:
            return
        person.leaving = True
        if person.pieces:
            self._show(person)
        else:
            self._go(person)

    def _go(self, person: Person) -> None:
        """Home. Whoever goes although only the team had one too many is that one."""
        if not person.leaving:
            self._surplus[person.team.name] -= 1
        person.on = person.leaving = False
        person.on_seconds += self._agenda.now - person.on_since
        for queue in person.team.queues:
            self.on_shift[queue] -= 1
        self._floor.dismiss(person.id)

    def _pause(self, person: Person) -> None:
        person.breaks += 1
        self._show(person)

    def _resume(self, person: Person) -> None:
        person.breaks -= 1
        self._show(person)

    def _back(self, person: Person) -> None:
        person.away = False
        self._show(person)

    def _show(self, person: Person) -> None:
        """Put them on the floor as they are now."""
        if not person.on:
            return
        self._floor.staff(
            staff(
                person.row,
                live=person.live,
                units=person.units,
                available=not (person.leaving or person.away or person.breaks),
                idle_since=person.idle_since,
                resting_until=person.resting_until,
            )
        )
