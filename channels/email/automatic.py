"""Whether a letter was written by a machine.

Decides by RFC 3834 and by what bounces and mailing lists say of themselves. Such letters are kept, never answered: two
machines that answer each other never stop.
"""

from __future__ import annotations

import re
from typing import Final

from channels.email.headers import Headers
from channels.email.people import MACHINES, mailboxes

_BULK: Final = frozenset({"bulk", "list", "junk", "auto_reply"})
_TELLTALE: Final = ("x-autoreply", "x-autorespond", "x-failed-recipients", "x-auto-response", "feedback-id")
_LIST_ID: Final = re.compile(r"<?([^<>\s]{1,250})>?\s*$")


def is_automatic(headers: Headers, address: str) -> bool:
    """True for auto-replies, bounces, lists, null senders and our own letters coming back."""
    submitted = headers.first("auto-submitted").partition(";")[0].strip().lower()
    return (
        submitted not in {"", "no"}
        or headers.first("precedence").strip().lower() in _BULK
        or headers.first("return-path").strip() == "<>"
        or headers.first("content-type").lstrip().lower().startswith("multipart/report")
        or any(headers.all(name) for name in _TELLTALE)
        or _is_of_a_list(headers, address)
        or _is_from_a_machine(headers, address)
    )


def _is_of_a_list(headers: Headers, address: str) -> bool:
    if not headers.all("list-id"):
        return bool(headers.all("list-unsubscribe"))
    found = _LIST_ID.search(headers.first("list-id")[:500])
    # A house whose own address is a group (support@...) gets every customer's letter through that list.
    return found is None or found[1].lower() != address.replace("@", ".")


def _is_from_a_machine(headers: Headers, address: str) -> bool:
    local, _, domain = address.partition("@")
    for sender in mailboxes(headers.first("from"))[1]:
        name, _, place = sender.partition("@")
        if name in MACHINES or (place == domain and name.partition("+")[0] == local):
            return True
    return False
