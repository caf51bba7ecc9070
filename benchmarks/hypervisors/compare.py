"""Nine real guests, until each of them answers: `python benchmarks/hypervisors/compare.py [ROUNDS]`, as root.

portinfra beside a bare shell script of virsh and qemu-img (by_hand.sh), each on a fresh hypervisor, in turns.
Then: a plan over 300 guests that are defined, with nothing to do but to start them.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "providers/libvirt/tests"))

from hypervisors.guest import build  # noqa: E402
from hypervisors.hypervisor import Hypervisor  # noqa: E402
from hypervisors.site import IMAGES, site  # noqa: E402
from portinfra import INTERNET, Environment, Role, Topology, allow, workflow  # noqa: E402
from portinfra.model.plan import Plan  # noqa: E402
from portinfra.testing.call_wrapper import wrap_calls  # noqa: E402

ROLES = ("web", "app", "db")
SERVE = "#!/bin/sh\nmkdir -p /srv; echo here > /srv/index.html; httpd -f -p 8080 -h /srv\n"
ANSWER_SECONDS = 180.0


def topology(count: int) -> Topology:
    """Three roles, each with so many hosts that answer on port 8080."""
    return Topology(
        "nine",
        roles=[
            Role(name, count=count, size="c1-m128", disk_gib=1, public="all", user_data=SERVE)
            for name in ROLES
        ],
        flows=[allow(INTERNET, name, tcp=8080, why="the benchmark") for name in ROLES],
    )


def by_portinfra(hypervisor: Hypervisor) -> None:
    """Plan and apply."""
    assert workflow.apply(workflow.plan(topology(3), _environment(hypervisor))).succeeded


def by_hand(hypervisor: Hypervisor) -> None:
    """The script."""
    (hypervisor.directory / "run/user-data").write_text(SERVE)
    image = f"/var/lib/libvirt/portinfra-images/{IMAGES[0]}"
    hypervisor.run("sh", str(HERE / "by_hand.sh"), image, "/var/lib/libvirt/by-hand", timeout=300)


WAYS = {"portinfra": by_portinfra, "by hand": by_hand}


def seconds(way: str, image: Path) -> float:
    """From nothing to nine answers."""
    with tempfile.TemporaryDirectory() as scratch, site("one", Path(scratch) / "s", ("a",), image) as one:
        hypervisor = one.zones["a"]
        os.environ["PORTINFRA_HOME"] = scratch
        began = time.monotonic()
        WAYS[way](hypervisor)
        waiting = {f"10.40.{block * 4 + zone}.4" for block in range(3) for zone in range(3)}
        while waiting:
            assert time.monotonic() - began < ANSWER_SECONDS, f"{way}: no answer from {waiting}"
            waiting -= {address for address in waiting if _answers(hypervisor, address)}
        return time.monotonic() - began


def no_op(count: int) -> tuple[float, int]:
    """Seconds and calls of a plan over so many guests that are defined, and do not run."""
    with tempfile.TemporaryDirectory() as scratch, site("one", Path(scratch) / "s", ("a",)) as one:
        os.environ["PORTINFRA_HOME"] = scratch
        environment = _environment(one.zones["a"])
        made = topology(count // 3)
        calls = 0

        def but_start(provider, call):  # type: ignore[no-untyped-def]
            nonlocal calls
            calls += 1
            return {} if call.action == "StartDomain" else provider.perform(call)

        def make_plan() -> Plan:
            return workflow.plan(made, environment)

        with wrap_calls("libvirt", but_start):
            with suppress(Exception):  # the last look finds that they do not run
                workflow.apply(make_plan())
            make_plan()
            calls, began = 0, time.monotonic()
            plan = make_plan()
            took = time.monotonic() - began
        assert {change.action for change in plan.changes} == {"update"}
        assert len(plan.changes) == count
        return took, calls


def _environment(hypervisor: Hypervisor) -> Environment:
    return Environment("bench", on=f"libvirt:{hypervisor.uri}", cidr="10.40.0.0/16")


def _answers(hypervisor: Hypervisor, address: str) -> bool:
    try:
        page = ("busybox", "timeout", "1", "busybox", "wget", "-q", "-O", "-", f"http://{address}:8080/")
        return hypervisor.run(*page) == "here\n"
    except RuntimeError:
        return False


def main(rounds: int) -> None:
    """Print the medians and their ratio."""
    with tempfile.TemporaryDirectory() as scratch:
        image = build(Path(scratch))
        found: Mapping[str, list[float]] = {way: [] for way in WAYS}
        for _ in range(rounds):
            for way in WAYS:
                found[way].append(seconds(way, image))
    medians = {way: statistics.median(times) for way, times in found.items()}
    for way, times in found.items():
        all_times = " ".join(f"{each:.1f}" for each in times)
        print(f"{way:10} nine guests answer after {medians[way]:.1f} s ({all_times})")
    print(f"ratio {medians['portinfra'] / medians['by hand']:.2f}")
    took, calls = no_op(300)
    print(f"a plan over 300 defined guests: {took:.2f} s, {calls} calls")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
