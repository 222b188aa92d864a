"""Who acts, and how a key is known without being kept.

Decides what a key looks like and how it is recognised. It never decides what a role may do (the access table does) and
never stores anything.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import Literal

Role = Literal["admin", "supervisor", "representative", "integration", "kiosk", "system"]
KEY_BYTES = 24


@dataclass(frozen=True, kw_only=True, slots=True)
class Actor:
    """Who asks for a change. `representative` is set for a representative's own key, and only they are held to it.

    `name` is the key's: a rotated key has another id and the same name, and is the same integration.
    """

    role: Role
    key_id: str
    representative: str | None = None
    name: str = ""

    @property
    def source(self) -> str:
        """Who vouches for what this actor brings in: receipts and remembered answers outlive the rotation of a key."""
        return f"key:{self.name or self.key_id}"

    @property
    def label(self) -> str:
        """How events and receipts name this actor: a code or an id, never a person's name."""
        if self.representative is not None:
            return f"representative:{self.representative}"
        return f"{self.role}:{self.key_id}" if self.key_id else self.role


SYSTEM = Actor(role="system", key_id="")
"""The service itself: its timers and its dispatcher."""


def new_key(role: Role) -> str:
    """A fresh key, shown once. Its start tells the role to a person who finds it lying about."""
    return f"rk_{role}_{secrets.token_urlsafe(KEY_BYTES)}"


def digest(key: str) -> bytes:
    """What is stored instead of the key. Keys are drawn, not chosen, so a plain hash is enough."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
