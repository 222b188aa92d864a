"""What can go wrong in the core. Decides nothing: each error says what was asked for and why it may not be."""

from __future__ import annotations


class RoutingError(Exception):
    """Base of all errors of the core; catching it catches nothing from elsewhere."""


class IllegalTransition(RoutingError):
    """A state machine has no row for this event in this state: the caller acted on something that moved on."""

    def __init__(self, machine: str, state: str, event: str) -> None:
        super().__init__(f"{machine}: {event!r} is not possible in state {state!r}")
        self.machine = machine
        self.state = state
        self.event = event
