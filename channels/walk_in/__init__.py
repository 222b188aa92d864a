"""Visits: a kiosk or a desk says who came, the visitor gets a number and is called to a counter."""

from __future__ import annotations

from channels.base import Channel, Config
from channels.walk_in.visits import WalkIn


def create(config: Config) -> Channel:
    """The channel."""
    return WalkIn(config)
