"""The crash sweeps of the suite try every call; in a quick run, a few."""

import pytest


@pytest.fixture(autouse=True)
def fewer_crashes(bed, request):
    if request.config.option.quick:
        bed.stride = 15
