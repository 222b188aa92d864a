"""A channel without a world behind it: for trying things by hand, and for software that has no channel of its own."""

from __future__ import annotations

from channels.base import Channel, Config
from channels.console.contacts import Console


def create(config: Config) -> Channel:
    """The channel."""
    return Console(config)
