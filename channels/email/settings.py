"""What the email channel is told when it starts.

Decides names, defaults and what cannot work.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote, urlsplit

from channels.addresses import email_address
from channels.base import Config, Setting
from channels.cleaning import one_line

# Memory is the price: a stranger costs us a few times this much for the tenth of a second a letter takes. Time is not:
# what is read of a letter has limits of its own.
MAX_BYTES: Final = 26_214_400
ADDRESS: Final = "support@raabta.localhost"

SETTINGS: Final[Mapping[str, Setting]] = {
    "MAIL_ADDRESS": Setting(
        meaning="the house's address; replies go out from it with a token: support+TOKEN@…", default=ADDRESS
    ),
    "MAIL_NAME": Setting(meaning="the name written before it"),
    "MAX_MAIL_BYTES": Setting(meaning="the largest letter taken in", default=str(MAX_BYTES)),
    # smtp://host:25 is encrypted by STARTTLS where the server offers it; with a user and a password always, but on this very
    # machine; smtps:// from the first byte.
    "SMTP_URL": Setting(meaning="where replies are handed over; without it they are written to the console"),
}
_PORTS: Final[Mapping[str, int]] = {"smtp": 25, "smtps": 465}


@dataclass(frozen=True, kw_only=True, slots=True)
class Smtp:
    """`start_tls` None: if the server offers it."""

    host: str
    port: int
    use_tls: bool
    start_tls: bool | None
    username: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """The same, read. `address` is in lower case."""

    address: str
    name: str = ""
    max_bytes: int = MAX_BYTES
    smtp: Smtp | None = None


def read_settings(config: Config) -> Settings:
    """The settings from the environment's text. Raises ValueError with one plain line."""
    given = {name: value.strip() for name, value in config.settings.items() if value.strip()}
    address = email_address(given.get("MAIL_ADDRESS", ADDRESS))
    if address is None or not address.isascii() or "+" in address:
        raise ValueError("MAIL_ADDRESS must be an email address of plain letters, without a plus.")
    return Settings(
        address=address,
        name=one_line(given.get("MAIL_NAME", ""), 100),
        max_bytes=_max_bytes(given.get("MAX_MAIL_BYTES", str(MAX_BYTES))),
        smtp=_smtp(given["SMTP_URL"]) if "SMTP_URL" in given else None,
    )


def _max_bytes(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 12 and int(text) > 0):
        raise ValueError("MAX_MAIL_BYTES must be a number of bytes.")
    return int(text)


def _smtp(url: str) -> Smtp:
    # Not even a part of the text is repeated: it may hold a password.
    wrong = ValueError("SMTP_URL must be like smtp://user:password@host:587 or smtps://user:password@host:465.")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise wrong from None
    if not host or parts.scheme not in _PORTS:
        raise wrong
    secret = parts.username is not None
    return Smtp(
        host=host,
        port=port or _PORTS[parts.scheme],
        use_tls=parts.scheme == "smtps",
        start_tls=_start_tls(parts.scheme, secret=secret, host=host),
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )


def _start_tls(scheme: str, *, secret: bool, host: str) -> bool | None:
    if scheme == "smtps":
        return False
    if secret and not _is_this_machine(host):
        return True  # a password never travels where somebody on the way could have hidden the offer to encrypt
    return None


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
