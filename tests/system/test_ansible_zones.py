"""The playbook goes zone by zone: Ansible runs it on this machine, where each host is a folder."""

import os
import subprocess

import pytest

from portinfra import Environment, Role, Topology
from portinfra.commands.hosts.repository import write_repository
from portinfra.hosts.delivery.ansible import playbook_repository
from portinfra.model.host_file import HostFile
from portinfra.placement import place

pytestmark = [
    pytest.mark.soak,
    pytest.mark.tools("ansible-playbook", "ssh"),
    pytest.mark.skipif(os.geteuid() != 0, reason="files of hosts belong to root"),
]

PLACED = place(
    Topology("shop", [Role("web", count=6)], delivery="ansible"),
    Environment("production", on="fake:us-east-1", cidr="10.10.0.0/16"),
)


def deliver(folder, contents):
    """Run the playbook with a text for each host. Return exit code, output and delivered texts."""
    files = {
        host: (HostFile(f"{folder}/hosts/{host}/text", text, check="grep -q good %"),)
        for host, text in contents.items()
    }
    write_repository(folder, playbook_repository(PLACED, files, lambda network, subnet: ()))
    done = subprocess.run(
        [
            "ansible-playbook",
            "-i",
            "inventory/production",
            "site.yml",
            "-c",
            "local",
            "-e",
            "ansible_become=no",
        ],
        cwd=folder,
        env={**os.environ, "ANSIBLE_HOME": str(folder / "home")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    delivered = {path.parent.name: path.read_text() for path in (folder / "hosts").glob("*/text")}
    return done.returncode, done.stdout, delivered


GOOD = {f"web{number}": "good\n" for number in range(1, 7)}


def test_a_refused_file_stops_the_run_after_its_zone(tmp_path):
    code, said, delivered = deliver(tmp_path, GOOD | {"web2": "bad\n"})
    assert code == 2, said
    assert delivered.keys() == {"web1", "web4", "web5"}, said
    code, said, delivered = deliver(tmp_path, GOOD)
    assert (code, delivered) == (0, GOOD), said
    code, said, _ = deliver(tmp_path, GOOD)
    assert (code, "changed=0" in said, "changed=1" in said) == (0, True, False), said


def test_a_host_that_does_not_answer_stops_nothing(tmp_path):
    own = tmp_path / "inventory/production/host_vars/web1/zz.yml"
    own.parent.mkdir(parents=True)
    own.write_text("ansible_connection: ssh\nansible_host: 127.0.0.1\nansible_port: 1\n")
    code, said, delivered = deliver(tmp_path, GOOD)
    assert (code, delivered.keys()) == (4, GOOD.keys() - {"web1"}), said
