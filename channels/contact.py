"""A contact described in JSON: what kiosks and other software of the house send.

Decides the shape: which fields there are, how long they may be, what is refused. It never decides what happens to the
contact, and it checks codes only against the house that came with the webhook.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson

from channels.addresses import email_address, phone_number
from channels.base import Arrived, House, Person, Refusal, Refused, RequestOption
from channels.cleaning import is_keepable

NEEDS: Final = frozenset({"elderly", "disability", "pregnancy", "small_child"})
TEXT_LIMITS: Final[Mapping[str, int]] = {
    "ref": 100,
    "request_type": 100,
    "language": 35,
    "office": 100,
    "name": 200,
    "phone": 40,
    "email": 254,
    "case_token": 100,
    "subject": 500,
    "body": 10_000,
    "report": 40,
}
_CODE: Final = re.compile(r"[A-Za-z0-9._:@-]+")
_CODES: Final = frozenset({"ref", "case_token", "report"})  # they come back in addresses and keys: no blanks, no quotes


def read_fields(body: bytes, *, allowed: frozenset[str], required: frozenset[str]) -> dict[str, Any]:
    """The JSON object in `body`, each field of the right type and length, no field unknown.

    Fields: `needs` is a list of codes, all others are texts. A null counts as absent. Raises Refused with the codes
    bad_json, missing_field, unknown_field, wrong_type, too_long, bad_text, unknown_need.
    """
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Refused("The body is not JSON.", code="bad_json") from error
    if not isinstance(found, dict):
        raise Refused("The body must be a JSON object.", code="bad_json")
    unknown = sorted(found.keys() - allowed)
    if unknown:
        raise Refused(f"There is no field {unknown[0][:40]!r}.", code="unknown_field")
    fields = {name: _checked(name, value) for name, value in found.items() if value is not None}
    missing = sorted(required - fields.keys())
    if missing:
        raise Refused(f"The field {missing[0]!r} is missing.", code="missing_field")
    return fields


def arrival(fields: Mapping[str, Any], house: House, *, region: str) -> Arrived:
    """The contact these fields describe.

    Raises Refused with the codes unknown_request_type, unknown_language, unknown_office, bad_phone, bad_email.
    """
    _known("request_type", fields, request_codes(house.requests))
    _known("language", fields, house.languages)
    _known("office", fields, house.offices)
    return Arrived(
        ref=fields["ref"],
        contact=fields["ref"],
        request_type=fields.get("request_type"),
        language=fields.get("language"),
        office=fields.get("office"),
        subject=fields.get("subject"),
        body=fields.get("body"),
        person=_person(fields, region),
        case_token=fields.get("case_token"),
    )


def refused(refusal: Refusal) -> dict[str, Any]:
    """Why somebody was turned away, for software: a code, the house's own words, and when it opens, if that is why."""
    opens_at = refusal.opens_at
    return {
        "reason": refusal.reason,
        "message": refusal.message,
        "opens_at": opens_at.isoformat() if opens_at is not None else None,
    }


def request_codes(options: Iterable[RequestOption]) -> set[str]:
    """Every code of the request tree."""
    codes: set[str] = set()
    waiting = list(options)
    while waiting:
        option = waiting.pop()
        codes.add(option.code)
        waiting.extend(option.children)
    return codes


def _checked(name: str, value: object) -> object:
    if name == "needs":
        return _needs(value)
    if not isinstance(value, str):
        raise Refused(f"The field {name!r} must be a text.", code="wrong_type")
    if len(value) > TEXT_LIMITS[name]:
        raise Refused(f"The field {name!r} may have {TEXT_LIMITS[name]} characters.", code="too_long")
    if not is_keepable(value):
        raise Refused(f"The field {name!r} holds characters that cannot be kept.", code="bad_text")
    if name in _CODES and _CODE.fullmatch(value) is None:
        raise Refused(f"The field {name!r} may hold letters of ASCII, digits and . _ : @ - only.", code="bad_text")
    return value.strip()


def _needs(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(need, str) for need in value):
        raise Refused("The field 'needs' must be a list of texts.", code="wrong_type")
    if not NEEDS.issuperset(value):
        raise Refused(f"Needs are {', '.join(sorted(NEEDS))}.", code="unknown_need")
    return tuple(sorted(set(value)))


def _known(name: str, fields: Mapping[str, Any], codes: Iterable[str]) -> None:
    if name in fields and fields[name] not in codes:
        raise Refused(f"There is no {name.replace('_', ' ')} {fields[name]!r}.", code=f"unknown_{name}")


def _person(fields: Mapping[str, Any], region: str) -> Person | None:
    phone = email = None
    if fields.get("phone"):
        phone = phone_number(fields["phone"], region)
        if phone is None:
            raise Refused("This is not a phone number; write it with + and the country code.", code="bad_phone")
    if fields.get("email"):
        email = email_address(fields["email"])
        if email is None:
            raise Refused("This is not an email address.", code="bad_email")
    person = Person(name=fields.get("name") or None, phone=phone, email=email, needs=fields.get("needs", ()))
    return None if person == Person() else person
