"""The bed runs in a thread, which forks with its process, and in a process that outlives its clients."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator import Local, Remote, in_process
from emulator.raw import Raw

NETWORK = {"name": "n", "autoCreateSubnetworks": False}

CLIENT = """
import sys
sys.path.insert(0, sys.argv[1])
from emulator.raw import Raw
raw = Raw(sys.argv[2])
for name in "abc":
    raw("POST", "global/networks", {"name": name, "autoCreateSubnetworks": False})
"""

FINDING = """
import google.auth
from google.auth.transport.requests import Request
credentials, project = google.auth.default()
credentials.refresh(Request())
print(credentials.token, project)
"""


@pytest.fixture(scope="module")
def process() -> Iterator[Remote]:
    with in_process() as remote:
        yield remote


def test_a_child_has_a_world_of_its_own_that_begins_as_its_parents(gce: Local, raw: Raw) -> None:
    raw("POST", "global/networks", NETWORK)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            own = Raw(os.environ["CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE"].removesuffix("/compute/v1/"))
            own("POST", "global/networks", {**NETWORK, "name": "childs"})
            os.write(writing, str(len(gce.bed.ground_truth())).encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    os.close(writing)
    seen = int(os.read(reading, 100))
    os.close(reading)
    assert (seen, len(gce.bed.ground_truth())) == (2, 1)


def test_a_child_can_be_killed_at_a_request(gce: Local, raw: Raw) -> None:
    child = os.fork()
    if child == 0:
        try:
            gce.bed.fault("killed after", action="networks.insert", at=2, pid=os.getpid())
            own = Raw(os.environ["CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE"].removesuffix("/compute/v1/"))
            for name in "ab":
                own("POST", "global/networks", {**NETWORK, "name": name})
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
    assert gce.bed.ground_truth() == []


@pytest.mark.parametrize(("mishap", "left"), [("killed before", 1), ("killed after", 2)])
def test_a_bed_of_its_own_outlives_the_client_that_it_kills(process: Remote, mishap: str, left: int) -> None:
    process.bed.reset()
    root = str(Path(__file__).parent)
    client = subprocess.Popen([sys.executable, "-c", CLIENT, root, process.endpoint])
    process.bed.fault(mishap, action="networks.insert", at=2, pid=client.pid)
    assert client.wait(30) == -signal.SIGKILL
    assert len(process.bed.ground_truth()) == left
    assert process.bed.report()["calls"] == {"networks.insert": 2}


def test_a_bed_of_its_own_is_set_and_asked_over_http(process: Remote) -> None:
    process.bed.reset()
    process.bed.configure(live_clock=False, pending_seconds=5, silent=["europe-west1-b"])
    raw = Raw(process.endpoint)
    told = raw("POST", "global/networks", NETWORK)
    process.bed.advance(5)
    assert raw("GET", f"global/operations/{told['name']}")["status"] == "DONE"
    assert "unreachables" in raw("GET", "aggregated/disks")
    process.bed.ask("act", method="networks.insert", body={**NETWORK, "name": "by-hand"})
    assert [line.split(" ")[1] for line in process.bed.ground_truth()] == ["by-hand", "n"]
    with pytest.raises(RuntimeError, match="no setting 'speed'"):
        process.bed.configure(speed=1)


def test_a_reset_leaves_nothing_and_gives_the_same_ids_again(gce: Local, raw: Raw) -> None:
    ids = []
    for _ in range(2):
        gce.bed.reset()
        assert gce.bed.ground_truth() == []
        raw("POST", "global/networks", NETWORK)
        ids.append(raw("GET", "global/networks/n")["id"])
    assert ids[0] == ids[1]


def test_credentials_are_found_as_on_a_machine_of_google(gce: Local, tmp_path: Path) -> None:
    # google-auth reads where the metadata server is once, at import: hence a process of its own
    environment = {**os.environ, "CLOUDSDK_CONFIG": str(tmp_path)}
    told = subprocess.run([sys.executable, "-c", FINDING], env=environment, capture_output=True, check=True)
    token, project = told.stdout.decode().split()
    assert Raw(gce.endpoint, token=token)("GET")["name"] == project == "portinfra-bed"
