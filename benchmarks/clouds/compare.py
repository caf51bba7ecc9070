"""Calls and CPU seconds beside others: `python benchmarks/clouds/compare.py aws|gcp [HOSTS …]`.

Each makes the same hosts on an emptied cloud of the test bed, which runs in a process of its own, and then
looks again at what it made. CONTENDERS names a Python that has the others' clients, which docs/performance.md
names; without it, only the cloud's own client by hand is there to compare with.
"""

import importlib
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from attrs import frozen

HERE = Path(__file__).parent
PROVIDERS = HERE.parents[1] / "providers"
sys.path[:0] = [str(HERE), *(str(PROVIDERS / cloud / "tests") for cloud in ("aws", "gcp"))]

import on_aws  # noqa: E402
from shape import FLOWS, FRONT_PORT, NETWORK, ROLES, subnet  # noqa: E402
from shape import hosts as hosts_of  # noqa: E402

BEDS = {"aws": "bed", "gcp": "emulator"}
OTHERS = {"aws": ("cloudbridge", "ansible"), "gcp": ("cloudbridge",)}
CONTENDERS = os.environ.get("CONTENDERS", "")

HOSTS_MAX = {"ansible": 100, "cloudbridge": 100}
"""Beyond so many hosts, a contender that takes minutes is left out."""


@frozen
class Cost:
    """What one command took."""

    calls: int
    cpu_seconds: float
    said: str = ""
    """Why it failed, if it did."""
    printed: str = ""
    """What it printed."""


def command(cloud: str, contender: str, what: str, hosts: int, folder: str) -> list[str]:
    """How a contender is run."""
    if contender == "portinfra":
        return by_portinfra(cloud, what, hosts)
    if contender == "ansible":
        variables = Path(folder) / "variables.json"
        variables.write_text(json.dumps(ansible_variables(hosts, first_time=what == "create")))
        playbook = str(Path(CONTENDERS).parent / "ansible-playbook")
        given = ["-e", f"@{variables}", "-e", f"ansible_python_interpreter={CONTENDERS}"]
        return [playbook, str(HERE / f"{cloud}_by_ansible.yml"), *given]
    python = sys.executable if contender == "hand" else CONTENDERS
    return [python, str(HERE / f"{cloud}_by_{contender}.py"), what, str(hosts)]


def by_portinfra(cloud: str, what: str, hosts: int) -> list[str]:
    """How portinfra is run."""
    return [sys.executable, str(HERE / "by_portinfra.py"), cloud, what, str(hosts)]


def ansible_variables(count: int, *, first_time: bool) -> dict[str, object]:
    """The shape, as the playbook takes it."""

    def tcp(port: int, **peer: str) -> dict[str, object]:
        return {"proto": "tcp", "from_port": port, "to_port": port, **peer}

    rules = []
    for role in ROLES:
        ingress = [tcp(FRONT_PORT, cidr_ip="0.0.0.0/0")] if role == ROLES[0] else []
        ingress += [tcp(port, group_name=source) for source, target, port in FLOWS if target == role]
        egress = [tcp(port, group_name=target) for source, target, port in FLOWS if source == role]
        rules.append({"name": role, "ingress": ingress, "egress": egress})
    return {
        "region": on_aws.REGION,
        "image_owner": on_aws.IMAGE_OWNER,
        "image_name": on_aws.IMAGE_NAME,
        "network": NETWORK,
        "machine": on_aws.MACHINE,
        "first_time": first_time,
        "groups_wanted": list(ROLES),
        "rules": rules,
        "subnets": [
            {"name": f"{role}-{number}", "cidr": subnet(role, number), "zone": zone}
            for role in ROLES
            for number, zone in enumerate(on_aws.ZONES)
        ],
        "hosts_wanted": [
            {
                "name": name,
                "address": address,
                "group": ROLES.index(role),
                "subnet": ROLES.index(role) * 3 + zone,
            }
            for role, name, zone, address in hosts_of(count)
        ],
    }


def measure(asked: list[str], remote: Any, folder: str) -> Cost:
    """Run one command, and count what it asked."""
    before, used = calls(remote), resource.getrusage(resource.RUSAGE_CHILDREN)
    ended = subprocess.run(
        asked,
        env={
            **os.environ,
            **remote.environment,
            "BED": remote.endpoint,
            "PYTHONPATH": os.pathsep.join(sys.path[:3]),
            "AWS_DEFAULT_REGION": on_aws.REGION,
            "PORTINFRA_HOME": folder,
            "ANSIBLE_LOCALHOST_WARNING": "false",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    took = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = took.ru_utime + took.ru_stime - used.ru_utime - used.ru_stime
    failed = (ended.stderr + ended.stdout)[-600:] if ended.returncode else ""
    return Cost(calls(remote) - before, seconds, failed, ended.stdout.strip())


def calls(remote: Any) -> int:
    """How many requests have come."""
    return int(sum(remote.bed.report()["calls"].values()))


def main(cloud: str, sizes: list[int]) -> None:
    """Print a line for each contender and size."""
    contenders = ["portinfra", "hand", *(OTHERS[cloud] if CONTENDERS else [])]
    print(f"{'hosts':>5}  {'by':12}{'create: calls':>14}{'CPU s':>8}{'again: calls':>14}{'CPU s':>8}")
    in_process = importlib.import_module(BEDS[cloud]).in_process
    with tempfile.TemporaryDirectory() as folder, in_process() as remote:
        remote.bed.configure(live_clock=False)
        for hosts in sizes:
            for contender in contenders:
                if hosts > HOSTS_MAX.get(contender, hosts):
                    continue
                remote.bed.reset()
                costs = [
                    measure(command(cloud, contender, what, hosts, folder), remote, folder)
                    for what in ("create", "again")
                ]
                columns = "".join(f"{cost.calls:14}{cost.cpu_seconds:8.1f}" for cost in costs)
                print(f"{hosts:5}  {contender:12}{columns}", flush=True)
                for cost in costs:
                    if cost.said:
                        print(f"       {cost.said}")


if __name__ == "__main__":
    main(sys.argv[1], [int(size) for size in sys.argv[2:]] or [9, 90, 900])
