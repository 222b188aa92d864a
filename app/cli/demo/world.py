"""What all who play share: the service's address and keys, the plans, and the ledger. Decides nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.cli.demo.edge import Edge
from app.cli.demo.ledger import Ledger
from app.cli.demo.script import Contact


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """A running service. `keys` by the names of the keys file; without `twilio_token` nobody phones."""

    url: str
    keys: Mapping[str, str]
    twilio_token: str | None = None
    public_url: str | None = None
    """What Twilio's signatures are made for, where it is not `url`."""
    mail_port: int | None = None
    """Where the service hands its letters over, on this machine; None: nobody reads them."""


@dataclass(kw_only=True, slots=True)
class World:
    """One play."""

    target: Target
    edge: Edge
    contacts: Sequence[Contact]
    ledger: Ledger = field(default_factory=Ledger)
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when everybody may go home."""
    plans: dict[str, Contact] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.plans.update({contact.ref: contact for contact in self.contacts})
