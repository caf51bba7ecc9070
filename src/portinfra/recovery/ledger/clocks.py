"""How far the clocks of the machines that write and read a ledger may differ."""

AHEAD_SECONDS = 300.0
"""The clocks of two machines may differ by this much, in seconds."""
