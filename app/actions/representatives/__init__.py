"""Whoever serves: on shift or away, what they hold when they leave, when they rest, whom they must not meet."""
