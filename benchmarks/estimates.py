"""The estimate of a plan beside the time that its apply takes: `python benchmarks/estimates.py`.

Time is the simulator's, with the rates and waits of its shapes. So it is the same on any machine.
"""

import os
import sys
import tempfile
from collections.abc import Iterator

from attrs import evolve
from topology import PRODUCTION, platform

from portinfra import Role, Topology, apply, destroy, plan
from portinfra.execution.estimate import estimate
from portinfra.format import duration
from portinfra.model.plan import Plan
from portinfra.testing.fake import SHAPES, FakeCloud, plugin

HERE = evolve(PRODUCTION, on="fake:us-east-1")
FLEET = Role("web", count=300, max_unavailable=10)


def plans() -> Iterator[tuple[str, Plan]]:
    """Yield each plan with its name. The next one begins when this one is applied."""
    small = Topology("small", [Role("web", count=3, public="to measure")])
    yield "create 12 resources", plan(small, HERE)
    for hosts in (90, 900):
        yield f"create {hosts} hosts with a volume each", plan(platform(hosts, volumes=1), HERE)
        yield f"destroy {hosts} hosts, keep the volumes", destroy(platform(hosts, volumes=1), HERE)
    apply(plan(Topology("fleet", [FLEET]), HERE))
    for width in (10, 1):
        image = "ubuntu-24.04" if width == 10 else "debian-12"
        fleet = Topology("fleet", [evolve(FLEET, max_unavailable=width, image=image)])
        yield f"replace 300 hosts, `max_unavailable = {width}`", plan(fleet, HERE)


def main(shapes: list[str]) -> None:
    """Print a row for each plan on each shape."""
    print("| cloud | plan | at least | about | took | about ÷ took |\n|---|---|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as home:
        os.environ["PORTINFRA_HOME"] = home
        for shape in shapes:
            plugin.cloud = FakeCloud(shape=SHAPES[shape])
            for name, made in plans():
                floor, about, took = made.budget.floor_seconds, estimate(made) or 0.0, apply(made).seconds
                times = " | ".join(map(duration, (floor, about, took)))
                print(f"| {shape} | {name} | {times} | {about / took:.3f} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:] or ["aws", "gcp"])
