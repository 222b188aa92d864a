"""A reply as a letter, and its way to the mail server.

Decides the letter's headers and what each failure on the way means. It never decides whether to try again, and never
sends a letter under two names: the Message-ID comes from the command's key.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import formatdate
from typing import Final

import aiosmtplib
from aiosmtplib import SMTPException, SMTPResponseException

from channels.addresses import email_address
from channels.base import Command, Refused, Unavailable
from channels.cleaning import keepable, one_line
from channels.email.settings import Settings, Smtp

_TIMEOUT_SECONDS: Final = 20.0
_LONGEST_BODY: Final = 200_000
_MOST_REFERENCES: Final = 20
_ID: Final = re.compile(r"[!-;=?-~]{1,250}")
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{1,100}")
_PERMANENT: Final = 500
_OUR_ACCOUNT: Final = frozenset({530, 534, 535, 538})  # about our password, not about the letter


@dataclass(frozen=True, kw_only=True, slots=True)
class Outgoing:
    """A letter ready to go."""

    sender: str
    recipient: str
    content: bytes


def message_id(key: str, address: str) -> str:
    """The name of the letter a command sends, without brackets; the same however often it is sent."""
    return f"{hashlib.sha256(key.encode('utf-8', 'replace')).hexdigest()[:32]}@{address.partition('@')[2]}"


def compose(command: Command, settings: Settings) -> Outgoing:
    """The letter; `references` in the payload are ids, oldest first, and the last one is answered. Raises Refused when there is nobody it could go to or nothing in it."""
    to = email_address(command.to or "")
    sender = _sender(settings.address, command)
    body = command.payload.get("body")
    if not isinstance(body, str) or not body.strip():
        raise Refused("The letter has no text.", code="bad_command")
    if to is None:
        raise Refused("There is no address to write to.", code="bad_address")
    letter = EmailMessage(policy=SMTP_POLICY)
    try:
        letter["From"] = Address(display_name=settings.name, addr_spec=sender)
        letter["To"] = Address(addr_spec=to)
    except (MessageError, ValueError, IndexError) as error:  # what the library raises for addresses it cannot write
        raise Refused("This address cannot be written to.", code="bad_address") from error
    letter["Subject"] = one_line(str(command.payload.get("subject") or ""), 500)
    letter["Date"] = formatdate()
    letter["Message-ID"] = f"<{message_id(command.key, settings.address)}>"
    references = _references(command)
    if references:
        letter["In-Reply-To"] = references[-1]
        letter["References"] = " ".join(references)
    letter.set_content(keepable(body, _LONGEST_BODY), charset="utf-8")
    return Outgoing(sender=sender, recipient=to, content=letter.as_bytes())


async def hand_over(letter: Outgoing, smtp: Smtp) -> None:
    """Give the letter to the mail server. Raises Refused, Unavailable."""
    client = aiosmtplib.SMTP(
        hostname=smtp.host,
        port=smtp.port,
        use_tls=smtp.use_tls,
        start_tls=smtp.start_tls,
        username=smtp.username,
        password=smtp.password,
        timeout=_TIMEOUT_SECONDS,
    )
    try:
        await _open(client)
        await _envelope(client, letter)
        await _content(client, letter)
    finally:
        client.close()


def _sender(address: str, command: Command) -> str:
    """Our address with the case's token in it, so that the answer finds its case even without its headers."""
    token = command.payload.get("case_token")
    if not isinstance(token, str) or _TOKEN.fullmatch(token) is None:
        return address
    local, _, domain = address.partition("@")
    return f"{local}+{token}@{domain}"


def _references(command: Command) -> list[str]:
    given = command.payload.get("references") or []
    names = [str(name).strip("<>") for name in given] if isinstance(given, list | tuple) else []
    return [f"<{name}>" for name in names if _ID.fullmatch(name)][-_MOST_REFERENCES:]


async def _open(client: aiosmtplib.SMTP) -> None:
    try:
        await client.connect()
    except (SMTPException, OSError) as error:
        # Also a wrong password: the letter is good, and goes out when the account is mended.
        raise Unavailable("The mail server cannot be reached or does not let us in.") from error


async def _envelope(client: aiosmtplib.SMTP, letter: Outgoing) -> None:
    try:
        await client.mail(letter.sender)
        await client.rcpt(letter.recipient, encoding=_encoding(client))
    except SMTPResponseException as error:
        raise _refusal(error) from error
    except UnicodeError as error:
        raise Refused("The mail server takes no such address.", code="bad_address") from error
    except (SMTPException, OSError) as error:
        raise Unavailable("The mail server went away.") from error


async def _content(client: aiosmtplib.SMTP, letter: Outgoing) -> None:
    try:
        await client.data(letter.content)
    except SMTPResponseException as error:
        raise _refusal(error) from error
    except (SMTPException, OSError) as error:
        # The text was on its way: the server may have taken it before the line broke.
        raise Unavailable("The mail server went away while it took the letter.", unknown=True) from error


def _encoding(client: aiosmtplib.SMTP) -> str:
    return "utf-8" if client.supports_extension("smtputf8") else "ascii"


def _refusal(error: SMTPResponseException) -> Refused | Unavailable:
    """5xx: this letter will never be taken. 4xx, and whatever is about our account: later."""
    if error.code >= _PERMANENT and error.code not in _OUR_ACCOUNT:
        return Refused(f"The mail server refused the letter: {error.code}.", code="mail_refused")
    return Unavailable(f"The mail server answered {error.code}.")
