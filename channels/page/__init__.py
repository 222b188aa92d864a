"""The customer's own page as a way in and out: what is written there comes in, and answers are read there."""

from __future__ import annotations

from channels.base import Channel, Config
from channels.page.words import OwnPage


def create(config: Config) -> Channel:
    """The channel."""
    return OwnPage()
