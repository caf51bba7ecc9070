"""Compute Engine as a bed of portinfra's conformance suite, in this process: a fork takes it along."""

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

from emulator.bed import Bed as ComputeEngine
from emulator.direct import direct
from emulator.identities import PROJECT
from emulator.running import VARIABLES, RemoteBed, environment
from emulator.settings import Settings
from portinfra.model.environment import Environment
from portinfra.testing.conformance import Bed
from portinfra.testing.emulator import EmulatorClock
from portinfra_gcp.keys import Keyring
from portinfra_gcp.permissions import all_needed

REGION = "europe-west1"
ZONES = (f"{REGION}-b", f"{REGION}-c")

PASSING = ("portinfra-attempt", "portinfra-born", "attempt", "birth", "born")
"""Labels, and keys of JSON in descriptions, that differ between two worlds that are the same."""

SIX_HOURS = 6 * 3600.0

METRICS = {
    "instance": "INSTANCES",
    "network": "NETWORKS",
    "subnet": "SUBNETWORKS",
    "firewall": "FIREWALLS",
    "public-address": "STATIC_ADDRESSES",
    "snapshot": "SNAPSHOTS",
}
"""Kind of resource → the quota that limits how many there may be."""


def ground_truth(gce: ComputeEngine | RemoteBed) -> list[str]:
    """Everything that a bed has, but for what differs between two worlds that are the same.

    What was given to another owner keeps its name on Compute Engine, and would bear another if it were new.
    """
    gce.advance(SIX_HOURS)
    text = "\n".join(line.partition(" @")[0] for line in gce.ground_truth(PROJECT, without=PASSING))
    for pattern in _RENAMED:
        for found in pattern.finditer("\n".join(gce.ground_truth(PROJECT))):
            before, now = found["before"], found["now"]
            text = text.replace(f"-{before}-", f"-{now}-").replace(f'.{before}"', f'.{now}"')
    return sorted(_claim(line) for line in text.splitlines())


_RENAMED = (
    re.compile(r"portinfra-born=(?P<before>\S+) portinfra-name=(?P<now>\S+)"),
    re.compile(r'"address": "firewall\.(?P<now>[^"]+)".*?"born": "(?P<before>[^"]+)"'),
)
"""How a label, and a firewall's description, say what their resource was called before."""


