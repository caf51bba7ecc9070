"""A host mounts its volumes by itself, and formats only what is blank."""

import pytest

from hypervisors.guest import build
from hypervisors.guests import guests
from hypervisors.site import ACCOUNT, site
from portinfra import Environment, Role, Topology, Volume, workflow
from portinfra_libvirt import domains

TOPOLOGY = Topology(
    "mounts",
    roles=[
        Role(
            "db",
            count=1,
            size="c1-m128",
            disk_gib=1,
            volumes=[Volume("data", gib=1, mount="/srv/data"), Volume("wal", gib=1, mount="/srv/wal")],
            user_data="#!/bin/sh\necho born > /srv/data/born\n",
            waive={"R6": "as small as can be"},
        )
    ],
)
DATA, WAL = (domains.DEVICE_PATH + name for name in ("data", "wal"))
BLANK = f"dd if=/dev/zero of={WAL} bs=64k count=16 2>/dev/null; sync"
BOOT = "sh /run/script > /run/said 2>&1"
"""What the guest does with its user data at each boot."""


@pytest.fixture(scope="module")
def guest(tmp_path_factory, shared):
    directory = tmp_path_factory.mktemp("mounts")
    with (
        site("mounts", directory / "site", shared=shared, zones=("a",), image=build(shared)) as running,
        pytest.MonkeyPatch.context() as patch,
    ):
        (directory / "sites.hcl").write_text(running.hcl())
        patch.setenv("PORTINFRA_SITES", str(directory / "sites.hcl"))
        patch.setenv("PORTINFRA_HOME", str(directory / "home"))
        production = Environment("production", on="libvirt:mounts", account=ACCOUNT, zones=("a",))
        assert workflow.apply(workflow.plan(TOPOLOGY, production)).succeeded
        (found,) = guests(running.zones).values()
        found.plug_in()
        found.told("for i in $(seq 150); do [ -e /srv/data/born ] && break; usleep 100000; done")
        yield found


def test_blank_volumes_are_formatted_and_mounted_before_the_users_own_script(guest):
    assert guest.told("cat /srv/data/born").strip() == "born"
    mounted = guest.told("mount | grep /srv")
    assert mounted.count("type ext") == 2
    guest.told("umount /srv/data; [ ! -e /srv/data/born ] && mount " + DATA + " /srv/data")
    assert guest.told("cat /srv/data/born").strip() == "born", "it was written on the volume, not beside it"


def test_at_the_next_boot_what_is_there_is_mounted_and_kept(guest):
    guest.told("echo kept > /srv/data/row; umount /srv/data /srv/wal")
    guest.told(BOOT)
    assert guest.told("cat /srv/data/row").strip() == "kept"


def test_what_is_not_blank_is_not_formatted_and_its_place_is_closed(guest):
    guest.told(f"umount /srv/wal; {BLANK}")
    guest.told(f"echo something > /tmp/x; dd if=/tmp/x of={WAL} bs=1 seek=70000 conv=notrunc 2>/dev/null")
    guest.told(BOOT)
    assert "is not to be formatted" in guest.told("cat /run/said")
    status, _ = guest.ask("echo lost > /srv/wal/row")
    assert status != 0
    assert "something" in guest.told(f"dd if={WAL} bs=64k count=2 2>/dev/null | strings")
    guest.told(f"umount /srv/wal; {BLANK}")


def test_what_comes_with_data_is_not_formatted_even_where_it_looks_blank(guest):
    guest.told("sed 's/ blank$/ data/' /run/script > /run/restored; sh /run/restored > /run/said 2>&1")
    assert "is not to be formatted" in guest.told("cat /run/said")
    status, _ = guest.ask("echo lost > /srv/wal/row")
    assert status != 0
    guest.told("umount /srv/wal; " + BOOT)
    guest.told("echo found > /srv/wal/row")


def test_where_a_volume_does_not_come_its_place_is_closed(guest):
    guest.told("umount /srv/wal; sed 's/DISK_wal/DISK_none/; s/-gt 300/-gt 1/' /run/script > /run/without")
    guest.told("sh /run/without > /run/said 2>&1")
    assert "did not come; reboot when it has" in guest.told("cat /run/said")
    status, _ = guest.ask("echo lost > /srv/wal/row")
    assert status != 0
