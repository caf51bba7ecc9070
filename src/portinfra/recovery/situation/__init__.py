"""Which end is active, which one waits, and what is under way."""
