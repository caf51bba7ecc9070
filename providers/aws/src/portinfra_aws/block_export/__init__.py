"""Reading a snapshot's blocks on a host, with no volume made of it."""
