"""Declarations in Python and HCL, read into values of the model. It reads files, and validates nothing."""
