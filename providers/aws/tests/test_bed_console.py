"""The console of an instance, as EC2 tells it."""

import pytest

from bed import hand
from bed.hand import client, refused
from bed.rules.console import KEPT_BYTES
from bed.running import in_thread


@pytest.fixture(scope="module")
def ec2():
    with in_thread(live_clock=False) as local:
        yield client(local.endpoint), local.bed


def output(ec2, id, **more):
    return ec2.get_console_output(InstanceId=id, **more).get("Output", "")


def test_only_the_newest_64_kib_are_kept_and_only_latest_shows_them(ec2):
    made, bed = ec2
    *_, host = hand.small_world(made)
    assert output(made, host, Latest=True) == ""
    bed.print_console(host, "x" * KEPT_BYTES)
    bed.print_console(host, "newest")
    assert output(made, host) == ""
    assert output(made, host, Latest=True) == "x" * (KEPT_BYTES - 6) + "newest"


def test_an_old_machine_type_has_no_latest_output(ec2):
    made, _ = ec2
    subnet = hand.subnet(made, hand.network(made))
    old = made.run_instances(
        ImageId=hand.DEBIAN, InstanceType="t2.small", MinCount=1, MaxCount=1, SubnetId=subnet
    )
    with refused("UnsupportedOperation"):
        made.get_console_output(InstanceId=old["Instances"][0]["InstanceId"], Latest=True)
