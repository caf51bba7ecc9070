"""Many resources in few words: `web1 … web9`."""

import re
from collections import Counter
from collections.abc import Iterable

from portinfra.model.address import Address
from portinfra.words import count

_NUMBERED = re.compile(r"(?P<before>.*?)(?P<number>\d+)(?P<after>\D*)$")


def collapsed(names: Iterable[str]) -> str:
    """`web1 … web3, web7`: runs of three and more by their ends, in the order that they came."""
    runs: list[list[str]] = []
    for name in names:
        if runs and _follows(runs[-1][-1], name):
            runs[-1].append(name)
        else:
            runs.append([name])
    return ", ".join(f"{run[0]} … {run[-1]}" if len(run) > 2 else ", ".join(run) for run in runs)


def _follows(first: str, second: str) -> bool:
    a, b = _NUMBERED.match(first), _NUMBERED.match(second)
    if not a or not b:
        return False
    return (a["before"], a["after"]) == (b["before"], b["after"]) and int(a["number"]) + 1 == int(b["number"])


def counted(addresses: Iterable[Address]) -> str:
    """How many of each kind, hosts by their names: `3 subnets, 3 instances (web1 … web3)`."""
    found = list(addresses)
    hosts = collapsed(address.name for address in found if address.kind == "instance")
    return ", ".join(
        f"{count(number, kind)} ({hosts})" if kind == "instance" else count(number, kind)
        for kind, number in Counter(address.kind for address in found).items()
    )
