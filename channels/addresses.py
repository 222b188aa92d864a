"""Phone numbers and email addresses in the one form they are kept in.

Decides what counts as an address. It never decides whether it is true: anybody can write any number.
"""

from __future__ import annotations

import re
from typing import Final

from channels.base import Setting

DEFAULT_REGION: Final = "IN"  # whose rules read a number written without a country code; setting PHONE_REGION
REGION_SETTING: Final = Setting(
    meaning="country whose rules read a phone number without a country code", default=DEFAULT_REGION
)

_LONGEST_PHONE: Final = 40
_LONGEST_EMAIL: Final = 254  # RFC 5321
_EMAIL: Final = re.compile(
    r"""[^\s<>,;:"()\[\]\\@\x00-\x1f\x7f-\x9f]{1,64}@[^\W_](?:[\w-]{0,62})(?:\.[^\W_](?:[\w-]{0,62})){0,10}"""
)

# What carriers send in place of a number that is hidden, unknown or blocked: RESTRICTED, ANONYMOUS, ... on a keypad.
_NOBODY: Final = frozenset({"+7378742833", "+2562533", "+8656696", "+266696687", "+86282452253"})


def phone_number(text: str, region: str = DEFAULT_REGION) -> str | None:
    """The number in E.164 ("+914023456789"), or None when it is hidden or cannot be one."""
    if len(text) > _LONGEST_PHONE:
        return None
    import phonenumbers  # dear to load, and the start of the service should not wait for the first caller's number

    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if written in _NOBODY or not phonenumbers.is_possible_number(number):
        return None
    return written


def email_address(text: str) -> str | None:
    """The address in lower case without a display name, or None when it is none."""
    bounded = text[: _LONGEST_EMAIL + 1].strip()
    if len(bounded) > _LONGEST_EMAIL or _EMAIL.fullmatch(bounded) is None:
        return None
    return bounded.lower()
