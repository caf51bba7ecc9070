"""The run of a plan: the only part that changes resources. It writes a journal entry before each call."""
