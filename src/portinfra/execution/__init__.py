"""Doing what a plan says: the only part that changes the world, with a journal entry before each call."""
