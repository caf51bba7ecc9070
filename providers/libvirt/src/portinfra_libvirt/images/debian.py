"""A small Debian that boots as a guest and heeds cloud-init, made of packages of this machine's own mirror.

It has one partition and no boot loader of its own packages: GRUB lies between the partition table and the
partition, as `grub-install` would lay it, and its menu boots /vmlinuz and /initrd.img. Those are links which
Debian turns to the newest kernel whenever one is installed: a guest's kernel is updated as any package is.
The kernel is Debian's for clouds, which knows virtio and no SATA: a guest's disks and its seed are virtio.
"""

import os
import platform
import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from portinfra import errors
from portinfra_libvirt.images import files
from portinfra_libvirt.images.files import Image, join_words, run_tool

DISK_BYTES = 2 * 2**30
"""The disk of the image; a guest's own may be larger, and its file system grows at its first boot."""

_SECTOR = 512
_FIRST = 2048
"""The sector where the partition begins; GRUB has the ones before."""

_GRUB = Path("/usr/lib/grub/i386-pc")
_HOOKS = "/usr/share/mmdebstrap/hooks"
_GRUB_MODULES = ("biosdisk", "ext2", "linux", "normal", "part_msdos", "serial", "terminal")
_BOOT_CODE = 440
"""So much of the first sector is code; the partition table is behind it."""

_LABEL = "portinfra-root"

_FILE_SYSTEM = (
    "none,dir_index,dir_nlink,ext_attr,extent,extra_isize,filetype,flex_bg,has_journal,huge_file,"
    "large_file,metadata_csum,resize_inode,sparse_super,64bit"
)
"""What GRUB and the guest's own tools know; those of the machine that builds may be newer, and add to it."""

_PACKAGES = (
    "ca-certificates",
    "cloud-guest-utils",
    "cloud-init",
    "dbus",
    "e2fsprogs",
    "fdisk",
    "iproute2",
    "linux-image-cloud-amd64",
    "netbase",
    "openssh-server",
    "procps",
    "sudo",
    "systemd-resolved",
    "systemd-sysv",
    "systemd-timesyncd",
    "udev",
    "zstd",
)

_PACKAGE_NAMES = re.compile(r"[a-z0-9][a-z0-9+.-]+")

_SERVICES = ("systemd-networkd", "systemd-resolved", "systemd-timesyncd", "ssh")

_BOOT_MODULES = ("virtio_pci", "virtio_blk", "virtio_scsi", "sd_mod", "ext4")
"""The kernel modules of the initial RAM disk: what reads a root file system on a virtio disk. The guest loads
all other modules from there. Debian's default has every driver, and more than twice the size.
"""

_CUSTOMIZE = f"""\
set -eu
unset INITRD
echo MODULES=list > "$1/etc/initramfs-tools/conf.d/portinfra"
printf '%s\\n' {" ".join(_BOOT_MODULES)} > "$1/usr/share/initramfs-tools/modules.d/portinfra"
for kernel in "$1"/boot/vmlinuz-*; do
    version="${{kernel##*/vmlinuz-}}"
    chroot "$1" update-initramfs -c -k "$version"
    chroot "$1" linux-update-symlinks install "$version" "/boot/vmlinuz-$version"
done
rm "$1/etc/dpkg/dpkg.cfg.d/99mmdebstrap"
chroot "$1" systemctl enable {" ".join(_SERVICES)}
"""

