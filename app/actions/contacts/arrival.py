"""What is known of a contact before it is written: checked, let in or turned away, and with nothing left to refuse.

Decides language, office and the reasons for a head start that were claimed; where it waits, the door says. Pure: reads no clock
and no table. What can be refused is refused here, before the batch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from app.actions.contacts.admission import Door, Entry
from app.db import uuid7
from app.errors import Invalid
from app.queries.catalogue import Catalogue, OfficeRow, RequestRow
from channels.base import Arrived, Info, Person, Wrote

CLAIMABLE = frozenset({"elderly", "disability", "pregnancy", "small_child"})
"""Reasons for a head start that a customer or a kiosk may give; the others are the house's to give."""


class RulesMovedOn(Exception):
    """Other rules are live than those a contact was let in by: nothing is written, and the door is to be read anew."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrival:
    """A contact that will be written. `request` and `entry` None: still choosing, so `arriving` and in no queue.

    `id` is the interaction's, if it is new: which of several queues it waits in goes by it.
    """

    id: UUID
    source: str
    channel: str
    ref: str
    digest: str | None
    actor: str
    case_id: UUID | None
    request: RequestRow | None
    entry: Entry | None
    door: Door
    language: str
    office: OfficeRow | None
    subject: str | None
    body: str | None
    person: Person | None
    reply_to: str | None
    claims: tuple[str, ...]
    """Reasons for a head start, as they were claimed."""
    info: Info
    automatic: bool = False
    attributes: Mapping[str, Any] = field(default_factory=dict)
    reopened_seconds: int | None = None
    """What its case had waited in line before, if it was opened again just now without a contact; else None."""

    def entering(self, interaction: UUID, language: str) -> Entry | None:
        """The answer to the same wishes, of an interaction that is there already and speaks this language."""
        return self.door.enter(self.request, self.info, language, interaction) if self.request else None


def prepare(
    signal: Arrived | Wrote, info: Info, door: Door, *, source: str, actor: str, case_id: UUID | None = None
) -> Arrival:
    """The contact as it will be written; raises `Invalid` with the code of what is unknown."""
    catalogue = door.catalogue
    wrote = isinstance(signal, Wrote)
    request = _request(signal.request_type or (catalogue.default_request_type if wrote else None), catalogue)
    language = _language(signal.language, catalogue)
    contact = uuid7()
    return Arrival(
        id=contact,
        source=source,
        channel=info.name,
        ref=signal.ref,
        digest=signal.content if isinstance(signal, Wrote) else None,
        actor=actor,
        case_id=case_id,
        request=request,
        entry=door.enter(request, info, language, contact) if request else None,
        door=door,
        language=language,
        office=_office(None if isinstance(signal, Wrote) else signal.office, catalogue),
        subject=signal.subject,
        body=signal.body,
        person=signal.person,
        reply_to=signal.reply_to,
        claims=tuple(sorted(CLAIMABLE.intersection(signal.person.needs))) if signal.person else (),
        info=info,
        automatic=isinstance(signal, Wrote) and signal.automatic,
        attributes=signal.attributes,
    )


def anew(arrival: Arrival, door: Door) -> Arrival:
    """The same contact by what holds now; raises `Invalid` where what it wants is gone."""
    request = _request(arrival.request.code, door.catalogue) if arrival.request else None
    entry = door.enter(request, arrival.info, arrival.language, arrival.id) if request else None
    return replace(arrival, door=door, request=request, entry=entry)


def _request(code: str | None, catalogue: Catalogue) -> RequestRow | None:
    if code is None:
        return None
    if code not in catalogue.requests:
        raise Invalid(f"There is no request type {code!r}.", code="unknown_request_type")
    return catalogue.requests[code]


def _language(code: str | None, catalogue: Catalogue) -> str:
    if code is None:
        return catalogue.languages[0]
    if code not in catalogue.languages:
        raise Invalid(f"The language {code!r} is not spoken here.", code="unknown_language")
    return code


def _office(code: str | None, catalogue: Catalogue) -> OfficeRow | None:
    if code is None:
        return catalogue.offices[catalogue.default_office] if catalogue.default_office else None
    if code not in catalogue.offices:
        raise Invalid(f"There is no office {code!r}.", code="unknown_office")
    return catalogue.offices[code]
