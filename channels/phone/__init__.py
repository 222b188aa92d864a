"""Phone calls over Twilio: a menu, an honest wait, a bridge to a person."""

from __future__ import annotations

from channels.base import Channel, Config
from channels.phone.channel import Phone
from channels.phone.settings import read_settings


def create(config: Config) -> Channel:
    """The channel. Settings are listed in `channels.phone.settings`; raises ValueError for those that cannot work."""
    return Phone(read_settings(config))
