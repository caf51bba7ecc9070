"""Python looks for garbage only among what tests make.

Modules and collected tests live until the run ends. To look through them again and again took a quarter of
the time of collection.
"""

import gc

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Look for no garbage during collection, and never again among what it leaves."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()
