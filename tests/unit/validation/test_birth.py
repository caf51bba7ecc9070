"""What a host is given at birth is refused before any call where the host would not heed it."""

import pytest

from portinfra import Role, Topology
from portinfra.errors import ValidationError
from portinfra.validation import validate_declared


@pytest.fixture
def refusals(declared):
    def found(**attributes):
        """The findings about a role with these attributes, by rule."""
        try:
            validate_declared(declared(Topology("shop", [Role("web", **attributes)])))
        except ValidationError as error:
            return {finding.rule: finding for finding in error.findings}
        return {}

    return found


@pytest.mark.parametrize(
    "text", ["echo s3cret", "\ufeff#!/bin/sh\n", "# cloud-config\n", "packages: [nginx]"]
)
def test_user_data_of_no_kind_is_refused_with_its_line_and_not_shown(refusals, text):
    finding = refusals(user_data=text)["topology/user-data"]
    assert finding.subject == "role.web.user_data"
    assert finding.location.line > 0
    assert text not in finding.message + finding.fix


@pytest.mark.parametrize("text", ["#!/bin/sh\n", "#cloud-config\n", "MIME-Version: 1.0\n\n", ""])
def test_user_data_that_cloud_init_knows_is_accepted(refusals, text):
    assert refusals(user_data=text) == {}


@pytest.mark.parametrize(
    "key",
    [
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI0Q7 ada",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI0Q7\n",
        "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTY= Ada, of the laptop",
        'restrict,command="echo \\"a b\\", c" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI0Q7 a',
        'From="10.0.0.0/8,!10.1.0.0/16" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI0Q7 ada',
        "cert-authority\tssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI0Q7",
        "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAAWs=",
        "ssh-ed25519-cert-v01@openssh.com AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAAWs=",
    ],
)
def test_a_public_key_is_accepted(refusals, key):
    assert refusals(ssh_keys=[key]) == {}


@pytest.mark.parametrize(
    "key",
    [
        "",
        "~/.ssh/id_ed25519.pub",
        "ssh-ed25519",
        "ssh-ed25519 AAAA",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5",
        "ssh-ed25519 AAAAB3NzaC1yc2EAAAAga2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=",
        "-----BEGIN OPENSSH PRIVATE KEY-----\ns3cret\n",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI0Q7 ada\nssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI0Q7 bob",
        "AAAAC3NzaC1lZDI1NTE5AAAAI0Q7",
        "no-such-option ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI0Q7",
        'command="echo ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI0Q7 a',
        'command="echo \\\\" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI0Q7',
        "command=echo ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI0Q7",
        "restrict,,pty ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI0Q7",
        'restrict="yes" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI0Q7',
    ],
)
def test_what_is_no_public_key_is_refused_and_not_shown(refusals, key):
    finding = refusals(ssh_keys=["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI0Q7 ada", key])["topology/ssh-key"]
    assert finding.message == "entry 2 is no SSH public key"
    assert "s3cret" not in finding.message + finding.fix
