"""`dr`: recovery points, drills, failover and the way back."""
