"""Test files that need a package which `make demo` does not install."""

import importlib.util

import pytest


def need(*modules):
    """Leave the test file out where one of the modules is not installed. Nothing is imported: that takes
    seconds, in each process that collects tests.
    """
    for module in modules:
        if not is_installed(module):
            pytest.skip(f"{module} is not installed", allow_module_level=True)


def is_installed(module):
    """Return whether a module can be imported."""
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # not even the package above it
        return False
