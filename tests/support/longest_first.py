"""Long tests begin first, so that what is still running at the end of a run on several cores is short.

xdist's `worksteal` gives each worker one contiguous part of all tests, of nearly the same number. Later it
moves tests from the end of one part to another worker. So all parts begin with the same share of long tests.
"""

import pytest

from portinfra.testing.conformance.suite.crashes import CrashAtEveryCall


@pytest.hookimpl(trylast=True)  # after those that are deselected have gone
def pytest_collection_modifyitems(config, items):
    workers = getattr(config, "workerinput", {}).get("workercount", 1)
    if workers > 1:
        items[:] = spread(items, workers, is_long)


def is_long(item):
    """Whether a test is marked as slow or sampled, or is a crash sweep of the conformance suite."""
    sweep = issubclass(item.cls or object, CrashAtEveryCall) and hasattr(CrashAtEveryCall, item.originalname)
    return sweep or any(map(item.get_closest_marker, ("slow", "sampled")))


def spread(items, workers, is_long):
    """Order tests for this many workers: each one's part begins with its share of the long ones."""
    long, rest = [i for i in items if is_long(i)], [i for i in items if not is_long(i)]
    ordered = []
    for worker in range(workers):
        share = long[workers - 1 - worker :: workers]  # the last parts are the larger ones, as xdist divides
        size = (len(items) - len(ordered)) // (workers - worker)
        ordered += share + rest[: size - len(share)]
        del rest[: size - len(share)]
    return ordered