class GcpBed(Bed):
    """A hard Compute Engine with small pages, whose operations wait, then take time; limits of rate have
    tests of their own.

    A context manager: it puts itself in the way of all requests to Google, and into Google's variables.
    """

    environment = Environment(
        "production", on=f"gcp:{REGION}", account=PROJECT, cidr="10.10.0.0/16", zones=ZONES
    )
    key = "ring/recovery"
    reads_max = 10
    chain_max = 2  # running operations come first
    """Eight lists, the claim's among them, and one look whether the project is there."""

    def __init__(self, **settings: Any) -> None:
        given = {
            "live_clock": False,
            "request_seconds": 0.1,
            "queue_seconds": 1.0,
            "pending_seconds": 4.0,
            "snapshot_seconds": 30.0,
            "page_limit": 5,
            **settings,
        }
        self._given = given
        self.gce = ComputeEngine(Settings(**given))
        self.clock = EmulatorClock(self.gce)
        self._stack = ExitStack()

    def __enter__(self) -> "GcpBed":
        endpoint = self._stack.enter_context(direct(self.gce))
        before = {name: os.environ[name] for name in VARIABLES if name in os.environ}
        self._stack.callback(_put_back, before)
        _put_back(environment(endpoint))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def forked(self) -> None:
        """The copy has the whole world in its memory."""

    def reset(self) -> None:
        """Begin with an empty world."""
        self.gce.settings = Settings(**self._given)
        self.gce.reset()

    def ground_truth(self) -> Sequence[str]:
        """Everything that exists, by the bed's own word; what is on its way is waited for."""
        return ground_truth(self.gce)

    def silence(self, zone: str) -> AbstractContextManager[object]:
        """While it lasts, a zone does not answer."""
        return self._silent(zone)

    @contextmanager
    def _silent(self, zone: str) -> Iterator[None]:
        before = self.gce.settings.silent
        self.gce.configure(silent=before | {zone})
        try:
            yield
        finally:
            self.gce.configure(silent=before)

    def set_quota(self, kind: str, limit: int) -> None:
        """Let the project have no more than so many of a kind."""
        if kind not in METRICS:
            super().set_quota(kind, limit)
        self.gce.settings.quotas[METRICS[kind]] = limit

    def exhaust(self, zone: str) -> None:
        """Let a zone have no machine left to give."""
        self.gce.settings.exhausted = frozenset({*self.gce.settings.exhausted, zone})

    def fail_deletions(self, times: int) -> str:
        """As of a network that something uses which the project's lists do not show."""
        why = "The network resource is already being used by a connector"
        self.gce.fail_later("networks.delete", "RESOURCE_IN_USE_BY_ANOTHER_RESOURCE", why, times=times)
        return "network"

    def fail_starts(self, times: int) -> None:
        """As of a disk whose key was disabled."""
        why = "Cloud KMS error when using key projects/p/locations/l/keyRings/r/cryptoKeys/k: it is disabled"
        self.gce.fail_later("instances.start", "KMS_PERMISSION_DENIED", why, times=times)

    def disable_key(self, key: str) -> None:
        """As a person would in the console of Cloud KMS."""
        self.gce.configure(disabled_keys={Keyring(PROJECT, REGION).whole(key)})

    def delete_key(self, key: str) -> None:
        """There is no key at all."""
        self.gce.configure(keys=())

    def deny_action(self) -> str:
        """A role without one permission."""
        denied = "compute.disks.create"
        self.gce.configure(allowed={*all_needed()} - {denied})
        return denied

    def user_data(self, host: str) -> str:
        """As the host itself would be told."""
        there = self.gce.projects[PROJECT]
        made = next(each for each in there.all("instances") if f"-{host}-" in each.name)
        return "\n".join(item["value"] for item in made.body["metadata"].get("items", ()))

    def print_console(self, host: str, text: str) -> None:
        """As its user data or its kernel would print it."""
        every = self.gce.projects[PROJECT].all("instances")
        name = next(each.name for each in every if f"-{host}-" in each.name)
        self.gce.print_console(PROJECT, name, text)

    def write(self, volume: str, text: str) -> None:
        """As its host would."""
        self.gce.write(self._disk(volume), text.encode())

    def read(self, volume: str) -> str:
        """All of the text."""
        return self.gce.read(self._disk(volume)).decode()

    def _disk(self, volume: str) -> str:
        every = self.gce.projects[PROJECT].all("disks")
        return next(each.name for each in every if f"-{volume}-" in each.name)

    def copy_owner(self) -> None:
        """A disk of another name with all labels and the description of the one of `volume.db1-data`."""
        zones = [f"zones/{zone}" for zone in ZONES]
        there = self.gce.projects[PROJECT]
        disk = next(each for each in there.all("disks") if "db1-data" in each.name and each.scope in zones)
        body = {name: disk.body[name] for name in ("labels", "description", "sizeGb") if name in disk.body}
        zone = disk.scope.partition("/")[2]
        self.gce.act("disks.insert", {"name": "copied-by-hand", **body}, zone=zone)

    def place_foreign(self, kind: str) -> str:
        """As a person would make it in the console. The path of what was made."""
        there, name = self.gce.projects[PROJECT], f"their-{kind.partition(' ')[0]}"
        network = next(each for each in there.all("networks") if "-main-" in each.name)
        whole = f"projects/{PROJECT}/global/networks/{network.name}"
        if kind == "subnet in our network":
            subnet = {"name": name, "network": whole, "ipCidrRange": "10.10.240.0/24"}
            self.gce.act("subnetworks.insert", subnet, region=REGION)
            return f"regions/{REGION}/subnetworks/{name}"
        if kind.startswith("firewall"):
            rule = {"name": name, "network": whole, "allowed": [{"IPProtocol": "icmp"}]}
            targets = {} if kind == "firewall on our host" else {"targetTags": ["theirs"]}
            self.gce.act("firewalls.insert", {**rule, **targets})
            return f"global/firewalls/{name}"
        subnet = next(each for each in there.all("subnetworks") if "-web-0-" in each.name)
        tag = next(each.name for each in there.all("firewalls") if re.search("-web-[0-9a-f]+$", each.name))
        tags = {"items": [tag if kind == "instance with our firewall" else "theirs"]}
        image = "projects/debian-cloud/global/images/family/debian-12"
        disk = {"boot": True, "autoDelete": True, "initializeParams": {"sourceImage": image}}
        host = {
            "name": name,
            "machineType": f"zones/{ZONES[0]}/machineTypes/e2-small",
            "disks": [disk],
            "networkInterfaces": [{"subnetwork": f"regions/{REGION}/subnetworks/{subnet.name}"}],
            "tags": tags,
        }
        self.gce.act("instances.insert", host, zone=ZONES[0])
        return f"zones/{ZONES[0]}/instances/{name}"

    def make_foreign(self) -> None:
        """Of each kind that can be had alone, as a person would make it."""
        name = "sample-data"
        network = {"name": name, "autoCreateSubnetworks": False}
        whole = f"projects/{PROJECT}/global/networks/{name}"
        subnet = {"name": name, "network": whole, "ipCidrRange": "10.10.0.0/24"}
        rule = {"name": name, "network": whole, "allowed": [{"IPProtocol": "icmp"}]}
        self.gce.act("networks.insert", network)
        self.gce.act("subnetworks.insert", subnet, region=REGION)
        self.gce.act("firewalls.insert", rule)
        self.gce.act("addresses.insert", {"name": name}, region=REGION)
        disk = {"name": name, "sizeGb": "1", "labels": {"name": name}}
        self.gce.act("disks.insert", disk, zone=ZONES[0])
        self.gce.act("disks.createSnapshot", {"name": name}, zone=ZONES[0], disk=name)
        check = {"name": name, "type": "TCP", "description": "somebody's"}
        self.gce.act("healthChecks.insert", check)


def _claim(line: str) -> str:
    """What bears a claim's name is a claim."""
    name = line.split(" ")[1]
    return f"claim {line}" if "-claim-" in name and not line.startswith("attachment") else line


def _put_back(variables: dict[str, str]) -> None:
    for name in VARIABLES:
        os.environ.pop(name, None)
    os.environ.update(variables)
