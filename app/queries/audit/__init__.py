"""Whether the rows keep every promise, worked out again from scratch."""
