"""Who wrote, and to which of our addresses.

Decides which address in a header counts. It never decides that the sender is who they say: anybody can write any From.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from channels.addresses import email_address
from channels.base import Person
from channels.email.headers import Headers, text_of

_LONGEST: Final = 2_000
_LONGEST_LIST: Final = 16_000
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"')
_COMMENT: Final = re.compile(r"\([^()]*\)")
_ANGLE: Final = re.compile(r"<([^<>]*)>")
MACHINES: Final = frozenset({"mailer-daemon", "postmaster"})  # who sends bounces; nobody to recognise or to answer
_OURS: Final = ("to", "cc", "delivered-to", "x-original-to", "envelope-to")


@dataclass(frozen=True, kw_only=True, slots=True)
class Sender:
    """`doubt`: why nobody should be recognised by this; the person is empty then."""

    person: Person | None = None
    reply_to: str | None = None
    doubt: str | None = None


def sender(headers: Headers) -> Sender:
    """Who the letter says it is from. Never raises."""
    lines = headers.all("from")
    name, addresses = mailboxes(lines[0]) if lines else ("", [])
    reply_addresses = mailboxes(headers.first("reply-to"))[1]
    answer = next(iter([*reply_addresses, *addresses]), None)
    if len(lines) > 1 or len(addresses) > 1:
        return Sender(reply_to=answer, doubt="several_senders")
    if lines and len(lines[0]) > _LONGEST:
        return Sender(reply_to=answer, doubt="sender_too_long")
    if addresses and addresses[0].partition("@")[0] in MACHINES:
        return Sender()
    # Whoever is answered is who is recognised: with another Reply-To than From, a forged From would show one customer's
    # matter and send the answer to somebody else. A name that is an address is no name: it is there to be taken for it.
    person = Person(name=name if name and "@" not in name else None, email=answer)
    return Sender(person=None if person == Person() else person, reply_to=answer)


def mailboxes(value: str) -> tuple[str, list[str]]:
    """The name of the first mailbox in a From-like header, and every address in it.

    What stands in quotes or in an encoded word is a name, however much it looks like an address.
    """
    bounded = value[:_LONGEST]
    names = [match[1] for match in _QUOTED.finditer(bounded)]
    bare = _COMMENT.sub(" ", _QUOTED.sub(" ", bounded))
    within = _ANGLE.findall(bare)
    candidates = within or re.split(r"[,;\s]+", bare)
    addresses = [address for address in map(email_address, candidates) if address]
    before = bare.partition("<")[0] if within else ""
    name = text_of(before, 200) or (text_of(names[0].replace("\\", ""), 200) if names else "")
    return name, list(dict.fromkeys(addresses))


def case_token(headers: Headers, address: str) -> str | None:
    """The token in the address the letter was sent to (support+TOKEN@...), None without one."""
    local, _, domain = address.partition("@")
    pattern = re.compile(
        rf"(?<![\w.+-]){re.escape(local)}\+([A-Za-z0-9_-]{{1,100}})@{re.escape(domain)}(?![\w.-])", re.IGNORECASE
    )
    for name in _OURS:
        for value in headers.all(name)[:10]:
            match = pattern.search(value, 0, _LONGEST_LIST)
            if match:
                return match[1]
    return None
