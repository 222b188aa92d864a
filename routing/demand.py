"""How much each group of representatives is needed elsewhere, by who is free at this moment.

What can be asked for are the kinds of work the rules know, and every language and office; where no kinds were told,
every queue and every skill at each level instead. Each of these is an `Ask`, and counts the free room of all who could
take it: the less room, the more each of its holders is kept free. It knows no history and no clock: the same rows weigh
the same. Decides no offer.

Counting is put off until somebody must be weighed: whoever becomes free and is busy again before that costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from routing.groups import Ask, Group
from routing.model import Needs
from routing.needs import meets
from routing.rank import needed


class Demand:
    """All that can be asked for."""

    def __init__(self) -> None:
        self.kinds: frozenset[Needs] = frozenset()
        """The kinds of work the rules know; empty: none were told."""
        self._asks: dict[str | Needs, Ask] = {}
        self._shifted: dict[Group, None] = {}
        """Groups whose free room changed since it was last counted."""
        self._counts = 0
        """How often it was counted: what a group weighs stays until then."""

    def expect(self, kinds: frozenset[Needs], groups: Iterable[Group]) -> None:
        """From now on these are the kinds of work; every group is told anew what it is needed for."""
        known = list(groups)
        for group in known:
            self.leave(group)
        self.kinds = kinds
        for group in known:
            self.join(group)

    def join(self, group: Group) -> None:
        """A group came to be: what it can be asked for."""
        counted, weighed = self._asked_of(group)
        group.counted = tuple([self._ask(each) for each in counted])
        group.weighed = tuple([self._asks[each] for each in weighed])
        for ask in group.counted:
            ask.holders += 1
        self._counts += 1
        group.counted_room = 0
        self.shift(group, 0)

    def leave(self, group: Group) -> None:
        """A group is no more."""
        for ask in group.counted:
            ask.room -= group.counted_room
            ask.holders -= 1
            if not ask.holders:
                del self._asks[ask.what]
        self._counts += 1
        self._shifted.pop(group, None)

    def shift(self, group: Group, units: int) -> None:
        """Its members have room for so many units more, or less."""
        group.room += units
        if group.room == group.counted_room:
            self._shifted.pop(group, None)
        else:
            self._shifted[group] = None

    def weigh(self, group: Group) -> int:
        """How much each of its members is needed elsewhere now, in units of `rank.NEEDED`."""
        ahead, shifted = 0, self._shifted
        if shifted:
            if len(shifted) == 1 and group in shifted:
                # Nearly always: one of them became free, and will be busy again before anybody else is weighed.
                ahead = group.room - group.counted_room
            else:
                self._count()
        known = group.weight
        if known[0] == self._counts and known[1] == ahead:
            return known[2]
        weight = _weight(group, ahead)
        group.weight = self._counts, ahead, weight
        return weight

    def _count(self) -> None:
        for group in self._shifted:
            change = group.room - group.counted_room
            group.counted_room = group.room
            for ask in group.counted:
                ask.room += change
        self._shifted.clear()
        self._counts += 1

    def _ask(self, what: str | Needs) -> Ask:
        ask = self._asks.get(what)
        if ask is None:
            ask = self._asks[what] = Ask(what)
        return ask

    def _asked_of(self, group: Group) -> tuple[set[str | Needs], set[str | Needs]]:
        """What its members count for as holders, and what they are weighed by.

        A skill counts at every level up to theirs, but weighs once, at their own: the holders of a lower level are the
        more by all who hold a higher one.
        """
        staff = group.like
        own: set[str | Needs] = {f"language {language}" for language in staff.languages}
        if staff.office is not None:
            own.add(f"office {staff.office}")
        if self.kinds:
            own.update(kind for kind in self.kinds if meets(staff, kind))
            return own, own
        own.update(f"queue {queue}" for queue in staff.queues)
        own.update(f"skill {skill} {level}" for skill, level in staff.skills)
        return own | {f"skill {skill} {each}" for skill, level in staff.skills for each in range(1, level)}, own


def _weight(group: Group, ahead: int) -> int:
    """What it weighs when its own room is so much more than was counted."""
    rooms = [ask.room + ahead for ask in group.weighed]
    return sum([_NEEDED[room] if room < len(_NEEDED) else needed(room) for room in rooms])


_NEEDED = [needed(free) for free in range(256)]
"""Worked out beforehand: this is asked for each thing whenever something was counted."""
