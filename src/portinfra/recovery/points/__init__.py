"""Recovery points: how they are captured, stored, aged and restored."""
