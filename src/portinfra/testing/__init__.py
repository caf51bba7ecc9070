"""What tests stand on: the built-in cloud, faults, strategies, fixtures, and the suite for providers."""
