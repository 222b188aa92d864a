"""Who waits and who works now, and what is told to those who come."""
