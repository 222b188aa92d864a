"""Letters: raw messages in, replies out over SMTP."""

from __future__ import annotations

from channels.base import Channel, Config
from channels.email.channel import Email
from channels.email.settings import read_settings


def create(config: Config) -> Channel:
    """The channel. Settings are listed in `channels.email.settings`; raises ValueError for those that cannot work."""
    return Email(read_settings(config))
