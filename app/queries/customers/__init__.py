"""Customers: by what they are known, how they are reached, what they read of their own matters."""
