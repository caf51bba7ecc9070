"""The hosts of a topology, for people and for tools that reach them. Pure: it reads nothing."""
