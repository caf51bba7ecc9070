"""The estimate of a plan beside its apply on a bed: `python benchmarks/clouds/estimates.py aws|gcp [HOSTS]`.

Time is the bed's, and passes only while portinfra waits. Each change takes `PENDING` seconds there. The
estimate uses that wait in place of the assumed ones, so the table shows the error of the calculation alone.
"""

import importlib
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from attrs import evolve

HERE = Path(__file__).parent
PROVIDERS = HERE.parents[1] / "providers"
sys.path[:0] = [str(HERE), *(str(PROVIDERS / cloud / "tests") for cloud in ("aws", "gcp"))]

from by_portinfra import LOSE_DATA, BedTime, platform  # noqa: E402
from shape import NETWORK  # noqa: E402

from portinfra import Environment, Topology, apply, destroy, plan  # noqa: E402
from portinfra.execution.estimate import estimate  # noqa: E402
from portinfra.format import duration  # noqa: E402
from portinfra.model.plan import Plan  # noqa: E402
from portinfra.testing.call_wrapper import pass_through, wrap_calls  # noqa: E402

PENDING = 20.0
"""The seconds of a change on the bed."""

BEDS = {"aws": "bed", "gcp": "emulator"}


def replace_hosts(topology: Topology, width: int) -> Topology:
    """Return the topology with another image, and this many hosts of a role replaced at a time."""
    return evolve(
        topology, roles=[evolve(role, image="debian-13", max_unavailable=width) for role in topology.roles]
    )


def main(cloud: str, hosts: int) -> None:
    """Print a row for each plan."""
    where = importlib.import_module(f"on_{cloud}")
    there = Environment(
        "hand",
        on=f"{cloud}:{where.REGION}",
        account=getattr(where, "PROJECT", ""),
        cidr=NETWORK,
        zones=where.ZONES,
        subnet_prefix=22,
    )
    changed = platform(hosts, "change")
    plans: dict[str, Callable[[], Plan]] = {
        f"create {hosts} hosts": lambda: plan(platform(hosts, "create"), there),
        "change one port": lambda: plan(changed, there),
        f"replace {hosts} hosts, one at a time": lambda: plan(replace_hosts(changed, 1), there, LOSE_DATA),
        f"destroy {hosts} hosts": lambda: destroy(replace_hosts(changed, 1), there, LOSE_DATA),
    }
    print("| cloud | plan | at least | about | took | about ÷ took |\n|---|---|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as home, importlib.import_module(BEDS[cloud]).in_process() as remote:
        os.environ.update(remote.environment, PORTINFRA_HOME=home)
        remote.bed.configure(live_clock=False, pending_seconds=PENDING)
        with wrap_calls(cloud, pass_through, clock=BedTime(remote.bed)):
            for name, make in plans.items():
                made = make()
                usual = dict.fromkeys(made.catalogue.usual_seconds, PENDING)
                measured = evolve(made, catalogue=evolve(made.catalogue, usual_seconds=usual))
                floor, about, took = made.budget.floor_seconds, estimate(measured) or 0.0, apply(made).seconds
                times = " | ".join(map(duration, (floor, about, took)))
                ratio = f"{about / took:.3f}" if took else ""
                print(f"| {cloud} | {name} | {times} | {ratio} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 30)
