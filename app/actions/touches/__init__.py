"""How often a customer had to turn to us, and why."""
