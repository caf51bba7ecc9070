"""What goes over the wire, byte by byte: full resource names, and the length of an empty body."""

import json
import socket
import threading
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from portinfra_gcp.transport import Transport

ANSWER = b'{"kind": "compute#operation", "name": "o", "status": "DONE"}'


@contextmanager
def listening(head_of_answer=b""):
    """A server of one connection that keeps the raw bytes of each request."""
    received, server = [], socket.create_server(("127.0.0.1", 0))

    def serve():
        client, _ = server.accept()
        with client, client.makefile("rb") as stream:
            head = b"".join(iter(stream.readline, b"\r\n"))
            lengths = [line for line in head.lower().splitlines() if line.startswith(b"content-length")]
            received.append((head, stream.read(sum(int(line.split(b":")[1]) for line in lengths))))
            said = b"HTTP/1.1 200 OK\r\nConnection: close\r\n%sContent-Length: %d\r\n\r\n"
            client.sendall(said % (head_of_answer, len(ANSWER)) + ANSWER)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    with server:
        yield server.getsockname()[1], received
        thread.join(5)


def test_an_answer_tells_how_far_the_clock_of_this_machine_is_off(monkeypatch):
    date = format_datetime(datetime.now(UTC) - timedelta(days=2), usegmt=True)
    with listening(f"Date: {date}\r\n".encode()) as (port, _):
        address = f"http://127.0.0.1:{port}/compute/v1/"
        monkeypatch.setenv("CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE", address)
        with closing(Transport("acme", lambda: "TOKEN")) as transport:
            assert transport.server_clock.offset is None, "nothing has told it yet"
            transport.send("instances.start", {"zone": "z", "instance": "i"})
            assert abs(transport.server_clock.offset + 2 * 86_400) < 10


@pytest.fixture
def sent(monkeypatch):
    """Return the raw head and body of one request."""

    def ask(action, parameters):
        with listening() as (port, received):
            monkeypatch.setenv(
                "CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE", f"http://127.0.0.1:{port}/compute/v1/"
            )
            with closing(Transport("acme", lambda: "TOKEN")) as transport:
                transport.send(action, parameters)
        ((head, body),) = received
        return head, body

    return ask


@pytest.mark.parametrize(
    ("action", "parameters"),
    [
        ("instances.start", {"zone": "z", "instance": "i"}),
        ("globalOperations.wait", {"operation": "o"}),
        ("instances.detachDisk", {"zone": "z", "instance": "i", "deviceName": "d"}),
    ],
)
def test_a_post_without_a_body_says_that_its_body_is_empty(sent, action, parameters):
    """Compute Engine answers 411 to a POST without a length."""
    head, body = sent(action, parameters)
    assert head.startswith(b"POST /compute/v1/projects/acme/")
    assert b"content-length: 0\r\n" in head.lower()
    assert body == b""


@pytest.mark.parametrize(
    ("action", "parameters", "body", "named"),
    [
        ("subnetworks.insert", {"region": "r"}, {"network": "global/networks/n"}, "network"),
        ("firewalls.insert", {}, {"network": "global/networks/n"}, "network"),
        ("disks.insert", {"zone": "z"}, {"type": "zones/z/diskTypes/pd-balanced"}, "type"),
        ("disks.insert", {"zone": "z"}, {"sourceSnapshot": "global/snapshots/s"}, "sourceSnapshot"),
        ("instances.setMachineType", {"zone": "z", "instance": "i"},
         {"machineType": "zones/z/machineTypes/e2-small"}, "machineType"),
        ("instances.attachDisk", {"zone": "z", "instance": "i"}, {"source": "zones/z/disks/d"}, "source"),
    ],
)  # fmt: skip
def test_a_resource_is_named_in_full(sent, action, parameters, body, named):
    _, raw = sent(action, {**parameters, "body": body})
    assert json.loads(raw)[named] == f"projects/acme/{body[named]}"


def test_inner_parts_of_a_body_name_resources_in_full_and_all_else_stays(sent):
    host = {
        "machineType": "zones/z/machineTypes/e2-small",
        "disks": [{"initializeParams": {"diskType": "zones/z/diskTypes/pd-balanced", "sourceImage": IMAGE}}],
        "networkInterfaces": [{"subnetwork": "regions/r/subnetworks/s", "networkIP": "10.0.0.4"}],
        "metadata": {"items": [{"key": "user-data", "value": "global/networks/n"}]},
        "description": "global/networks/n",
    }
    _, raw = sent("instances.insert", {"zone": "z", "body": host})
    told = json.loads(raw)
    assert told["machineType"] == "projects/acme/zones/z/machineTypes/e2-small"
    assert told["disks"][0]["initializeParams"] == {
        "diskType": "projects/acme/zones/z/diskTypes/pd-balanced",
        "sourceImage": IMAGE,
    }
    assert told["networkInterfaces"][0]["subnetwork"] == "projects/acme/regions/r/subnetworks/s"
    assert told["metadata"] == host["metadata"]
    assert told["description"] == host["description"]


IMAGE = "projects/debian-cloud/global/images/debian-12"


def test_an_access_configuration_keeps_its_type(sent):
    body = {"type": "ONE_TO_ONE_NAT", "name": "external-nat"}
    parameters = {"zone": "z", "instance": "i", "networkInterface": "nic0", "body": body}
    assert json.loads(sent("instances.addAccessConfig", parameters)[1]) == body
