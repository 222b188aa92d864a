"""Pure decisions: who waits, who works, who gets what, and when to look again.

Nothing here reads a clock, a file, a socket or a random number: the caller passes rows and instants in and
writes the answers down. Only the standard library is imported.
"""
