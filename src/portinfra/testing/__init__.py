"""What tests stand on: the built-in cloud simulator, and strategies for topologies."""
