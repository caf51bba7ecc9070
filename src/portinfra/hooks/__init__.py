"""Hooks: what users have called on the way, and the inventory of hosts that hooks read."""
