"""`dr`: recovery points, drills, failover and failback."""
