"""The parts of a fabric that need no root."""

import os
import resource
import socket

import pytest

from portinfra.testing.fabric.applications import Applications
from portinfra.testing.fabric.namespaces import Namespaces
from portinfra.testing.fabric.traffic import many_files, sources_at_once


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


def test_the_soft_limit_of_open_files_is_raised_meanwhile():
    soft, hard = before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 512), hard))
    try:
        with many_files() as files:
            assert files > 512
            assert resource.getrlimit(resource.RLIMIT_NOFILE) == (files, hard)
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 512
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_fewer_open_files_mean_fewer_connections_at_the_same_time():
    """Each host listens on its ports, and one of them after another calls the ports of all."""
    many, few = sources_at_once(20_000, 1_000), sources_at_once(4_096, 1_000)
    assert (many, few) == (8, 2)


def test_too_few_open_files_for_one_host_are_an_error_with_their_number():
    with pytest.raises(RuntimeError, match=r"1000 ports take 2\d\d\d open files, .* may have 1024"):
        sources_at_once(1_024, 1_000)
