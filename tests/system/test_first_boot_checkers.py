"""Programs of a host judge what it reads at birth: systemd its units, cloud-init and sh its user data."""

import os
import subprocess
from email import message_from_string

import pytest
from attrs import evolve
from service_shop import PRODUCTION, SHOP, platform

from portinfra.hosts import systemd
from portinfra.hosts.boot_script import boot_script
from portinfra.hosts.render import render
from portinfra.placement import place
from portinfra.provider.cloud_init import user_data

PLACED = place(SHOP, PRODUCTION)
FILES = render(PLACED, platform)
OWN = "#!/bin/sh\necho hello\n"

UNIT_OF_DEBIAN = """\
[Service]
Environment=CONFIG=/etc/haproxy/haproxy.cfg
ExecStart=/bin/true -f $CONFIG
ExecReload=/bin/kill -USR2 $MAINPID
Type=notify
"""


def complaints_of_systemd(unit, folder):
    """Return what systemd says against haproxy.service with a drop-in."""
    added = folder / "haproxy.service.d"
    added.mkdir(parents=True)
    (folder / "haproxy.service").write_text(UNIT_OF_DEBIAN)
    here = unit.replace("/usr/sbin/haproxy", "/bin/true").replace(systemd.SCRIPT, "/bin/true")
    (added / "portinfra.conf").write_text(here)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(folder / "haproxy.service")],
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{folder}:"},
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout + done.stderr
    return [line for line in said.splitlines() if str(folder) in line]


@pytest.mark.tools("systemd-analyze")
def test_systemd_accepts_the_unit(tmp_path):
    unit = next(file.content for file in FILES["app1"] if file.path == systemd.UNIT)
    assert complaints_of_systemd(unit, tmp_path / "rendered") == []
    assert complaints_of_systemd(unit.replace("RestartSec", "RestarSec"), tmp_path / "misspelt")


def complaint_of(part, folder):
    """Return what the program that reads a part of user data says against it; empty where it accepts it."""
    text, kind = part.get_payload(), part.get_content_type()
    path = folder / "part"
    path.write_text(text)
    if kind == "text/cloud-config":
        command = ["cloud-init", "schema", "--config-file", str(path)]
    else:
        assert kind in ("text/cloud-boothook", "text/x-shellscript")
        command = ["sh", "-n", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def parts(host, **more):
    script = boot_script(FILES[host], len, 10**6).text
    return message_from_string(user_data(OWN, every_boot=script, **more)).get_payload()


def test_sh_accepts_every_script(tmp_path):
    for host in FILES:
        assert [complaint_of(part, tmp_path) for part in parts(host)] == ["", ""]
    broken = evolve(FILES["web1"][0], content="PORTINFRA_END_OF_FILE\n(\n")
    script = boot_script([broken, *FILES["web1"][1:]], len, 10**6).text
    (part, _) = message_from_string(user_data(OWN, every_boot=script)).get_payload()
    assert complaint_of(part, tmp_path)


@pytest.mark.tools("cloud-init")
def test_cloud_init_accepts_all_user_data(tmp_path):
    every = parts("app1", ssh_keys=('ssh-ed25519 AAAA "ada": #1', "ssh-rsa AAAA bo"), ends_after=3600)
    assert len(every) == 3
    assert [complaint_of(part, tmp_path) for part in every] == ["", "", ""]
    every[0].set_payload(every[0].get_payload().replace("bootcmd:", "bootcmd: 7\nrest:"))
    assert complaint_of(every[0], tmp_path)
