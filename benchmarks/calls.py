"""API calls against the fewest possible: `python benchmarks/calls.py [HOSTS …]`.

Creating takes at least one write for each resource. Finding nothing to do takes at least one read for each
page of each list, of every kind that has one and of the claims, and one of the account. The cloud
counts.
"""

import os
import sys
import tempfile
from collections import Counter
from math import ceil

from attrs import evolve
from topology import PRODUCTION, platform

from portinfra import apply, plan
from portinfra.testing.fake import AWS, FakeCloud, plugin

EC2 = evolve(PRODUCTION, on="fake:us-east-1")
LISTED = ("network", "subnet", "firewall", "instance", "volume", "public-address", "snapshot")
"""Rules are listed with their firewall, attachments with their volume."""


def reads(log: Counter[str]) -> int:
    """How many of the calls only read."""
    return sum(count for action, count in log.items() if action.startswith(("List", "Describe")))


def fewest_reads(books: list[dict[str, object]]) -> int:
    """A page at least of each list, the claims' among them, and a read of the account."""
    there = Counter(record["kind"] for record in books)
    return 2 + sum(max(1, ceil(there[kind] / AWS.page_size)) for kind in LISTED)


def main(sizes: list[int]) -> None:
    """Print a line for each size."""
    with tempfile.TemporaryDirectory() as home:
        os.environ["PORTINFRA_HOME"] = home
        print("hosts  resources  create: writes  per resource  reads   no-op: reads  fewest")
        for hosts in sizes:
            cloud = plugin.cloud = FakeCloud()
            topology = platform(hosts)
            made = plan(topology, EC2)
            cloud.log.clear()
            apply(made)
            written = cloud.log.total() - reads(cloud.log)
            looked = reads(cloud.log)
            cloud.log.clear()
            assert plan(topology, EC2).empty
            resources = len(made.wanted)
            print(
                f"{hosts:5}  {resources:9}  {written:14}  {written / resources:12.2f}  {looked:5}"
                f"   {cloud.log.total():12}  {fewest_reads(cloud.ground_truth()):6}"
            )


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [30, 300, 1000])
