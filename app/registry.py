"""Which channels there are: the folders of `channels/`, found and not listed.

Decides nothing about them; it never opens one (the service does) and holds what was found for this process.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
from collections.abc import Mapping, Sequence

import channels
from app.errors import CannotStart
from channels.base import Channel, Config, Info

_found: dict[str, Channel] = {}


def discover(wanted: Sequence[str] | None, config: Config) -> dict[str, Channel]:
    """Every channel folder that is wanted (all, where None), made but not opened; raises `CannotStart`."""
    names = [module.name for module in pkgutil.iter_modules(channels.__path__) if module.ispkg]
    made = {name: importlib.import_module(f"channels.{name}") for name in sorted(names)}
    ready = {name: module for name, module in made.items() if hasattr(module, "create")}
    missing = [name for name in wanted or () if name not in ready]
    if missing:
        raise CannotStart(f"CHANNELS names {', '.join(missing)}; there is {', '.join(ready)}.")
    try:
        return {name: module.create(config) for name, module in ready.items() if wanted is None or name in wanted}
    except ValueError as error:  # a channel says in one line which of its settings cannot work
        raise CannotStart(str(error), code="wrong_setting") from error


def use(found: Mapping[str, Channel]) -> None:
    """Make these the channels of this process."""
    _found.clear()
    _found.update(found)


def current() -> Mapping[str, Channel]:
    """The channels of this process; all folders, with the environment's settings, where none were chosen."""
    if not _found:
        use(discover(None, Config(public_base_url=os.environ.get("PUBLIC_BASE_URL", ""), settings=dict(os.environ))))
    return _found


def info(name: str) -> Info:
    """What a channel says of itself; raises `KeyError` for one that is not served."""
    return current()[name].info
