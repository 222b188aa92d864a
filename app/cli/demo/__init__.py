"""`raabta demo`: a busy hour in about a minute, through the real edges."""

from __future__ import annotations


def demo() -> None:
    """Play a busy hour."""
