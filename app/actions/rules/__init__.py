"""Versions of the rules, and the configuration they stand in."""
