"""Long tests begin first, so that what is still running at the end of a run on several cores is short.

xdist's `worksteal` gives each worker one contiguous part of all tests, of nearly the same number. Later it
moves tests from the end of one part to another worker. So all parts begin with the same share of long tests,
of which the longest come first: `@pytest.mark.slow(seconds=170)` says how long one takes alone.
Long tests that share a fixture of their module go to one worker: each worker would make it anew.
"""

import itertools

import pytest

from portinfra.testing.conformance.suite.crashes import CrashAtEveryCall

SECONDS = 2
"""What a long test takes, unless its mark says more."""


@pytest.hookimpl(trylast=True)  # after those that are deselected have gone
def pytest_collection_modifyitems(config, items):
    workers = getattr(config, "workerinput", {}).get("workercount", 1)
    if workers > 1:
        items[:] = spread(items, workers, is_long, group_of, seconds_of)


def is_long(item):
    """Whether a test is marked as slow or sampled, or is a crash sweep of the conformance suite."""
    sweep = issubclass(item.cls or object, CrashAtEveryCall) and hasattr(CrashAtEveryCall, item.originalname)
    return sweep or any(map(item.get_closest_marker, ("slow", "sampled")))


def seconds_of(item):
    """Return the seconds that the mark of a long test says, or those that make a test long."""
    mark = item.get_closest_marker("slow")
    return mark.kwargs.get("seconds", SECONDS) if mark else SECONDS


def group_of(item):
    """Return the module of a test that shares a fixture with others of its module; else the test alone."""
    fixtures = [definitions[-1] for definitions in item._fixtureinfo.name2fixturedefs.values()]
    shares = any(fixture.scope in ("class", "module") for fixture in fixtures)
    return item.path if shares else item.nodeid


def spread(items, workers, is_long, group_of, seconds_of=lambda item: SECONDS):
    """Order tests for this many workers: each one's part begins with its share of the long ones."""
    rest = [item for item in items if not is_long(item)]
    groups = [list(group) for _, group in itertools.groupby(filter(is_long, items), group_of)]
    shares = [[] for _ in range(workers)]
    taken = [0] * workers
    for group in sorted(groups, key=lambda group: -sum(map(seconds_of, group))):
        least = min(reversed(range(workers)), key=taken.__getitem__)  # the last parts are the larger ones
        shares[least].extend(group)
        taken[least] += sum(map(seconds_of, group))
    ordered = []
    for worker, share in enumerate(shares):
        size = (len(items) - len(ordered)) // (workers - worker)
        ordered += share + rest[: max(0, size - len(share))]
        del rest[: max(0, size - len(share))]
    return ordered
