"""`examples/laptop.py`, for real: six guests on one hypervisor, and a page that comes through three."""

import hashlib
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hypervisors.guest import build
from hypervisors.site import site

pytestmark = pytest.mark.slow(seconds=41)

EXAMPLE = Path(__file__).parents[3] / "examples" / "laptop.py"
WEB, APP = "10.30.0.4", "10.30.4.4"
PAGE_SECONDS = 90.0


@pytest.fixture
def laptop(tmp_path, shared):
    """A hypervisor that has nothing but an old image, which boots nothing. Of each role, the one host boots
    that the page comes through.
    """
    with site("laptop", tmp_path / "site", shared=shared, zones=("a",), boots={"*1-*": None}) as running:
        yield running.zones["a"]


def fetch(laptop, tmp_path, shared):
    """Bring it a newer one."""
    image = build(shared)
    digest = hashlib.sha256(image.read_bytes()).hexdigest()
    command = [Path(sys.executable).with_name("portinfra"), "image", "fetch"]
    which = ["--from", image, "--sha256", digest, "--name", "debian-12@2"]
    done = run(laptop, tmp_path, *which, command=command)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == "debian-12@2\n"
    again = run(laptop, tmp_path, *which, command=command)
    assert "debian-12@2.qcow2 exists already" in again.stderr
    other = tmp_path / "other.qcow2"
    other.write_bytes(image.read_bytes() + bytes(512))
    which_other = ["--from", other, "--sha256", hashlib.sha256(other.read_bytes()).hexdigest(), *which[4:]]
    refused = run(laptop, tmp_path, *which_other, command=command)
    assert refused.returncode == 1
    assert f"has an image debian-12@2 with the SHA-256 {digest}" in refused.stderr
    wrong = run(laptop, tmp_path, *which[:3], "0" * 64, *which[4:], command=command)
    assert wrong.returncode == 1
    assert "debian-12@2.qcow2" in laptop.virsh("vol-list", "portinfra-images")
    assert "part-" not in laptop.virsh("vol-list", "portinfra-images")
    half_fetched(laptop, tmp_path, which, command)


def half_fetched(laptop, tmp_path, which, command):
    """Whoever is killed while it is uploaded leaves what is no image, and is made good by the next."""
    place = "/var/lib/libvirt/portinfra-images"
    laptop.run("sh", "-c", f"cd {place}; truncate -s 100 debian-12@2.qcow2; touch part-debian-12@2.qcow2")
    laptop.run("rm", f"{place}/debian-12@2.qcow2.sha256-{which[3]}")
    laptop.virsh("pool-refresh", "portinfra-images")
    examined = run(laptop, tmp_path, command=[command[0], "providers", "--doctor"])
    assert "ok      images: debian-12.qcow2, ubuntu-24.04.qcow2" in examined.stdout
    mended = run(laptop, tmp_path, *which, command=command)
    assert "uploading debian-12@2.qcow2" in mended.stderr, mended.stderr
    examined = run(laptop, tmp_path, command=[command[0], "providers", "--doctor"])
    assert f"ok      the hypervisor {laptop.uri}: it answers" in examined.stdout
    assert "debian-12@2.qcow2" in examined.stdout


def run(laptop, tmp_path, *words, command=(sys.executable, EXAMPLE)):
    command = [*command, *words, "--on", f"libvirt:{laptop.uri}"]
    environment = {"PATH": "/usr/bin:/bin", "PORTINFRA_HOME": str(tmp_path / "home"), "NO_COLOR": "1"}
    return subprocess.run(
        command, capture_output=True, text=True, cwd=tmp_path, env=environment, check=False, timeout=300
    )


def got(laptop, address, port):
    """The page of a host, as whoever sits at the hypervisor gets it."""
    try:
        return laptop.run(
            "busybox", "timeout", "3", "busybox", "wget", "-q", "-O", "-", f"http://{address}:{port}/"
        )
    except RuntimeError:
        return ""


def test_a_page_comes_through_three_roles_and_nothing_is_left_after_it(laptop, tmp_path, shared):
    fetch(laptop, tmp_path, shared)
    before = everything(laptop)
    applied = run(laptop, tmp_path, "apply", "laptop", "--yes")
    assert applied.returncode == 0, applied.stdout + applied.stderr
    give_up = time.monotonic() + PAGE_SECONDS
    page = ""
    while "through web1" not in page and time.monotonic() < give_up:
        time.sleep(1)
        page = got(laptop, WEB, 8080)
    assert page.splitlines() == ["kept by db", "through app1", "through web1"]
    assert got(laptop, APP, 8443) == ""  # there, but not for you
    status = run(laptop, tmp_path, "status", "laptop")
    assert status.returncode == 0, status.stdout + status.stderr
    assert "qemu" in laptop.virsh("dumpxml", next(iter(laptop.virsh("list", "--name").split())))
    again = run(laptop, tmp_path, "plan", "laptop", "--detailed-exitcode")
    assert again.returncode == 0, again.stdout + again.stderr

    destroyed = run(laptop, tmp_path, "destroy", "laptop", "--yes")
    assert destroyed.returncode == 0, destroyed.stdout + destroyed.stderr
    claims = [line for line in everything(laptop) if "-claim-" in line]
    assert [line for line in everything(laptop) if line not in claims] == before


def everything(laptop):
    """All that a person would look at."""
    listed = [
        *laptop.virsh("list", "--all", "--name").split(),
        *laptop.virsh("net-list", "--all", "--name").split(),
        *laptop.virsh("nwfilter-list").split(),
        *laptop.virsh("pool-list", "--all", "--name").split(),
        *laptop.virsh("secret-list").split(),
        *[line.split()[0] for line in laptop.run("ip", "-br", "link").splitlines()],
    ]
    files = laptop.directory / "lib"
    return sorted(listed) + sorted(
        str(each.relative_to(files))
        for each in files.rglob("*")
        if each.is_file() and "dnsmasq" not in str(each)
    )
