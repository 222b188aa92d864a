"""Faults that touch many, and whom they touch."""
