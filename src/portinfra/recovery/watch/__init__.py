"""What a recovery could bring back now, and what would stop a takeover."""
