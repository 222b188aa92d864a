"""Background chores, one per file: the dispatcher, the timers, the outbox, the polls, and what keeps the tables tidy.

Decides when something is done; what is done, the actions decide. No chore trusts that another one runs or that it runs
alone: every write is guarded, so that any number of processes may run all of them.
"""

from app.loops.runner import Loops

__all__ = ["Loops"]
