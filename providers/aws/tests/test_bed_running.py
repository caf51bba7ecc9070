"""The bed runs in a thread, which forks with its process, and in a process that outlives its clients."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bed import Local, Remote, hand, in_process

CLIENT = """
import sys
sys.path.insert(0, sys.argv[1])
from bed import hand
ec2 = hand.client(sys.argv[2])
for _ in range(3):
    hand.network(ec2)
"""


@pytest.fixture(scope="module")
def process() -> Any:
    with in_process() as remote:
        yield remote


def test_a_child_has_a_world_of_its_own_that_begins_as_its_parents(ec2: Local, boto: Any) -> None:
    hand.network(boto)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            own = hand.client(os.environ["AWS_ENDPOINT_URL_EC2"])
            hand.network(own)
            os.write(writing, str(len(ec2.bed.ground_truth())).encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    os.close(writing)
    seen = int(os.read(reading, 100))
    os.close(reading)
    hand.network(boto)
    assert seen == len(ec2.bed.ground_truth()) == 4  # two networks and their default groups


def test_a_child_can_be_killed_at_a_request(ec2: Local, boto: Any) -> None:
    child = os.fork()
    if child == 0:
        try:
            ec2.bed.fault("killed after", action="CreateVpc", at=2, pid=os.getpid())
            own = hand.client(os.environ["AWS_ENDPOINT_URL_EC2"])
            hand.network(own)
            hand.network(own)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
    assert ec2.bed.ground_truth() == []


@pytest.mark.parametrize(("mishap", "left"), [("killed before", 1), ("killed after", 2)])
def test_a_bed_of_its_own_outlives_the_client_that_it_kills(process: Remote, mishap: str, left: int) -> None:
    process.bed.reset()
    root = str(Path(__file__).parent)
    client = subprocess.Popen([sys.executable, "-c", CLIENT, root, process.endpoint])
    process.bed.fault(mishap, action="CreateVpc", at=2, pid=client.pid)
    assert client.wait(30) == -signal.SIGKILL
    assert sum(line.startswith("vpc ") for line in process.bed.ground_truth()) == left
    assert process.bed.report()["calls"] == {"CreateVpc": 2}


def test_a_bed_of_its_own_is_set_and_asked_over_http(process: Remote) -> None:
    process.bed.reset()
    process.bed.configure(live_clock=False, visibility_seconds=5)
    boto = hand.client(process.endpoint)
    hand.network(boto)
    assert len(boto.describe_vpcs()["Vpcs"]) == 1
    process.bed.advance(5)
    assert len(boto.describe_vpcs()["Vpcs"]) == 2
    with pytest.raises(RuntimeError, match="no setting 'speed'"):
        process.bed.configure(speed=1)


def test_a_reset_leaves_nothing_and_gives_the_same_ids_again(ec2: Local, boto: Any) -> None:
    ec2.bed.reset()
    first = hand.network(boto)
    ec2.bed.reset()
    assert ec2.bed.ground_truth() == []
    assert hand.network(boto) == first
