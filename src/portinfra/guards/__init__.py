"""What lies outside of an environment and forbids or changes a plan of it: a fence, the other environment."""
