"""Declarations in HCL. Nothing else knows python-hcl2, or imports it before it is needed."""
