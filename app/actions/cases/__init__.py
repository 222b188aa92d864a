"""A case: whose it is, what it is, with what it belongs together, and how it is resolved, closed and opened again."""
