"""By portinfra: `aws|gcp create|again|change|destroy HOSTS`. It prints the seconds of the apply.

The seconds are the bed's, in which waiting costs nothing.
"""

import importlib
import os
import sys
from typing import Any

from shape import FLOWS, FRONT_PORT, NETWORK, ROLES

from portinfra import INTERNET, Environment, PlanOptions, Role, Topology, allow, apply, destroy, plan
from portinfra.testing.call_wrapper import pass_through, wrap_calls

BEDS = {"aws": "bed.running", "gcp": "emulator.running"}
LOSE_DATA = PlanOptions(allow_data_loss=frozenset({"all"}))


class BedTime:
    """The time of a bed in another process, which passes only on request."""

    virtual = True

    def __init__(self, bed: Any) -> None:
        self._bed = bed
        self._now: float = bed.now()

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._now

    def sleep_until(self, moment: float) -> None:
        """Move time on."""
        if moment > self._now:
            self._bed.advance(moment - self._now)
            self._now = moment


def platform(count: int, what: str) -> Topology:
    """The same as the others make, and an owner's marks on all of it. `change` changes one port."""
    flows = ((*FLOWS[0][:2], FLOWS[0][2] + 1), *FLOWS[1:]) if what == "change" else FLOWS
    shares = [count // 3 + (number < count % 3) for number in range(3)]
    return Topology(
        "bench",
        roles=[
            Role(role, count=share, public="customers" if role == ROLES[0] else "")
            for role, share in zip(ROLES, shares, strict=True)
        ],
        flows=[
            allow(INTERNET, ROLES[0], tcp=FRONT_PORT, why="customers"),
            *(allow(source, target, tcp=port, why="the service") for source, target, port in flows),
        ],
    )


def main(cloud: str, what: str, count: int) -> None:
    """Create, change or destroy it, or find that nothing is to be done."""
    where = importlib.import_module(f"on_{cloud}")
    account = getattr(where, "PROJECT", "")
    there = Environment(
        "hand",
        on=f"{cloud}:{where.REGION}",
        account=account,
        cidr=NETWORK,
        zones=where.ZONES,
        subnet_prefix=22,
    )
    bed = importlib.import_module(BEDS[cloud]).RemoteBed(os.environ["BED"])
    clock = BedTime(bed)
    with wrap_calls(cloud, pass_through, clock=clock):
        topology = platform(count, what)
        made = destroy(topology, there, LOSE_DATA) if what == "destroy" else plan(topology, there)
        if what == "again":
            assert made.empty
        else:
            began = clock.now()
            apply(made)
            sys.stdout.write(f"{clock.now() - began:.0f}\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
