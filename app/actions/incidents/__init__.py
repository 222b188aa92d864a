"""A fault that touches many: declared, its cases attached, everybody told."""
