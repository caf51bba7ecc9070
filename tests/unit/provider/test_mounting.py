"""The script by which a host mounts its volumes; guests run it in the libvirt provider's tests."""

import hashlib
import shutil
import subprocess

import pytest

from portinfra.model.resources import Mount
from portinfra.provider.cloud_init import user_data
from portinfra.provider.mount_script import mount_script

VOLUMES = [("/dev/data", Mount("data", "/srv/it's")), ("/dev/wal", Mount("wal", "/wal", restored=True))]
DIGEST = "bdba0fd89972e0decd720da4fc2911c253f96e1276d6328f10edab80a67a380f"
"""Of what version 0.1.0 told such a host."""

SHELLS = [shell for shell in (["dash"], ["bash"], ["busybox", "sh"]) if shutil.which(shell[0])]


def test_a_host_without_volumes_is_told_nothing():
    assert mount_script([]) == ""


def test_each_volume_is_named_and_whether_it_may_be_formatted():
    lines = mount_script(VOLUMES).splitlines()
    assert lines[-2:] == ["volume /dev/data '/srv/it'\"'\"'s' blank", "volume /dev/wal /wal data"]


def places(*given):
    script = mount_script(
        [(f"/dev/{number}", Mount(str(number), place)) for number, place in enumerate(given)]
    )
    return [line.split()[2] for line in script.splitlines() if line.startswith("volume /")]


def test_a_place_within_another_is_mounted_after_it():
    assert places("/srv/pg/wal/old", "/srv/pg/wal", "/srv/pg") == [
        "/srv/pg",
        "/srv/pg/wal",
        "/srv/pg/wal/old",
    ]


def test_places_apart_keep_their_order_which_hosts_were_born_with():
    assert places("/srv/pg-wal/a", "/srv/pg", "/log") == ["/srv/pg-wal/a", "/srv/pg", "/log"]


def test_what_hosts_are_told_stays_byte_for_byte():
    told = user_data("#!/bin/sh\necho hello\n", ("ssh-ed25519 AAAA ada",), 60, mount_script(VOLUMES))
    assert hashlib.sha256(told.encode()).hexdigest() == DIGEST


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell[0])
def test_every_shell_can_read_it(shell):
    script = mount_script(VOLUMES, look="cat <<'END'\nsome document\nEND\n")
    done = subprocess.run([*shell, "-n"], input=script, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
