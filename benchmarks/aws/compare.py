"""Calls and CPU seconds on EC2, beside others: `python benchmarks/aws/compare.py [HOSTS …]`.

Each makes the same hosts on an emptied EC2 of the test bed, which runs in a process of its own, and then
looks again at what it made. CONTENDERS names a Python that has boto3, cloudbridge[aws] and ansible installed;
without it, only boto3 by hand is there to compare with.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from attrs import frozen

HERE = Path(__file__).parent
BED = HERE.parents[1] / "providers" / "aws" / "tests"
sys.path[:0] = [str(HERE), str(BED)]

from shape import (  # noqa: E402
    FLOWS,
    FRONT_PORT,
    IMAGE_NAME,
    IMAGE_OWNER,
    MACHINE,
    NETWORK,
    REGION,
    ROLES,
    ZONES,
    subnet,
)
from shape import hosts as hosts_of  # noqa: E402

from bed import RemoteBed, in_process  # noqa: E402

CONTENDERS = os.environ.get("CONTENDERS", "")

HOSTS_MAX = {"ansible": 100, "cloudbridge": 100}
"""Beyond so many hosts, whoever takes minutes is left out."""


@frozen
class Cost:
    """What one command took."""

    calls: int
    cpu_seconds: float
    said: str = ""
    """Why it failed, if it did."""


def command(contender: str, what: str, hosts: int, folder: str) -> list[str]:
    """How a contender is run."""
    python = sys.executable if contender in ("portinfra", "boto3") else CONTENDERS
    if contender == "ansible":
        variables = Path(folder) / "variables.json"
        variables.write_text(json.dumps(ansible_variables(hosts, first_time=what == "create")))
        playbook = str(Path(CONTENDERS).parent / "ansible-playbook")
        return [
            playbook,
            str(HERE / "by_ansible.yml"),
            "-e",
            f"@{variables}",
            "-e",
            f"ansible_python_interpreter={python}",
        ]
    return [python, str(HERE / f"by_{contender}.py"), what, str(hosts)]


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
        "region": REGION,
        "image_owner": IMAGE_OWNER,
        "image_name": IMAGE_NAME,
        "network": NETWORK,
        "machine": MACHINE,
        "first_time": first_time,
        "groups_wanted": list(ROLES),
        "rules": rules,
        "subnets": [
            {"name": f"{role}-{number}", "cidr": subnet(role, number), "zone": zone}
            for role in ROLES
            for number, zone in enumerate(ZONES)
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


def measure(
    contender: str, what: str, hosts: int, bed: RemoteBed, variables: dict[str, str], folder: str
) -> Cost:
    """Run one command, and count what it asked."""
    before, used = calls(bed), resource.getrusage(resource.RUSAGE_CHILDREN)
    ended = subprocess.run(
        command(contender, what, hosts, folder),
        env={
            **os.environ,
            **variables,
            "PYTHONPATH": os.pathsep.join((str(HERE), str(BED))),
            "AWS_DEFAULT_REGION": REGION,
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
    return Cost(calls(bed) - before, seconds, failed)


def calls(bed: RemoteBed) -> int:
    """How many requests have come."""
    return sum(bed.report()["calls"].values())


def main(sizes: list[int]) -> None:
    """Print a line for each contender and size."""
    contenders = ["portinfra", "boto3", *(["cloudbridge", "ansible"] if CONTENDERS else [])]
    print(f"{'hosts':>5}  {'by':12}{'create: calls':>14}{'CPU s':>8}{'again: calls':>14}{'CPU s':>8}")
    with tempfile.TemporaryDirectory() as folder, in_process() as remote:
        remote.bed.configure(live_clock=False)
        for hosts in sizes:
            for contender in contenders:
                if hosts > HOSTS_MAX.get(contender, hosts):
                    continue
                remote.bed.reset()
                costs = [
                    measure(contender, what, hosts, remote.bed, remote.environment, folder)
                    for what in ("create", "again")
                ]
                told = "".join(f"{cost.calls:14}{cost.cpu_seconds:8.1f}" for cost in costs)
                print(f"{hosts:5}  {contender:12}{told}", flush=True)
                for cost in costs:
                    if cost.said:
                        print(f"       {cost.said}")


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [9, 90, 900])
