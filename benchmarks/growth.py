"""How cost grows with size: `python benchmarks/growth.py [HOSTS …]`.

For each size: the CPU seconds of planning from nothing, of applying on a simulator without delays, and of the
plan that finds nothing to do; and what a resource costs relative to the smallest size (1.0: as much; cost is
linear where this does not rise). API calls are counts.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

from attrs import evolve

from portinfra import Environment, Role, Topology, Volume, allow, apply, plan
from portinfra.testing.fake import AWS, FakeCloud, plugin

INSTANT = evolve(
    AWS, rates={}, visibility_seconds=0.0, pending={}, deleting={}, terminated_seconds=0.0, page_size=1_000
)
PRODUCTION = Environment("production", on="fake:us-east-1", cidr="10.0.0.0/8", subnet_prefix=18)


def platform(hosts: int) -> Topology:
    """Ten roles that all may call one another, each host with a volume."""
    names = [f"role-{letter}" for letter in "abcdefghij"]
    roles = [Role(name, count=hosts // 10, volumes=[Volume("data", gib=10)]) for name in names]
    return Topology("growth", roles, [allow(names, names, tcp=443, why="to measure")])


def cpu(work: Callable[[], Any]) -> tuple[float, Any]:
    """CPU seconds of this process, and what the work returned."""
    began = time.process_time()
    result = work()
    return time.process_time() - began, result


def main(sizes: list[int]) -> None:
    """Print one line for each size."""
    os.environ["PORTINFRA_HOME"] = tempfile.mkdtemp()
    print("hosts  resources  plan s  apply s  no-op s  per resource  calls  no-op calls")
    base = 0.0
    for hosts in sizes:
        plugin.cloud = FakeCloud(shape=INSTANT)
        topology = platform(hosts)
        planning, first = cpu(lambda topology=topology: plan(topology, PRODUCTION))
        applying, outcome = cpu(lambda first=first: apply(first))
        before = sum(plugin.cloud.log.values())
        looking, again = cpu(lambda topology=topology: plan(topology, PRODUCTION))
        reads = sum(plugin.cloud.log.values()) - before
        assert again.empty
        resources = len(first.wanted)
        each = (planning + applying + looking) / resources
        base = base or each
        print(
            f"{hosts:5}  {resources:9}  {planning:6.2f}  {applying:7.2f}  {looking:7.2f}"
            f"  {each / base:12.2f}  {outcome.calls:5}  {reads:11}"
        )


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [30, 100, 300, 1000, 3000])
