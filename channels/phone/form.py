"""A webhook of Twilio's, believed only when its signature is right.

Decides whether a request is Twilio's, and reads its fields. It never decides what they mean.

The library's own validator stumbles over what strangers send (no header, a body that is no form, a port that is no
number), and with no fields it checks the address alone. So all of that is refused before it is asked. A signature holds
no time: an old request can be sent again by whoever saw it. That must be harmless, and is: nothing is taken twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from channels.base import Refused, Webhook

_MOST_FIELDS: Final = 200
_FORM: Final = "application/x-www-form-urlencoded"
_CALL: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a form post. A field may come more than once; the first counts for us, all for the signature."""

    fields: dict[str, list[str]]

    def get(self, name: str) -> str:
        """The field's text, "" when it is missing."""
        return self.fields.get(name, [""])[0]

    def getall(self, name: str) -> list[str]:
        """All its texts; the name is the one the validator looks for."""
        return self.fields[name]

    @property
    def call(self) -> str:
        """The call's id, the same for its whole life."""
        return self.get("CallSid")

    def __iter__(self) -> Iterator[str]:
        return iter(self.fields)

    def __len__(self) -> int:
        return len(self.fields)


def read_form(webhook: Webhook, *, auth_token: str | None, public_base_url: str) -> Form:
    """The fields of a webhook that Twilio signed.

    Raises Refused, forbidden, for everything that Twilio did not sign; Refused with code bad_call for a signed one
    that names no call.
    """
    signature = webhook.headers.get("x-twilio-signature", "")
    media_type = webhook.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not auth_token or not signature or media_type != _FORM:
        raise _forbidden()
    form = parse_form(webhook.body)
    # With no fields at all the signature would cover the address alone.
    if len(form) == 0 or not _is_signed(_signed_url(webhook, public_base_url), form, signature, auth_token):
        raise _forbidden()
    if _CALL.fullmatch(form.call) is None:
        raise Refused("The form names no call.", code="bad_call")
    return form


def parse_form(body: bytes) -> Form:
    """The fields, believed or not. Raises Refused, forbidden, where there are none to be read."""
    fields: dict[str, list[str]] = {}
    try:
        for name, value in parse_qsl(
            body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS
        ):
            fields.setdefault(name, []).append(value)
    except ValueError as error:  # not ASCII, not UTF-8 within, or too many
        raise _forbidden() from error
    return Form(fields)


def _signed_url(webhook: Webhook, public_base_url: str) -> str:
    """The address Twilio called: what we told the world, never what the request says of itself."""
    return public_base_url + webhook.path + (f"?{webhook.query}" if webhook.query else "")


def _is_signed(url: str, form: Form, signature: str, auth_token: str) -> bool:
    try:
        return bool(RequestValidator(auth_token).validate(url, form, signature))
    except (ValueError, TypeError, AttributeError, KeyError):
        return False


def _forbidden() -> Refused:
    return Refused("This request is not signed by Twilio for this address.", code="bad_signature", forbidden=True)
