"""Hooks: commands and functions of users that portinfra calls, and the inventory of hosts that they read."""
