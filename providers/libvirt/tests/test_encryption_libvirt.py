"""What a guest writes is in no file of its site: not on its disks, in snapshots, nor in their copies."""

import subprocess
from pathlib import Path

import libvirt
import pytest

from hypervisors.guest import build
from hypervisors.guests import guests
from hypervisors.site import ACCOUNT, site
from portinfra import Environment, Role, Topology, Volume, connect, workflow
from portinfra.model.resources import Attachment, Snapshot

CANARY = "a-canary-that-sings-9d41f2"
TOPOLOGY = Topology(
    "vault",
    roles=[Role("db", count=1, size="c1-m128", disk_gib=1, volumes=[Volume("data", gib=1)])],
)


@pytest.fixture(scope="module")
def place(tmp_path_factory, shared):
    directory = tmp_path_factory.mktemp("vault")
    with (
        site("vault", directory / "site", shared=shared, zones=("a",), image=build(shared)) as running,
        pytest.MonkeyPatch.context() as patch,
    ):
        (directory / "sites.hcl").write_text(running.hcl())
        patch.setenv("PORTINFRA_SITES", str(directory / "sites.hcl"))
        patch.setenv("PORTINFRA_HOME", str(directory / "home"))
        yield Environment("production", on="libvirt:vault", account=ACCOUNT, zones=("a",)), running.zones["a"]


def files_with(canary: str, directory: Path) -> list[str]:
    """Every file below a directory in which a text stands."""
    found = subprocess.run(
        ["grep", "-rla", "--devices=skip", canary, str(directory)],
        capture_output=True,
        text=True,
        check=False,
    )
    return found.stdout.splitlines()


def test_nothing_that_a_guest_writes_can_be_read_in_any_file(place):
    environment, hypervisor = place
    assert workflow.apply(workflow.plan(TOPOLOGY, environment)).succeeded
    (guest,) = guests({"a": hypervisor}).values()
    guest.plug_in()
    device = "/dev/disk/by-id/scsi-0QEMU_QEMU_HARDDISK_data"
    guest.told(f"mke2fs -q {device} >/dev/null 2>&1; mkdir -p /data && mount {device} /data")
    guest.told(
        f"echo {CANARY} > /data/canary; echo {CANARY} | dd of=/dev/vda bs=1M seek=70 2>/dev/null; sync"
    )
    assert guest.told("cat /data/canary").strip() == CANARY

    plain = hypervisor.directory / "lib/plain"  # the control: where it stands in the clear, it is found
    plain.write_text(f"something {CANARY} else")
    assert files_with(CANARY, hypervisor.directory) == [str(plain)]
    plain.unlink()

    with connect(environment, "vault") as cloud:
        data = cloud.list(Volume)[0]
        running = cloud.ensure(Snapshot("while-it-runs", data.address))
        copied = cloud.ensure(Volume("copied", gib=1, zone="a", source=running.address, key="payments"))
        assert copied.spec.key == "payments"
        host = "instance.db1"
        cloud.ensure(Attachment("copied", host, copied.address, "copied"))
        copy = "/dev/disk/by-id/scsi-0QEMU_QEMU_HARDDISK_copied"
        guest.told(f"for i in $(seq 50); do [ -e {copy} ] && break; usleep 100000; done; mkdir -p /copy")
        assert guest.told(f"mount -o ro {copy} /copy && cat /copy/canary").strip() == CANARY
        assert files_with(CANARY, hypervisor.directory) == []
        assert files_with("open sesame", hypervisor.directory) == []

        guest.told("umount /copy")
        guest.told("umount /data")
        _set_passphrase(hypervisor, copied.id, b"another")
        hypervisor.virsh("destroy", guest.domain)
        with pytest.raises(RuntimeError, match=r"(?i)invalid password"):
            hypervisor.virsh("start", guest.domain)
        _set_passphrase(hypervisor, copied.id, b"open sesame")
        hypervisor.virsh("start", guest.domain)

        resting = cloud.ensure(Snapshot("of-another", copied.address))
        assert files_with(CANARY, hypervisor.directory) == []
        for address in ("attachment.copied", resting.address, copied.address, running.address):
            cloud.remove(address, allow_data_loss=True)


def _set_passphrase(hypervisor, path, value):
    connection = libvirt.open(hypervisor.uri)
    usage = libvirt.VIR_SECRET_USAGE_TYPE_VOLUME
    connection.secretLookupByUsage(usage, path).setValue(value)
    connection.close()
