"""One platform planned, applied and planned again, in Python: `python benchmarks/lifecycle.py HOSTS`.

Run as a process of its own, so that its memory is its own. Prints one line of JSON. `--plan-only` ends after
the first plan; `--volumes N` gives each host so many.
"""

import argparse
import json
import os
import resource
import tempfile
import time
from collections.abc import Callable
from typing import Any

from topology import PRODUCTION, platform

from portinfra import apply, plan
from portinfra.testing.fake import FakeCloud, plugin


def time_call(work: Callable[[], Any]) -> tuple[float, Any]:
    """CPU seconds of this process, and what the work returned."""
    began = time.process_time()
    result = work()
    return time.process_time() - began, result


def peak_mb() -> float:
    """The most memory that this process has had so far, in MB of 10⁶ bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def life(hosts: int, volumes: int, *, plan_only: bool = False) -> dict[str, float]:
    """CPU seconds and peak memory of each step."""
    plugin.cloud = FakeCloud()
    for kind in ("instance", "volume"):
        plugin.cloud.set_quota(kind, 10**6)
    topology = platform(hosts, volumes)
    planning, first = time_call(lambda: plan(topology, PRODUCTION))
    assert not first.errors, first.errors
    figures = {"hosts": hosts, "resources": len(first.wanted), "plan": planning, "plan_mb": peak_mb()}
    if plan_only:
        return figures
    applying, _ = time_call(lambda: apply(first))
    figures |= {"apply": applying, "apply_mb": peak_mb()}
    looking, again = time_call(lambda: plan(topology, PRODUCTION))
    assert again.empty
    return figures | {"no-op": looking, "no-op_mb": peak_mb()}


def main() -> None:
    """Print the figures of one life."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("hosts", type=int)
    parser.add_argument("--volumes", type=int, default=2)
    parser.add_argument("--plan-only", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ["PORTINFRA_HOME"] = home
        print(json.dumps(life(given.hosts, given.volumes, plan_only=given.plan_only)))


if __name__ == "__main__":
    main()
