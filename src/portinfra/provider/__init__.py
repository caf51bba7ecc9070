"""The contract of providers, and how portinfra finds the installed ones."""
