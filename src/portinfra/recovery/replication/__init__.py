"""Replication: new recovery points, their transfer to the waiting end, and the removal of old ones."""
