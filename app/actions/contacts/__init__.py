"""A contact: let in or turned away, written down, spoken with, ended."""
