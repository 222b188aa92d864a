"""What happens to a command where there is no account: one line in the log, and it counts as delivered.

Decides the line's shape. It never holds a name, a number or a text: logs outlive the right to be forgotten.
"""

from __future__ import annotations

import logging

from channels.base import Command

_log = logging.getLogger("raabta.channels")


def write_line(command: Command) -> None:
    """Say that this command would have gone out."""
    facts = {
        "channel": command.channel,
        "command": command.kind,
        "key": command.key,
        "interaction_id": str(command.interaction_id),
        "language": command.language,
    }
    _log.info("command written to the console: %s", " ".join(f"{k}={v}" for k, v in facts.items()), extra=facts)
