"""The script by which a host mounts its volumes; guests run it in the libvirt provider's tests."""

import shutil
import subprocess

import pytest

from portinfra.model.resources import Mount
from portinfra.provider.mounting import mounting

VOLUMES = [("/dev/data", Mount("data", "/srv/it's")), ("/dev/wal", Mount("wal", "/wal", restored=True))]
SHELLS = [shell for shell in (["dash"], ["bash"], ["busybox", "sh"]) if shutil.which(shell[0])]


def test_a_host_without_volumes_is_told_nothing():
    assert mounting([]) == ""


def test_each_volume_is_named_and_whether_it_may_be_formatted():
    lines = mounting(VOLUMES).splitlines()
    assert lines[-2:] == ["volume /dev/data '/srv/it'\"'\"'s' blank", "volume /dev/wal /wal data"]


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell[0])
def test_every_shell_can_read_it(shell):
    script = mounting(VOLUMES, look="cat <<'END'\nsome document\nEND\n")
    done = subprocess.run([*shell, "-n"], input=script, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
