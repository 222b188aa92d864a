"""The simulator: the same floor and plan the service runs, with chance and a clock of its own."""
