"""Guards: conditions outside an environment that forbid or change a plan of it, such as a fence."""
