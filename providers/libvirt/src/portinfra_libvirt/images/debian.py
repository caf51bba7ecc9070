"""A small Debian that boots as a guest and uses cloud-init, built from packages of this machine's own mirror.

It has one partition and no boot loader package. GRUB is between the partition table and the partition, where
`grub-install` would put it. Its menu boots /vmlinuz and /initrd.img. Debian updates these links for each new
kernel, so a guest's kernel is updated like any package. The kernel is Debian's for clouds, which has virtio
and no SATA: a guest's disks and its seed are virtio.
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
"""The disk size of the image. A guest's disk may be larger: its file system grows at the first boot."""

_SECTOR = 512
_FIRST = 2048
"""The first sector of the partition. GRUB uses the sectors before it."""

_GRUB = Path("/usr/lib/grub/i386-pc")
_HOOKS = "/usr/share/mmdebstrap/hooks"
_GRUB_MODULES = ("biosdisk", "ext2", "linux", "normal", "part_msdos", "serial", "terminal")
_BOOT_CODE = 440
"""The bytes of code in the first sector. The partition table follows."""

_LABEL = "portinfra-root"

_FILE_SYSTEM = (
    "none,dir_index,dir_nlink,ext_attr,extent,extra_isize,filetype,flex_bg,has_journal,huge_file,"
    "large_file,metadata_csum,resize_inode,sparse_super,64bit"
)
"""Features that GRUB and the guest's tools support. The build machine's tools may be newer and add others."""

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
"""The kernel modules of the initial RAM disk, which read a root file system on a virtio disk.

The guest loads all other modules from there. Debian's default has every driver, and more than twice the size.
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
    "etc/machine-id": "",  # each guest creates its own
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
    """Return the Debian packages that `build` needs and this machine lacks, sorted."""
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
    """Build a bootable image of a Debian release in the directory `into`.

    This takes some minutes and 4 GiB.

    Its packages come from the mirrors of this machine's apt, verified by the same keys. `say` receives each
    stage. The build needs no root, no mounts and no loop devices; a user who is not root needs a range in
    /etc/subuid.

    The file is named debian-VERSION@TIME.qcow2. It replaces an older one for new guests only. With more
    `packages` it is another image, which needs its own `name`: NAME@TIME.qcow2.

    Raises `Unsupported` if this machine cannot build it, with what to install, and `InvalidRequest` if the
    mirror lacks the release or a tool fails. After an error, no files are left.
    """
    more = tuple(packages)
    _check_names(name, more)
    _check_machine()
    sources = _sources(release)
    version = datetime.now(UTC).strftime("%Y%m%d%H%M%S")
    with files.scratch(into) as place:
        say(f"Debian {release}: downloading and installing its packages")
        _install(place, release, sources, more)
        say(f"Debian {release}: creating the disk")
        _assemble(place, sources)
        say(f"Debian {release}: compressing the image")
        files.convert(place / "disk.raw", "raw", place / "disk.qcow2")
        return files.publish_file(
            place / "disk.qcow2", into, f"{name or _name(place / 'root', release)}@{version}"
        )


def _check_names(name: str, packages: tuple[str, ...]) -> None:
    if packages and not name:
        raise errors.InvalidRequest(
            "an image with more packages needs a name of its own",
            fix="Add the name that declarations will use: --name helper.",
        )
    if name and not files.PLAIN_NAMES.fullmatch(name):
        raise errors.InvalidRequest(
            f"{name!r} is not a valid image name",
            fix="Use the name of the declarations, in a-z, 0-9, dots and dashes. The build adds the time as "
            "its version.",
        )
    for package in packages:
        if not _PACKAGE_NAMES.fullmatch(package):
            raise errors.InvalidRequest(
                f"{package!r} is not a valid Debian package name", fix="Use one option for each package."
            )


def _check_machine() -> None:
    if platform.machine() != "x86_64":
        raise errors.Unsupported(
            f"images can be built on x86_64 only, and this machine is {platform.machine()}",
            fix="Build the image on another machine, or fetch a published one.",
        )
    if packages := missing():
        raise errors.Unsupported(
            f"this machine lacks packages for building an image: {join_words(packages)}",
            fix=f"apt-get install -y --no-install-recommends {' '.join(packages)}",
        )


def _sources(release: str) -> list[str]:
    """Return the release, its updates and its security updates, as lines of apt's sources."""
    targets = run_tool(
        "apt-get", "indextargets", "--format", "$(CREATED_BY) $(LABEL) $(CODENAME) $(COMPONENT) $(REPO_URI)"
    )
    found: dict[str, None] = {}
    for line in targets.splitlines():
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
            fix=f"Add a source of {release} to apt and run apt-get update, or fetch a published image.",
        )
    return list(found)


def _install(place: Path, release: str, sources: list[str], more: tuple[str, ...]) -> None:
    run_tool(
        "mmdebstrap",
        "--variant=apt",
        "--architectures=amd64",
        f"--include={','.join((*_PACKAGES, *more))}",
        "--dpkgopt=force-unsafe-io",  # an interrupted build leaves nothing to keep
        f"--hook-dir={_HOOKS}/merged-usr",  # otherwise a package with all of Perl does it
        f"--customize-hook={_CUSTOMIZE}",
        "--format=tar",
        release,
        "root.tar",
        *sources,
        directory=place,
        # two packages would create the initial RAM disk; _CUSTOMIZE creates it once
        settings={"INITRD": "No"},
    )


def _assemble(place: Path, sources: list[str]) -> None:
    """Write the file system, then what is before it: the partition table, and GRUB's two parts."""
    disk = place / "disk.raw"
    with disk.open("wb") as file:
        file.truncate(DISK_BYTES)
    contents = {**_CONTENTS, "etc/apt/sources.list": files.bare("\n".join(sources)) + "\n"}
    for name, text in contents.items():
        path = place / "overlay" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    run_tool("fakeroot", "sh", "-c", _ASSEMBLE, directory=place)
    run_tool("sfdisk", "--quiet", str(disk), stdin=f"label: dos\nstart={_FIRST}, type=83, bootable\n")
    core = place / "core.img"
    run_tool("grub-mkimage", "-O", "i386-pc", "-p", "(,msdos1)/boot/grub", "-o", str(core), *_GRUB_MODULES)
    with disk.open("rb+") as file:
        file.write((_GRUB / "boot.img").read_bytes()[:_BOOT_CODE])
        file.seek(_SECTOR)  # the default place where boot.img looks for the rest
        file.write(core.read_bytes())


def _name(root: Path, release: str) -> str:
    """Return a name such as debian-12. An unreleased version has no number."""
    fields = dict(
        line.split("=", 1) for line in (root / "usr/lib/os-release").read_text().splitlines() if "=" in line
    )
    return f"debian-{shlex.split(fields.get('VERSION_ID', release))[0]}"