_CONTENTS: Mapping[str, str] = {
    "boot/grub/grub.cfg": f"""\
serial --unit=0 --speed=115200
terminal_input console serial
terminal_output console serial
set timeout=1
menuentry "Debian" {{
    linux /vmlinuz root=LABEL={_LABEL} ro console=tty0 console=ttyS0,115200
    initrd /initrd.img
}}
menuentry "Debian, with the kernel before" {{
    linux /vmlinuz.old root=LABEL={_LABEL} ro console=tty0 console=ttyS0,115200
    initrd /initrd.img.old
}}
""",
    "etc/default/locale": "LANG=C.UTF-8\n",
    "etc/fstab": f"LABEL={_LABEL} / ext4 defaults,discard,errors=remount-ro 0 1\n",
    "etc/hostname": "debian\n",
    "etc/hosts": "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n",
    "etc/machine-id": "",  # each guest makes its own
    "etc/cloud/cloud.cfg.d/90_portinfra.cfg": """\
datasource_list: [NoCloud, ConfigDrive]
apt_preserve_sources_list: true
grub_dpkg: { enabled: false }
locale: "false"
ssh_genkeytypes: [ed25519, ecdsa]
""",
}

_ASSEMBLE = f"""\
set -eu
umask 022
mkdir root
tar -x -p --numeric-owner -f root.tar -C root
rm root.tar
cp -R --no-preserve=mode overlay/. root/
rm -f root/etc/ssh/ssh_host_*
ln -sfn ../run/systemd/resolve/stub-resolv.conf root/etc/resolv.conf
mke2fs -q -t ext4 -F -O {_FILE_SYSTEM} -b 4096 -I 256 -L {_LABEL} -E offset={_FIRST * _SECTOR} \\
    -d root disk.raw {(DISK_BYTES - _FIRST * _SECTOR) // 1024}k
"""


def missing() -> list[str]:
    """The Debian packages that `build` needs and this machine does not have, in order; none if it has all."""
    tools = {
        "fakeroot": "fakeroot",
        "grub-mkimage": "grub-common",
        "mke2fs": "e2fsprogs",
        "mmdebstrap": "mmdebstrap",
        "qemu-img": "qemu-utils",
        "sfdisk": "fdisk",
    }
    if os.geteuid() != 0:
        tools["newuidmap"] = "uidmap"
    packages = {package for name, package in tools.items() if files.tool(name) is None}
    if not (_GRUB / "boot.img").exists():
        packages.add("grub-pc-bin")
    return sorted(packages)


def build(
    into: Path,
    *,
    release: str = "bookworm",
    packages: Iterable[str] = (),
    name: str = "",
    say: Callable[[str], object] = lambda _: None,
) -> Image:
    """A bootable image of a Debian release, in the directory `into`; takes some minutes and 4 GiB of room.

    Its packages come from where this machine's own apt gets them, checked by the same keys. `say` is told
    each stage. It needs no root, no mounts and no loop devices; who is not root needs a range in /etc/subuid.
    The file is called debian-VERSION@TIME.qcow2, and takes the place of an older one for new guests only.
    With more `packages` of the release it is another image, which needs a `name` of its own: NAME@TIME.qcow2.

    Raises `Unsupported` when this machine cannot build it, with what to install, and `InvalidRequest` when
    the mirror has no such release or a tool fails. Nothing is left behind then.
    """
    more = tuple(packages)
    _refuse_names(name, more)
    _refuse_other_machines()
    sources = _sources(release)
    version = datetime.now(UTC).strftime("%Y%m%d%H%M%S")
    with files.scratch(into) as place:
        say(f"Debian {release}: getting and installing its packages")
        _install(place, release, sources, more)
        say(f"Debian {release}: making the disk")
        _assemble(place, sources)
        say(f"Debian {release}: compressing the image")
        files.convert(place / "disk.raw", "raw", place / "disk.qcow2")
        return files.publish_file(
            place / "disk.qcow2", into, f"{name or _name(place / 'root', release)}@{version}"
        )


def _refuse_names(name: str, packages: tuple[str, ...]) -> None:
    if packages and not name:
        raise errors.InvalidRequest(
            "with more packages it is another image than Debian's, and it has no name",
            fix="Name it as declarations will: --name helper.",
        )
    if name and not files.PLAIN_NAMES.fullmatch(name):
        raise errors.InvalidRequest(
            f"{name!r} is no name of an image",
            fix="Name it as declarations will, in a-z, 0-9, dots and dashes; its version is the time.",
        )
    for package in packages:
        if not _PACKAGE_NAMES.fullmatch(package):
            raise errors.InvalidRequest(
                f"{package!r} is no name of a Debian package", fix="Give each by an option of its own."
            )


