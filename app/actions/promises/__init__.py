"""Every time a customer was given: made, moved, kept or broken."""
