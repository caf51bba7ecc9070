"""Reading a snapshot's blocks on a host, without a volume of it."""
