"""`@pytest.mark.tools("age", "restic")`: a test that calls programs which no virtual environment has. It is
skipped where one of them is missing.
"""

import shutil

import pytest


@pytest.hookimpl(tryfirst=True)  # before any fixture calls them
def pytest_runtest_setup(item):
    for mark in item.iter_markers("tools"):
        if missing := [name for name in mark.args if not shutil.which(name)]:
            pytest.skip(f"{', '.join(missing)} is not installed")
