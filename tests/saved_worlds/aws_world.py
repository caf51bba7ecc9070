"""A world of EC2: what every list of the test bed answers, whole, before filters and pages.

A saved world is read through the same bed, which checks, filters and pages what was saved: later versions may
read with other filters. Nothing can be changed in it.
"""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from attrs import define, field
from story import Beginning, plan_recovery

from bed.bed import Bed
from bed.call import Call
from bed.direct import direct
from bed.identities import ACCESS_KEY, ACCOUNT, SECRET
from bed.listing import FIXED, LISTS
from bed.running import environment
from bed.settings import Settings
from portinfra import Environment
from portinfra.recovery.recovery import Recovery
from portinfra.testing.call_wrapper import pass_through, wrap_calls
from portinfra.testing.emulator import EmulatorClock, Unserved

OTHER, OTHER_KEY = "210987654321", "AKIARECOVERY00000000"

_PROFILES = (("production", ACCESS_KEY, SECRET), ("recovery", OTHER_KEY, SECRET))
_PROFILE = "[{}]\naws_access_key_id = {}\naws_secret_access_key = {}\n"

SETTLED_SECONDS = 2 * 3600.0
"""After so long EC2 lists no instance that was terminated."""

Answers = dict[str, dict[str, Any]]
"""Account and region → action, with the id and attribute that it asks for → the answer."""


def _about() -> Recovery:
    """Return a recovery between two accounts and two regions."""
    return plan_recovery(
        Environment(
            "production",
            on="aws:us-east-1",
            account=ACCOUNT,
            credentials={"profile": "production"},
            key="alias/shop",
        ),
        Environment(
            "recovery",
            on="aws:us-west-2",
            account=OTHER,
            credentials={"profile": "recovery"},
            key="alias/recovery",
            cidr="10.20.0.0/16",
        ),
    )


@contextmanager
def begin() -> Iterator[Beginning]:
    """Connect to an empty EC2 while it lasts."""
    ec2 = Bed(_settings(pending_seconds=5.0))
    with _connected(ec2):
        about = _about()
        yield about, lambda: _saved(ec2, about.source, about.target)


@contextmanager
def load(saved: Any) -> Iterator[Recovery]:
    """Connect to a saved EC2 while it lasts."""
    ec2 = SavedBed(_settings(), answers=saved["answers"])
    ec2.advance(saved["now"] - ec2.now())
    with _connected(ec2):
        yield _about()
    assert ec2.violations == []
    assert ec2.gaps == []


@define(eq=False)
class SavedBed(Bed):
    """EC2 as it was saved."""

    answers: Answers = field(kw_only=True)

    def tell(self, call: Call) -> dict[str, Any]:
        """Return the saved answer. What a region offers, and who asks, is the bed's own."""
        saved = self.answers.get(_place(call.account, call.region), {})
        key = _key(call.action, call.params)
        if key in saved:
            return saved[key]
        if call.action in LISTS and call.action not in FIXED:
            return self.answers[_place(call.account, call.region)][call.action]
        if call.action.startswith("Describe"):
            return super().tell(call)
        raise Unserved(f"{call.action}: a saved world is only read")


def _saved(ec2: Bed, *environments: Environment) -> dict[str, Any]:
    ec2.advance(SETTLED_SECONDS)
    answers: Answers = {}
    for each in environments:
        assert each.account is not None

        def ask(action: str, account: str = each.account, region: str = each.region, **params: str) -> Any:
            told = ec2.ask(account, region, action, params)
            answers.setdefault(_place(account, region), {})[_key(action, params)] = told
            return told

        for action in sorted(LISTS.keys() - FIXED):
            ask(action)
        for vpc in ask("DescribeVpcs")["Vpcs"]:
            for attribute in ("enableDnsHostnames", "enableDnsSupport"):
                ask("DescribeVpcAttribute", VpcId=vpc["VpcId"], Attribute=attribute)
        for snapshot in ask("DescribeSnapshots")["Snapshots"]:
            given = {"SnapshotId": snapshot["SnapshotId"], "Attribute": "createVolumePermission"}
            ask("DescribeSnapshotAttribute", **given)
        for instance in _instances(ask("DescribeInstances")):
            for attribute in ("disableApiTermination", "userData"):
                ask("DescribeInstanceAttribute", InstanceId=instance["InstanceId"], Attribute=attribute)
    return {"now": ec2.now(), "answers": answers}


def _instances(told: Any) -> Iterator[Any]:
    return (instance for reservation in told["Reservations"] for instance in reservation["Instances"])


def _place(account: str, region: str) -> str:
    return f"{account} {region}"


def _key(action: str, params: dict[str, Any]) -> str:
    """Return what tells one answer from others: ids and attributes, without filters and pages."""
    asked = [params[name] for name in ("VpcId", "SnapshotId", "InstanceId", "Attribute") if name in params]
    return " ".join([action, *asked])


def _settings(**more: Any) -> Settings:
    return Settings(live_clock=False, request_seconds=0.05, signatures=False, **more)


@contextmanager
def _connected(ec2: Bed) -> Iterator[None]:
    ec2.add_account(OTHER, OTHER_KEY, SECRET)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (folder / "credentials").write_text("".join(_PROFILE.format(*each) for each in _PROFILES))
        variables = environment(stack.enter_context(direct(ec2)))
        variables["AWS_SHARED_CREDENTIALS_FILE"] = str(folder / "credentials")
        variables["AWS_CONFIG_FILE"] = str(folder / "config")
        stack.enter_context(mock.patch.dict("os.environ", variables))
        stack.enter_context(wrap_calls("aws", pass_through, clock=EmulatorClock(ec2)))
        yield
