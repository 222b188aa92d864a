"""`raabta settings`: every setting, what it is now and what it is for."""

from __future__ import annotations

import os
from collections.abc import Iterator

from app import registry
from app import settings as environment
from app.cli.terminal import table
from app.settings import Described


def settings() -> None:
    """List every setting: value (secrets masked), default and meaning. Settings are environment variables."""
    ours = list(environment.described(environment.load()))
    rows = [
        [one.name, one.value, one.default, one.meaning] for one in (*ours, *_of_channels({one.name for one in ours}))
    ]
    table(["NAME", "VALUE", "DEFAULT", "MEANING"], rows)


def _of_channels(known: set[str]) -> Iterator[Described]:
    """What the channels' folders read beside the service's own settings, each once."""
    for channel in registry.current().values():
        for name, setting in channel.info.settings.items():
            if name not in known:
                known.add(name)
                value = os.environ.get(name, setting.default)
                yield Described(name=name, value=value, default=setting.default, meaning=setting.meaning)
