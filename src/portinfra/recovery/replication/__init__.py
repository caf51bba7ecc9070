"""New recovery points, carried to the waiting end, and the removal of old ones."""
