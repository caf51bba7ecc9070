"""Actions on hypervisors: each is one change, or one read of everything."""
