"""What one process of the service is made of: opened once, shared by every request.

Decides the order of opening and closing. Holds no request and no transaction.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from app import registry
from app.actions.customers import page_links
from app.actions.representatives.heartbeat import Heartbeats
from app.db import Database
from app.deps.feed import Feed
from app.deps.keyring import Keyring
from app.deps.limits import Buckets
from app.deps.metrics import Metrics
from app.errors import RaabtaError
from app.intake import Intake
from app.security import Role
from app.settings import Settings
from channels.base import Channel, Config, House

HEARTBEAT_SECONDS = 1.0
log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """One row of the access table.

    `roles` None: no key is needed (a page for everybody, or a door that checks a signature itself). `media_type` and
    `max_bytes` are for doors that read raw bytes; elsewhere bodies are JSON of at most the size the settings say.
    """

    roles: frozenset[Role] | None
    media_type: str | None = None
    max_bytes: int | None = None


class Service:
    """One process: its database, channels, intake, feed and limits. Made closed; `running()` opens it."""

    def __init__(self, settings: Settings, *, dsn: str) -> None:
        self.settings = settings
        self.metrics = Metrics()
        self.database = Database(dsn, settings=settings)
        self.channels: Mapping[str, Channel] = registry.discover(settings.channels, _config(settings))
        registry.use(self.channels)
        page_links.use(settings.base_url)
        self.intake = Intake(self.database, observe=self.metrics.batches.observe)
        self.heartbeats = Heartbeats()
        self.feed = Feed(self.database)
        self.keyring = Keyring(self.database, failures_per_minute=settings.failures_per_minute)
        self.rates = Buckets(per_second=settings.requests_per_second, burst=settings.requests_per_second)
        self.access: dict[tuple[str, str], Access] = {}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Open everything; close in reverse order, streams first."""
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.database)
            for channel in self.channels.values():
                await stack.enter_async_context(channel)
            await stack.enter_async_context(self.intake)
            beating = asyncio.create_task(self._beat(), name="heartbeats")
            stack.push_async_callback(_ended, beating)
            await stack.enter_async_context(self.feed)
            yield

    def stop(self) -> None:
        """End every stream now, so that the server can drain. May be called from a signal handler's loop callback."""
        self.feed.stop()

    async def house(self) -> House:
        """What can be asked for now."""
        return (await self.intake.catalogue()).house

    async def _beat(self) -> None:
        """Write the signs of life, and what customers were told, once a second.

        A sign that could not be written is heard again with the next beat; of what was told, a sample may be lost.
        """
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            try:
                async with self.database.connection() as connection:
                    await self.heartbeats.flush(connection)
                    await self.intake.told.flush(connection)
            except Exception as error:  # noqa: BLE001 - a chore survives everything; the next second tries again
                if not isinstance(error, RaabtaError):
                    log.warning("signs of life were not written: %s", type(error).__qualname__)


def _config(settings: Settings) -> Config:
    """What channels are told: where we are, and the environment as it is, with what the settings made of it on top."""
    known = {
        "TWILIO_ACCOUNT_SID": settings.twilio_account_sid,
        "TWILIO_AUTH_TOKEN": settings.twilio_auth_token.get_secret_value() if settings.twilio_auth_token else None,
        "SMTP_URL": settings.smtp_url.get_secret_value() if settings.smtp_url else None,
        "MAIL_ADDRESS": settings.mail_address,
    }
    environment = {name: value for name, value in os.environ.items() if name.isupper()}
    return Config(
        public_base_url=settings.base_url,
        settings={**environment, **{name: value for name, value in known.items() if value is not None}},
    )


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
