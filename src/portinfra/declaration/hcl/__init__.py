"""Declarations in HCL. `plain` reads most files; `grammar` reads the others, by python-hcl2."""
