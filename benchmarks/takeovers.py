"""How long takeovers and a removal take at EC2's rates: `python benchmarks/takeovers.py [HOSTS]`.

Time is the simulator's, with the rates and waits of its `aws` shape. So it is the same on any machine. Each
host has a volume. The target is empty, so a failover creates everything that it has. The limit is the least
time that the rates allow the plan of the target, from an empty target to running hosts.
"""

import os
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence

from attrs import evolve
from topology import PRODUCTION, ROLES, platform

from portinfra import RecoveryPlan, apply, destroy, plan
from portinfra.format import duration
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.replication.replicate import replicate
from portinfra.recovery.takeover.takeover import failover
from portinfra.testing.fake import FakeCloud, plugin

SOURCE = evolve(PRODUCTION, on="fake:us-east-1", account="111111111111", key="alias/data")
TARGET = evolve(SOURCE, name="recovery", on="fake:eu-west-1", account="222222222222", key="alias/recovery")
WAYS = (("one wave", (ROLES,)), ("ten waves", tuple((role,) for role in ROLES)))


def new_cloud() -> FakeCloud:
    """Return an empty cloud with room for many hosts."""
    plugin.cloud = FakeCloud()
    for kind in ("instance", "volume", "snapshot"):
        plugin.cloud.set_quota(kind, 10**6)
    return plugin.cloud


def measure_failover(hosts: int, waves: Sequence[Sequence[str]]) -> tuple[float, float, Counter[str]]:
    """Return the least seconds of the target's plan, the seconds of a failover, and the calls of it."""
    cloud, topology = new_cloud(), platform(hosts, volumes=1)
    apply(plan(topology, SOURCE))
    recovery = Recovery(
        RecoveryPlan("growth", SOURCE, TARGET, rpo="4h", rto="1h", waves=waves), topology, SOURCE, TARGET
    )
    replicate(recovery)
    least, began = plan(topology, TARGET).budget.floor_seconds, cloud.clock.now()
    cloud.log.clear()
    evidence = failover(recovery)
    assert not evidence.reasons, evidence.reasons
    return least, cloud.clock.now() - began, Counter(cloud.log)


def measure_removal(hosts: int) -> tuple[float, float, Counter[str]]:
    """Return the least seconds of a plan that removes all hosts and keeps their volumes, and what it took."""
    cloud, topology = new_cloud(), platform(hosts, volumes=1)
    apply(plan(topology, SOURCE))
    made = destroy(topology, SOURCE)
    cloud.log.clear()
    return made.budget.floor_seconds, apply(made).seconds, Counter(cloud.log)


def main(hosts: int) -> None:
    """Print a row for each verb."""
    rows = [(f"failover of {hosts} hosts, {name}", measure_failover, (hosts, waves)) for name, waves in WAYS]
    rows.append((f"destroy {hosts * 9 // 10} hosts", measure_removal, (hosts * 9 // 10,)))
    print("| verb | limit | took | s | most calls |\n|---|---:|---:|---:|---|")
    with tempfile.TemporaryDirectory() as home:
        os.environ["PORTINFRA_HOME"] = home
        for name, measure, given in rows:
            least, took, calls = measure(*given)
            most = ", ".join(f"{n:,} {action}" for action, n in calls.most_common(8))
            print(f"| {name} | {duration(least)} | {duration(took)} | {took:.0f} | {most} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 1000)
