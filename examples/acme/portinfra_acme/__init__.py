"""A whole provider for an imaginary cloud, as docs/writing-a-provider.md shows it."""
