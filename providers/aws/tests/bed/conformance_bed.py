"""EC2 as a bed of portinfra's conformance suite: in this process, so that a fork takes it along."""

import base64
import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any

from attrs import evolve

from bed import engine
from bed.bed import Bed as EC2
from bed.direct import direct
from bed.identities import ACCOUNT
from bed.rules.kms import DEFAULT
from bed.running import RemoteBed, environment
from bed.settings import Settings
from portinfra.model.environment import Environment
from portinfra.testing.conformance import Bed
from portinfra.testing.emulator import EmulatorClock

REGION = "us-east-1"
ZONES = (f"{REGION}a", f"{REGION}b")

PASSING = ("portinfra:attempt", "portinfra:birth", "portinfra:a")
"""Tags that differ between two worlds that are the same."""

_NONE: Mapping[str, str] = {}

SIX_HOURS = 6 * 3600.0


class AwsBed(Bed):
    """A hard EC2 with small pages and states of passage; limits of rate have tests of their own.

    A context manager: it puts itself in the way of libcloud's requests, and into AWS's variables.
    """

    environment = Environment(
        "production", on=f"aws:{REGION}", account=ACCOUNT, cidr="10.10.0.0/16", zones=ZONES
    )

    elsewhere = evolve(environment, on="aws:us-west-2", zones=("us-west-2a", "us-west-2b"))
    key = "alias/recovery"
    limited = "public-address"

    def __init__(self, **settings: Any) -> None:
        given = {
            "live_clock": False,
            "request_seconds": 0.1,
            "pending_seconds": 5.0,
            "page_limit": 5,
            "signatures": False,  # tests over the wire verify them, each of which takes its time
            **settings,
        }
        self._given = given
        self.ec2 = EC2(Settings(**given))
        self.clock = EmulatorClock(self.ec2)
        self._stack = ExitStack()

    def __enter__(self) -> "AwsBed":
        endpoint = self._stack.enter_context(direct(self.ec2))
        before = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
        self._stack.callback(_put_back, before)
        _put_back(environment(endpoint))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def forked(self) -> None:
        """The copy has the whole world in its memory."""

    def reset(self) -> None:
        """Begin with an empty world."""
        self.ec2.settings = Settings(**self._given)
        self.ec2.reset()

    def ground_truth(self) -> Sequence[str]:
        """Everything that exists, by moto's own word; what is on its way out is waited for."""
        return ground_truth(self.ec2)

    def set_quota(self, kind: str, limit: int) -> None:
        """Elastic addresses alone have a quota that EC2 itself tells."""
        if kind != "public-address":
            super().set_quota(kind, limit)
        self.ec2.settings.quotas["address"] = limit

    def exhaust(self, zone: str) -> None:
        """Let a zone have no machine left to give."""
        self.ec2.settings.exhausted = frozenset({*self.ec2.settings.exhausted, zone})

    def fail_next_host(self) -> None:
        """EC2 has trouble of its own."""
        self.ec2.fail_next_instance(ACCOUNT, REGION, "trouble")

    def fail_deletions(self, times: int) -> str:
        """EC2 deletes networks at once or not at all: hosts alone take their time."""
        self.ec2.fail_terminations(ACCOUNT, REGION, times)
        return "instance"

    def fail_starts(self, times: int) -> None:
        """The key of their disks is disabled."""
        self.ec2.settings.disabled_keys = frozenset([DEFAULT] if times else [])

    def disable_key(self, key: str) -> None:
        """As a person would in the console of KMS."""
        self.ec2.settings.disabled_keys = frozenset({key})

    def delete_key(self, key: str) -> None:
        """There is no key at all."""
        self.ec2.settings.keys = frozenset()

    def deny_action(self) -> str:
        """The organisation denies new hosts."""
        denial = {"Effect": "Deny", "Action": "ec2:RunInstances", "Resource": "*"}
        self.ec2.settings.organisation = {"Statement": [denial]}
        return "ec2:RunInstances"

    def user_data(self, host: str) -> str:
        """As a person would ask for it."""
        (id,) = self._named(f"-{host}-", "i-")
        told = self._act("DescribeInstanceAttribute", {"InstanceId": id, "Attribute": "userData"})
        return base64.b64decode(told["UserData"]["Value"]).decode()

    def print_console(self, host: str, text: str) -> None:
        """As its user data or its kernel would print it."""
        (id,) = self._named(f"-{host}-", "i-")
        self.ec2.print_console(id, text)

    def write(self, volume: str, text: str) -> None:
        """As its host would."""
        (id,) = self._named(f"-{volume}-", "vol-")
        self.ec2.write(id, text.encode())

    def read(self, volume: str) -> str:
        """Up to the first zero."""
        (id,) = self._named(f"-{volume}-", "vol-")
        return self.ec2.read(id, 0, 512).partition(b"\0")[0].decode()

    def copy_owner(self) -> None:
        """A volume that was made by hand, with all tags of another; but the name of its own."""
        (id,) = self._named("-db1-data-", "vol-")
        tags = {**self._tags()[id], "Name": "a-copy"}
        self._act("CreateVolume", {"Size": 2, "AvailabilityZone": ZONES[0], "VolumeType": "gp3"}, tags)

    def place_foreign(self, kind: str) -> str:
        """As a person would make it in the console."""
        (network,), subnet = self._named("-main-", "vpc-"), self._named("-web-0-", "subnet-")[0]
        if kind == "subnet in our network":
            where = {"VpcId": network, "CidrBlock": "10.10.240.0/24"}
            return str(self._act("CreateSubnet", where)["Subnet"]["SubnetId"])
        (group,) = self._named("-web-", "sg-")
        if kind != "instance with our firewall":
            named = {"GroupName": "theirs", "Description": "theirs", "VpcId": network}
            group = str(self._act("CreateSecurityGroup", named)["GroupId"])
        if kind == "firewall on our host":
            (host,) = self._named("-web1-", "i-")
            both = [*self._named("-web-", "sg-"), group]
            self._act("ModifyInstanceAttribute", {"InstanceId": host, "Groups": both})
        if kind.startswith("firewall"):
            return group
        image = self._act("DescribeImages", {"Owners": ["136693071363"]})["Images"][0]["ImageId"]
        launch = {"ImageId": image, "InstanceType": "t3.small", "MinCount": 1, "MaxCount": 1}
        launch |= {"SubnetId": subnet, "SecurityGroupIds": [group]}
        return str(self._act("RunInstances", launch)["Instances"][0]["InstanceId"])

    def _act(self, action: str, params: dict[str, Any], tags: Mapping[str, str] = _NONE) -> dict[str, Any]:
        return self.ec2.act(ACCOUNT, REGION, action, params, tags)

    def _tags(self) -> Mapping[str, Mapping[str, str]]:
        return engine.backend(ACCOUNT, REGION).tags  # type: ignore[no-any-return]

    def _named(self, part: str, prefix: str) -> list[str]:
        """The ids of one kind whose names have this part."""
        return [
            id for id, tags in self._tags().items() if id.startswith(prefix) and part in tags.get("Name", "")
        ]

    def make_foreign(self) -> None:
        """A network of the same addresses and names, a volume and a key pair, as a person would make them."""
        name = {"Name": "sample-data"}
        for action, params in (
            ("CreateVpc", {"CidrBlock": "10.10.0.0/16"}),
            ("CreateVolume", {"Size": 1, "AvailabilityZone": ZONES[0], "VolumeType": "gp3"}),
            ("AllocateAddress", {"Domain": "vpc"}),
        ):
            self._act(action, params, name)


def ground_truth(ec2: EC2 | RemoteBed) -> list[str]:
    """What there is in the end: a line for each thing, a claim's beginning with `claim`."""
    ec2.advance(SIX_HOURS)
    lines = (line.partition(" @")[0] for line in ec2.ground_truth(ACCOUNT, without=PASSING))
    return sorted(_claim(line) for line in lines)


def _claim(line: str) -> str:
    """A key pair that bears a claim's name is a claim."""
    return f"claim {line}" if line.startswith("key pair") and "-claim-" in line else line


def _put_back(variables: dict[str, str]) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(variables)
