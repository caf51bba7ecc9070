"""What is on the encrypted disks of guests, as raw files of this machine."""

import base64
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import libvirt
from attrs import frozen

from hypervisors.hypervisor import Hypervisor


@frozen
class Disk:
    """The disk of a volume or a host, by its native id: its path at its hypervisor."""

    hypervisor: Hypervisor
    path: str

    def copy_to(self, raw: Path) -> None:
        """Copy its contents to a raw file. A guest that has it may run, but must not write."""
        key, disk = opened(self.hypervisor, self.path)
        self.hypervisor.run(
            "qemu-img", "convert", "-U", "--object", key, "--image-opts", disk, "-O", "raw", str(raw)
        )

    def overwrite(self, raw: Path) -> None:
        """Replace its contents. The guest that has it is powered off before."""
        key, disk = opened(self.hypervisor, self.path)
        with closing(libvirt.open(self.hypervisor.uri)) as connection:
            for domain in connection.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE):
                if self.path in domain.XMLDesc():
                    domain.destroy()
        options = ("-n", "--object", key, "-f", "raw", "--target-image-opts")
        self.hypervisor.run("qemu-img", "convert", *options, str(raw), disk)


def find_disk(hypervisors: Iterable[Hypervisor], path: str) -> Disk:
    """Return the disk with a native id. Raises StopIteration where no hypervisor has it."""
    return next(Disk(each, path) for each in hypervisors if _has(each, path))


def opened(hypervisor: Hypervisor, path: str) -> tuple[str, str]:
    """Return two options of QEMU's tools that open an encrypted disk: its secret, and the disk itself."""
    with closing(libvirt.open(hypervisor.uri)) as connection:
        secrets = connection.listAllSecrets()
        value = next(each.value() for each in secrets if each.usageID().endswith(f"/{Path(path).name}"))
    key = f"secret,id=key,format=base64,data={base64.b64encode(value).decode()}"
    return key, f"driver=qcow2,encrypt.key-secret=key,file.filename={path}"


def _has(hypervisor: Hypervisor, path: str) -> bool:
    place = Path(path).relative_to("/var/lib/libvirt")
    return (hypervisor.directory / "lib" / place).exists()
