"""Declarations in HCL. Only this package imports python-hcl2, and only for a declaration in HCL."""
