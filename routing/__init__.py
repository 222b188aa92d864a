"""The pure decisions: what is allowed, who goes first, who gets it. Never does I/O, never reads a clock."""
