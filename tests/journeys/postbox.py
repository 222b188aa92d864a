"""A real mail server on this machine, where the customers of a story have their boxes.

Decides nothing: it takes every letter and keeps it, to be read as a customer's program would show it.
"""

from __future__ import annotations

import asyncio
import email
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default

from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """One letter as it is read. `sender` is where an answer goes, `name` its Message-ID without brackets."""

    sender: str
    subject: str
    body: str
    name: str

    @property
    def link(self) -> str:
        """The way to the customer's page, without the host; a letter that names none fails the story."""
        (found,) = [word for word in self.body.split() if "/c/" in word]
        return found[found.index("/c/") :]


@dataclass(kw_only=True, slots=True)
class Postbox:
    """All boxes of one server."""

    port: int = 0
    _kept: list[tuple[str, Letter]] = field(default_factory=list)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Postbox]:
        """It takes letters for as long as the block lasts."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: SMTP(self, hostname="post.test"), "127.0.0.1", 0)
        async with server:
            self.port = server.sockets[0].getsockname()[1]
            yield self

    @property
    def empty(self) -> bool:
        """Nobody was written to."""
        return not self._kept

    def to(self, recipient: str) -> list[Letter]:
        """What lies in this box, in the order it came."""
        return [letter for address, letter in self._kept if address == recipient]

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - its name there
        assert isinstance(envelope.content, bytes)
        found = email.message_from_bytes(envelope.content, policy=default)
        assert isinstance(found, EmailMessage)
        letter = Letter(
            sender=envelope.mail_from or "",
            subject=str(found["Subject"]),
            body=found.get_content().replace("\r\n", "\n"),
            name=str(found["Message-ID"]).strip("<>"),
        )
        self._kept += [(address, letter) for address in envelope.rcpt_tos]
        return "250 taken"
