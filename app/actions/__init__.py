"""All writes, one verb per file.

Each action asks `routing.lifecycle` what is allowed and writes state, event and outgoing commands in the caller's
transaction. Actions never begin or commit a transaction, never read this machine's clock and never touch the network.
"""
