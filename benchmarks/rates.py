"""How close an apply comes to the least time that EC2's rates allow: `python benchmarks/rates.py [HOSTS]`.

In virtual time, so it is exact on any machine. Once where nothing takes time after it is accepted; once with
EC2's waits too. The floor is the plan's own: what the rates allow. After the last launch that they allow, its
host still has to start, and to get its volume: that is the second floor.
"""

import os
import sys
import tempfile

from attrs import evolve
from topology import PRODUCTION, platform

from portinfra import apply, plan
from portinfra.testing.fake import AWS, FakeCloud, Shape, plugin

EC2 = evolve(PRODUCTION, on="fake:us-east-1")
RATES_ALONE = evolve(AWS, name="rates", pending={}, deleting={}, visibility_seconds=0.0)


def measure(hosts: int, shape: Shape) -> tuple[float, float]:
    """The least seconds that the plan gives, and the seconds that the apply takes, both virtual."""
    plugin.cloud = FakeCloud(shape=shape)
    made = plan(platform(hosts, volumes=1), EC2)
    return made.budget.floor_seconds, apply(made).seconds


def main(hosts: int) -> None:
    """Print a line for each cloud."""
    print(f"{hosts} hosts, virtual seconds")
    print(f"{'':24}{'took':>8}{'floor':>8}{'ratio':>8}{'with the last host':>20}{'ratio':>8}")
    with tempfile.TemporaryDirectory() as home:
        os.environ["PORTINFRA_HOME"] = home
        for name, shape in (("EC2's rates alone", RATES_ALONE), ("EC2's rates and waits", AWS)):
            floor, took = measure(hosts, shape)
            last = floor + sum(shape.pending.get(wait, 0.0) for wait in ("instance", "attach"))
            print(f"{name:24}{took:8.1f}{floor:8.1f}{took / floor:8.3f}{last:20.1f}{took / last:8.3f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 1000)