def _refuse_other_machines() -> None:
    if platform.machine() != "x86_64":
        raise errors.Unsupported(
            f"images are built for x86_64, and this machine is {platform.machine()}",
            fix="Build it on another machine, or fetch one that is published.",
        )
    if packages := missing():
        raise errors.Unsupported(
            f"building an image needs {join_words(packages)}, which this machine does not have",
            fix=f"apt-get install -y --no-install-recommends {' '.join(packages)}",
        )


def _sources(release: str) -> list[str]:
    """The release, its updates and its security updates, as lines of apt's sources."""
    said = run_tool(
        "apt-get", "indextargets", "--format", "$(CREATED_BY) $(LABEL) $(CODENAME) $(COMPONENT) $(REPO_URI)"
    )
    found: dict[str, None] = {}
    for line in said.splitlines():
        words = line.split(" ")
        if len(words) != 5:
            continue
        kind, label, suite, component, where = words
        ours = label in {"Debian", "Debian-Security"} and suite.removesuffix("-security") in {
            release,
            f"{release}-updates",
        }
        if kind == "Packages" and ours and component == "main":
            found[f"deb {where} {suite} main"] = None
    if not any(f" {release} main" in line for line in found):
        raise errors.InvalidRequest(
            f"this machine's apt has no mirror of Debian {release}",
            fix=f"Give apt a source of {release} and run apt-get update, or fetch a published image.",
        )
    return list(found)


def _install(place: Path, release: str, sources: list[str], more: tuple[str, ...]) -> None:
    run_tool(
        "mmdebstrap",
        "--variant=apt",
        "--architectures=amd64",
        f"--include={','.join((*_PACKAGES, *more))}",
        "--dpkgopt=force-unsafe-io",  # a build that is cut off leaves nothing to keep
        f"--hook-dir={_HOOKS}/merged-usr",  # else a package with all of Perl does it
        f"--customize-hook={_CUSTOMIZE}",
        "--format=tar",
        release,
        "root.tar",
        *sources,
        directory=place,
        settings={"INITRD": "No"},  # two packages would make the initial RAM disk; _CUSTOMIZE makes it once
    )


def _assemble(place: Path, sources: list[str]) -> None:
    """The file system first, then what is before it: the table, and GRUB's two parts."""
    disk = place / "disk.raw"
    with disk.open("wb") as file:
        file.truncate(DISK_BYTES)
    contents = {**_CONTENTS, "etc/apt/sources.list": files.bare("\n".join(sources)) + "\n"}
    for name, text in contents.items():
        path = place / "overlay" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    run_tool("fakeroot", "sh", "-c", _ASSEMBLE, directory=place)
    run_tool("sfdisk", "--quiet", str(disk), told=f"label: dos\nstart={_FIRST}, type=83, bootable\n")
    core = place / "core.img"
    run_tool("grub-mkimage", "-O", "i386-pc", "-p", "(,msdos1)/boot/grub", "-o", str(core), *_GRUB_MODULES)
    with disk.open("rb+") as file:
        file.write((_GRUB / "boot.img").read_bytes()[:_BOOT_CODE])
        file.seek(_SECTOR)  # where boot.img looks for the rest, unless it is told otherwise
        file.write(core.read_bytes())


def _name(root: Path, release: str) -> str:
    """debian-12; a release that is not out yet has no number."""
    told = dict(
        line.split("=", 1) for line in (root / "usr/lib/os-release").read_text().splitlines() if "=" in line
    )
    return f"debian-{shlex.split(told.get('VERSION_ID', release))[0]}"
