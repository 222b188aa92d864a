"""Reads. Decides what is read and in which order; never writes, never locks, never commits."""
