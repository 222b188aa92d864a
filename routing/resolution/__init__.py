"""From contact to solution: what counts as a touch, by when the customer hears, who checks, when it is solved.

Decides by data alone, as the rest of `routing` does. It never reads a clock, a row or a file.
"""
