"""What surrounds every page behind the entrance: who sits here, what is offered to them, what they hold, and where to go.

Decides what belongs to everybody's frame, so that an offer is seen and heard on whichever page its representative reads.
Supervisors have no offers. Reads only, and counts as a representative's sign of life.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

from fastapi import Request, Response
from sqlmodel.ext.asyncio.session import AsyncSession

from app import registry
from app.db import now as database_clock
from app.db import uuid7
from app.deps import Service
from app.queries.desk import frame as desk
from app.queries.desk.case import Seen, open_alarms, seen
from app.queries.desk.frame import Held, House
from app.security import Actor
from app.tables import Representative
from app.web.page import render, spoken_here
from app.web.show import Shown
from app.web.typed import words_in
from channels.base import Info


@dataclass(frozen=True, kw_only=True, slots=True)
class Traits:
    """What the desk offers for a contact, by its channel's traits: never by its name."""

    kind: str
    """`letter`, `call` or `visit`: the word and the sign it is shown with."""
    answers: bool
    numbered: bool
    live: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Wrong:
    """A form that was refused: which, why (a name in `sorry`), and what was typed. `missing`: steps that stand in the way."""

    form: str
    sorry: str
    typed: Mapping[str, Sequence[str]] = field(default_factory=dict)
    missing: Sequence[str] = ()

    def value(self, form: str, name: str, otherwise: object = "") -> str:
        """What stood in a field of this form, else what stands there anyway."""
        if form != self.form:
            return "" if otherwise is None else str(otherwise)
        return next(iter(self.typed.get(name, ())), "")

    def values(self, form: str, name: str) -> Sequence[str]:
        """The same where one name has several."""
        return self.typed.get(name, ()) if form == self.form else ()


NOTHING_WRONG = Wrong(form="", sorry="")


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """Who sits here, and what there is to do. `me` None: a supervisor."""

    actor: Actor
    me: Representative | None
    house: House
    held: Sequence[Held]
    shown: Shown
    alarms: int

    @property
    def code(self) -> str | None:
        """The reader of everything on the page: a representative's code; None sees all."""
        return self.actor.representative

    async def seen(
        self, session: AsyncSession, case_id: UUID, *, after: str | None = None, before: str | None = None
    ) -> Seen:
        """A case as whoever sits here may see it. `after`, `before`: another page of its story."""
        language = self.shown.words.language
        return await seen(session, case_id, reader=self.code, language=language, after=after, before=before)


async def frame(request: Request, session: AsyncSession, service: Service, actor: Actor) -> Frame:
    """Read what every page needs."""
    code = actor.representative
    if code is not None:
        service.heartbeats.note(code)
    me = await desk.representative(session, code) if code is not None else None
    house = await desk.house(session, me=code or "")
    zone = house.offices[me.office].timezone if me is not None and me.office else _first_zone(house)
    return Frame(
        actor=actor,
        me=me,
        house=house,
        held=await desk.held(session, code) if code is not None else [],
        shown=Shown(words=spoken_here(request), house=house, zone=zone, now=await database_clock(session)),
        alarms=await open_alarms(session, code),
    )


async def framed(
    request: Request,
    session: AsyncSession,
    about: Frame,
    template: str,
    *,
    here: str,
    place: str,
    wrong: Wrong | None = None,
    status: int = 200,
    **context: object,
) -> Response:
    """Draw a page in its frame. `here`: where this very view is read again; `place`: which of the places it is.

    Where a form was refused that does not stand there any more, what was written in it is shown by itself.
    """
    query = request.query_params
    page = partial(
        render,
        request,
        template,
        status=status,
        me=about.me,
        house=about.house,
        shown=about.shown,
        alarm_count=about.alarms,
        offers=[each for each in about.held if each.assignment.state == "offered"],
        work=[each for each in about.held if each.assignment.state != "offered"],
        laid_aside=await desk.laid_aside(session, about.code) if about.code is not None else [],
        traits={name: traits(channel.info) for name, channel in registry.current().items()},
        no_traits=traits(None),
        here=here,
        place=place,
        once=uuid7().hex,
        said=query.get("said"),
        sorry=wrong.sorry if wrong else query.get("sorry"),
        wrong=wrong or NOTHING_WRONG,
        **{"at": None, **context},
    )
    drawn = page(lost="")
    lost = words_in(wrong.typed) if wrong and f'id="{wrong.form}"'.encode() not in bytes(drawn.body) else ""
    return page(lost=lost) if lost else drawn


def traits(info: Info | None) -> Traits:
    """What can be done with a contact of this channel. One that is not served any more can still be completed."""
    if info is None:
        return Traits(kind="letter", answers=False, numbered=False, live=False)
    kind = "letter" if not info.live else "visit" if info.numbered else "call"
    return Traits(kind=kind, answers="replied" in info.commands, numbered=info.numbered, live=info.live)


def _first_zone(house: House) -> str:
    first = next(iter(house.offices.values()), None)
    return first.timezone if first is not None else "UTC"
