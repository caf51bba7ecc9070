"""From what is wanted and what is there to what changes, in which order, at which cost. All pure."""
