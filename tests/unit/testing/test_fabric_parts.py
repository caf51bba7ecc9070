"""The parts of a fabric that need no root."""

import os
import socket

import pytest

from portinfra.testing.fabric.applications import Applications
from portinfra.testing.fabric.namespaces import Namespaces


@pytest.fixture
def ports():
    """Two free ports of 127.0.0.1."""
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        return [each.getsockname()[1] for each in (one, other)]


def ask(port):
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        connection.sendall(b"who\n")
        return connection.recv(100).decode().strip()


def test_a_host_may_have_applications_on_two_ports(ports):
    applications = Applications()
    for port in ports:
        applications.start("app1", port)
    assert [ask(port) for port in ports] == ["app1", "app1"]
    applications.kill("app1")
    for port in ports:
        with pytest.raises(ConnectionRefusedError):
            ask(port)
    applications.close()


def test_closing_namespaces_again_closes_no_file_of_others(tmp_path):
    spaces = Namespaces()
    spaces.close()
    with (tmp_path / "file").open("w") as other:  # it may have the number of the namespace
        spaces.close()
        os.fstat(other.fileno())
