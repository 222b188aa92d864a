"""An offer and the work that follows from it: made, taken, declined, run out, ended."""
