"""What a host is told at birth; its script is run here, as the guest agent runs it: at every boot."""

import subprocess

import pytest
from attrs import evolve

from portinfra.model.resources import Instance, Mount
from portinfra_gcp import creation

HOST = Instance("web1", None, None, "europe-west1-b", "10.0.0.4", image="debian-12")


def items(want):
    return {item["key"]: item["value"] for item in creation.metadata(want)["items"]}


def test_a_script_runs_at_the_first_boot_alone_and_tells_how_it_ended(tmp_path):
    script = "#!/bin/sh\necho \"$0 isn't\" '$HOME' >> LOG\nexit 3\n".replace("LOG", str(tmp_path / "log"))
    told = items(evolve(HOST, user_data=script))["startup-script"].replace("/var/lib", str(tmp_path))
    boot = tmp_path / "boot"
    boot.write_text(told)
    assert subprocess.run(["sh", boot], check=False).returncode == 3
    assert subprocess.run(["sh", boot], check=False).returncode == 0
    (line,) = (tmp_path / "log").read_text().splitlines()
    assert line.endswith("isn't $HOME")
    assert {path.name for path in tmp_path.iterdir()} == {"log", "boot", "portinfra-born"}


def test_what_is_no_script_is_for_cloud_init():
    want = evolve(HOST, image="ubuntu-24.04", user_data="#cloud-config\npackages: [nginx]\n")
    assert creation.refuse_host(want) is None
    told = items(want)
    assert told["user-data"] == want.user_data
    assert "startup-script" not in told


def test_an_image_without_cloud_init_is_given_scripts_only():
    refused = creation.refuse_host(evolve(HOST, user_data="#cloud-config\n"))
    assert refused is not None
    assert "debian-12" in refused.reason
    assert creation.refuse_host(evolve(HOST, user_data="#!/bin/sh\n")) is None
    assert creation.refuse_host(HOST) is None


def test_keys_of_its_own_mean_no_others():
    told = items(evolve(HOST, ssh_keys=("ssh-ed25519 AAAA ada", "ssh-ed25519 BBBB bob")))
    assert told["ssh-keys"] == "debian:ssh-ed25519 AAAA ada\ndebian:ssh-ed25519 BBBB bob"
    assert (told["enable-oslogin"], told["block-project-ssh-keys"]) == ("FALSE", "TRUE")
    assert items(HOST) == {"enable-oslogin": "TRUE", "block-project-ssh-keys": "TRUE"}


@pytest.mark.parametrize("image", ["plan-9", ""])
def test_an_image_that_is_not_known_is_refused_by_name(image):
    refused = creation.refuse_host(evolve(HOST, image=image))
    assert refused is not None
    assert "ubuntu-24.04" in refused.fix


def test_volumes_are_mounted_at_every_boot_before_the_users_own_script():
    data = Mount("data", "/srv")
    alone = items(evolve(HOST, mounts=(data,)))["startup-script"]
    assert alone.splitlines()[-1] == "volume /dev/disk/by-id/google-data /srv blank"
    both = items(evolve(HOST, mounts=(data,), user_data="#!/bin/sh\necho hello\n"))["startup-script"]
    assert both.startswith(alone)
    assert both.index("volume /dev") < both.index("portinfra-born") < both.index("echo hello")
    told = items(evolve(HOST, image="ubuntu-24.04", mounts=(data,), user_data="#cloud-config\n{}\n"))
    assert "startup-script" not in told
    assert told["user-data"].index("text/cloud-boothook") < told["user-data"].index("text/cloud-config")


def test_a_boot_script_runs_at_every_boot_before_anything_else():
    script = "#!/bin/sh\n(\necho files\n)\n"
    host = evolve(
        HOST, boot_script=script, mounts=(Mount("data", "/srv"),), user_data="#!/bin/sh\necho hello\n"
    )
    assert items(host)["startup-script"].startswith(f"{script}#!/bin/sh\n")
    assert items(evolve(HOST, boot_script=script))["startup-script"] == script
    ubuntu = evolve(HOST, image="ubuntu-24.04", boot_script=script)
    assert items(ubuntu)["user-data"] == f"#cloud-boothook\n{script}"
