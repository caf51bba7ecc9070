"""In a quick run, the crash sweeps of the suite try the crashes of one write in forty."""

import pytest


@pytest.fixture(autouse=True)
def fewer_crashes(bed, request):
    if request.config.option.quick:
        bed.stride = 40
