"""What a recovery could restore now, and what would stop a takeover."""
