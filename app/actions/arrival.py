"""What is known of a contact before it is written: checked, filed, and with nothing left to refuse.

Decides the queue, language, office, needs and head start of a new contact from the catalogue and the channel's traits.
Pure: reads no clock and no table. What can be refused is refused here, before the batch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from app.errors import Invalid
from app.queries.catalogue import Catalogue, OfficeRow, RequestRow
from channels.base import Arrived, Info, Person, Wrote
from routing.rank import head_start

CLAIMABLE = frozenset({"elderly", "disability", "pregnancy", "small_child"})
"""Reasons for a head start that a customer or a kiosk may give; the others are the house's to give."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrival:
    """A contact that will be written. `request` None: still choosing, so `arriving` and in no queue."""

    source: str
    channel: str
    ref: str
    digest: str | None
    actor: str
    case_id: UUID | None
    request: RequestRow | None
    language: str
    office: OfficeRow | None
    subject: str | None
    body: str | None
    person: Person | None
    reply_to: str | None
    target_seconds: int
    head_start_seconds: int
    head_start_cap_seconds: int
    head_start_reasons: tuple[str, ...]
    live: bool
    units: int
    numbered: bool
    automatic: bool = False
    attributes: Mapping[str, Any] = field(default_factory=dict)


def prepare(
    signal: Arrived | Wrote,
    info: Info,
    catalogue: Catalogue,
    *,
    source: str,
    actor: str,
    case_id: UUID | None = None,
) -> Arrival:
    """The contact as it will be written; raises `Invalid` with the code of what is unknown."""
    wrote = isinstance(signal, Wrote)
    request = _request(signal.request_type or (catalogue.default_request_type if wrote else None), catalogue)
    queue = catalogue.queues[request.queue] if request else None
    reasons = tuple(sorted(CLAIMABLE.intersection(signal.person.needs))) if signal.person else ()
    return Arrival(
        source=source,
        channel=info.name,
        ref=signal.ref,
        digest=signal.content if isinstance(signal, Wrote) else None,
        actor=actor,
        case_id=case_id,
        request=request,
        language=_language(signal.language, catalogue),
        office=_office(None if isinstance(signal, Wrote) else signal.office, catalogue),
        subject=signal.subject,
        body=signal.body,
        person=signal.person,
        reply_to=signal.reply_to,
        target_seconds=queue.target_seconds if queue else 0,
        head_start_seconds=int(head_start(reasons, cap_seconds=queue.head_start_cap_seconds)) if queue else 0,
        head_start_cap_seconds=queue.head_start_cap_seconds if queue else 0,
        head_start_reasons=reasons,
        live=info.live,
        units=info.units,
        numbered=info.numbered,
        automatic=isinstance(signal, Wrote) and signal.automatic,
        attributes=signal.attributes,
    )


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
