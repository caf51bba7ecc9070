"""`pytest --quick`: the tests that need no more than the virtual environment, and a few minutes in all.

Crash sweeps and property tests take smaller samples. What is marked `slow`, `tools` or `soak` is left to the
longer runs. A test without a mark fails here if it takes more than SECONDS_MAX: nobody can forget the mark.
"""

import os

import pytest

SECONDS_MAX = 20.0
"""Of the processors' time. Mark what takes 2 s on a machine at rest: a busy one may need the triple."""

LEFT = ("slow", "tools", "soak")


def pytest_addoption(parser):
    parser.addoption("--quick", action="store_true", help="only tests that are quick and need nothing else")


def pytest_collection_modifyitems(config, items):
    if config.option.quick:
        left = [item for item in items if _is_left(item)]
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if not _is_left(item)]


def _is_left(item):
    return any(map(item.get_closest_marker, LEFT))


@pytest.fixture(autouse=True)
def quick_enough(request):
    """Fail a test that is too slow for `--quick` and is not marked."""
    began = _seconds()
    yield
    if request.config.option.quick and (took := _seconds() - began) > SECONDS_MAX:
        pytest.fail(f"it took {took:.0f} s of the processors' time: mark it with @pytest.mark.slow")


def _seconds():
    """This process's and its children's."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
