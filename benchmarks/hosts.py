"""What the files of hosts cost: `python benchmarks/hosts.py [HOSTS …]`.

CPU seconds, and Python calls a host, which show that work is done once for a role and a zone. Two shapes:
callers of one service with nine servers, and the reference platform with all its roles larger.
"""

import sys
import time
from pathlib import Path

from attrs import evolve
from measure import MACHINE

from portinfra import Environment, Role, Service, Topology, allow
from portinfra.declaration.load import load
from portinfra.hosts.render import render
from portinfra.model.placed import Placed
from portinfra.placement import place

SIZES = (100, 1000, 10_000)
EXAMPLE = Path(__file__).parents[1] / "examples" / "payments.hcl"
HERE = Environment("production", on="fake:us-east-1", cidr="10.0.0.0/8", subnet_prefix=20)


def callers(hosts: int) -> Topology:
    """Hosts that call one service with nine servers."""
    api = Service("api", tcp=8443, local_port=8002)
    roles = [Role("web", count=hosts - 9), Role("app", count=9, offers=api)]
    return Topology("shop", roles, [allow("web", api, why="orders")])


def platform(hosts: int) -> Topology:
    """The reference platform, each role with the same number of hosts: servers grow with clients."""
    topology = load(EXAMPLE).topologies[0]
    count = max(1, hosts // len(topology.roles))
    return evolve(topology, roles=[evolve(role, count=count) for role in topology.roles])


def count_calls(placed: Placed) -> int:
    """Return the Python calls that rendering takes."""
    calls = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        write_all(placed)
    finally:
        sys.setprofile(None)
    return calls


def write_all(placed: Placed) -> tuple[int, int]:
    """Render every file, as `hosts files --into` does. Return the number of hosts and of bytes."""
    files = render(placed, lambda network, subnet: ())
    return len(files), sum(len(file.content) for host in files for file in files[host])


def main(sizes: tuple[int, ...]) -> None:
    """Print a line for each shape and size."""
    print(MACHINE)
    print(f"{'':10}{'hosts':>7}{'CPU s':>8}{'ms a host':>11}{'calls a host':>14}{'kB a host':>11}")
    for shape in (callers, platform):
        for size in sizes:
            placed = place(shape(size), HERE)
            began = time.process_time()
            hosts, written = write_all(placed)
            seconds = time.process_time() - began
            calls = count_calls(placed) / hosts
            each = f"{seconds / hosts * 1000:11.2f}{calls:14.0f}{written / hosts / 1000:11.1f}"
            print(f"{shape.__name__:10}{hosts:7}{seconds:8.2f}{each}")


if __name__ == "__main__":
    main(tuple(map(int, sys.argv[1:])) or SIZES)
