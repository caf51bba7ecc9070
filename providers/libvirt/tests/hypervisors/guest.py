"""A small guest that boots in seconds under emulation, made from Debian's packages by any user."""

import fcntl
import hashlib
import os
import re
import secrets
import shutil
import socket
import struct
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PACKAGES = (
    *("busybox-static", "cpio", "dosfstools", "gcc", "libc6-dev", "lz4", "mtools", "qemu-utils"),
    *("syslinux", "syslinux-common", "zstd"),
)
"""What `build` needs, besides apt itself with its lists of packages."""

PORT = "portinfra"
"""The virtio port by which a guest takes commands: a channel's `<target type='virtio' name='portinfra'/>`.

A guest that runs already serves one, too, as soon as it is plugged in.
"""

KERNEL = "linux-image-cloud-amd64"
MODULES = (
    *("virtio_pci", "virtio_blk", "virtio_console", "virtio_scsi", "sd_mod", "sr_mod"),
    *("virtio_net", "isofs", "button", "evdev"),
)
ARGUMENTS = (
    *("console=ttyS0", "8250.nr_uarts=1", "quiet", "panic=1", "mitigations=off", "lsm=", "audit=0"),
    *("tsc=reliable", "no_timer_check", "random.trust_cpu=on", "cryptomgr.notests"),
    *("rcupdate.rcu_expedited=1", "pci=noaer", "nokaslr"),
    "clearcpuid=erms,fsrm,avx",  # instructions that take an emulator longer than those in their place
)
LINUX, INITRD = "linux", "initrd.img"
"""The files beside an image that QEMU can boot itself."""
MIB = 1024 * 1024
SIZE = 64 * MIB
START = 1 * MIB
"""Where on the disk its one partition begins."""
LZ4 = b"\x02\x21\x4c\x18"
"""How a kernel begins that is packed with LZ4, as Debian's is."""

_SOURCES = Path(__file__).with_suffix("")
BUSYBOX = Path("/bin/busybox")
_MBR = Path("/usr/lib/syslinux/mbr/mbr.bin")
_TOOLS = ("cc", "cpio", "mkfs.fat", "mcopy", "qemu-img", "syslinux", "zstd")
_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


def build(cache: Path, tools: tuple[str, ...] = ()) -> Path:
    """The disk image, as qcow2. It is made once for its sources, kernel and busybox, and kept in `cache`,
    which several processes may share. With `tools`, these commands of this machine are in it, too.

    Raises RuntimeError where a package is missing; it says which to install.
    """
    missing = [each for each in _TOOLS if not shutil.which(each, path=_PATH)]
    if missing or not BUSYBOX.exists() or not _MBR.exists():
        raise RuntimeError(f"to build test guests, do: apt-get install {' '.join(PACKAGES)}")
    package, version = _kernel()
    digest = hashlib.sha256(f"{package} {version}".encode())
    commands = [Path(shutil.which(tool, path=_PATH) or tool) for tool in tools]
    for source in (Path(__file__), *_files(), BUSYBOX, _MBR, *commands):
        digest.update(source.read_bytes())
    image = cache / f"guest-{digest.hexdigest()[:16]}" / "guest.qcow2"
    with alone(cache):
        if not image.exists():
            kernel = _unpacked(cache, package, version)
            with tempfile.TemporaryDirectory(dir=cache, prefix="building-") as name:
                work = Path(name)
                made = _image(work, kernel, commands)
                image.parent.mkdir(exist_ok=True)
                (work / INITRD).rename(image.with_name(INITRD))
                image.with_name(LINUX).symlink_to(kernel / LINUX)
                made.rename(image)
    return image


def boot_options(image: Path) -> list[str]:
    """Return QEMU's options that boot an image of `build` without its boot loader: in half the time. An image
    of another kind boots by its own loader.
    """
    kernel, initrd = image.with_name(LINUX), image.with_name(INITRD)
    if not kernel.exists():
        return []
    return ["-kernel", str(kernel), "-initrd", str(initrd), "-append", " ".join(ARGUMENTS)]


@contextmanager
def alone(cache: Path) -> Iterator[None]:
    """While it lasts, no other process is here for the same directory."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def ask(port: Path, command: str, timeout: float = 30.0) -> tuple[int, str]:
    """What a guest answers to one line of shell: its exit status and what it said, on both streams.

    `port` is the host's socket of `PORT`. Waits for a guest that still boots. Commands end after a minute;
    what they start in the background goes on. Raises TimeoutError.
    """
    give_up = time.monotonic() + timeout
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(timeout)
        connection.connect(str(port))
        # An answer that nobody took may still lie in the port: ours comes after the mark.
        mark = f"mark-{secrets.token_hex(8)}"
        connection.sendall(f"echo {mark}\n{command}\n".encode())
        said = b""
        while not (found := re.search(rf"{mark}\n\.0\n(.*\n|)\.(\d+)\n\Z".encode(), said, re.DOTALL)):
            connection.settimeout(max(0.01, give_up - time.monotonic()))
            more = connection.recv(65536)
            if not more:
                raise ConnectionError(f"the guest went away before it answered: {command}")
            said += more
    return int(found[2]), found[1].decode(errors="replace")


def _kernel() -> tuple[str, str]:
    """The package with the newest kernel, and its version."""
    said = subprocess.run(
        ["apt-cache", "show", "--no-all-versions", KERNEL], capture_output=True, text=True, check=False
    ).stdout
    package = re.search(r"^Depends: .*?(linux-image-\S+-cloud-amd64)", said, re.MULTILINE)
    version = re.search(r"^Version: (\S+)", said, re.MULTILINE)
    if not package or not version:
        raise RuntimeError(f"apt knows of no {KERNEL}; do: apt-get update")
    return package[1], version[1]


def _files() -> list[Path]:
    return sorted(each for each in _SOURCES.rglob("*") if each.is_file())


def _unpacked(cache: Path, package: str, version: str) -> Path:
    """The files of the kernel's package; every image of a cache has the same."""
    files = cache / f"{package}-{version}"
    if not files.exists():
        with tempfile.TemporaryDirectory(dir=cache, prefix="unpacking-") as name:
            work = Path(name)
            _run(work, "apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", f"{package}={version}")
            _run(work, "dpkg-deb", "-x", next(work.glob("*.deb")), "kernel")
            (work / "kernel" / LINUX).write_bytes(_unpack_kernel(next(work.glob("kernel/boot/vmlinuz-*"))))
            (work / "kernel").rename(files)
    return files


def _unpack_kernel(packed: Path) -> bytes:
    """Return the kernel in a form that no guest needs to unpack; as it is, where that is not possible.

    https://docs.kernel.org/arch/x86/boot.html has the offsets.
    """
    whole = packed.read_bytes()
    begin, length = struct.unpack_from("<II", whole, 0x248)
    begin += (whole[0x1F1] + 1) * 512
    payload = whole[begin : begin + length - 4]  # its length unpacked comes last
    if not payload.startswith(LZ4) or not shutil.which("lz4", path=_PATH):
        return whole
    return subprocess.run(["lz4", "-dc"], input=payload, capture_output=True, check=True).stdout


def _image(work: Path, kernel: Path, commands: list[Path]) -> Path:
    linux = next((kernel / "boot").glob("vmlinuz-*"))
    return _disk(work, linux, _initramfs(work, kernel / "lib/modules", commands))


def _initramfs(work: Path, modules: Path, commands: list[Path]) -> Path:
    root = work / "root"
    for name in ("bin", "dev", "modules", "proc", "run", "seed", "sys", "tmp"):
        (root / name).mkdir(parents=True)
    shutil.copy(BUSYBOX, root / "bin/busybox")
    for applet in _run(work, BUSYBOX, "--list").split():
        if applet != "busybox":
            (root / "bin" / applet).symlink_to("busybox")
    for source in _files():
        place = root / source.relative_to(_SOURCES)
        place.parent.mkdir(parents=True, exist_ok=True)
        if source.suffix == ".c":
            _run(work, "cc", "-static", "-Os", "-s", "-o", place.with_suffix(""), source)
        else:
            shutil.copy(source, place)
            place.chmod(0o755)
    _with_libraries(work, root, commands)
    there = {each.stem.replace("-", "_"): each for each in modules.rglob("*.ko")}
    order = [there[name] for name in dict.fromkeys(_with_dependencies(MODULES, there))]
    for module in order:
        shutil.copy(module, root / "modules")
    (root / "modules/order").write_text("".join(f"{module.name}\n" for module in order))
    made = work / INITRD
    _run(root, "sh", "-c", f"find . | sort | cpio --quiet -o -H newc -R 0:0 | zstd -q -3 > '{made}'")
    return made


def _with_libraries(work: Path, root: Path, commands: list[Path]) -> None:
    """Commands of this machine, with the libraries that they name."""
    for command in commands:
        place = root / "bin" / command.name
        place.unlink(missing_ok=True)  # busybox's own
        shutil.copy(command, place)
        for library in re.findall(r"(/\S+) \(0x", _run(work, "ldd", command)):
            (root / library[1:]).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(library, root / library[1:])


def _with_dependencies(names: tuple[str, ...], there: dict[str, Path]) -> Iterator[str]:
    """Modules in an order in which they can be loaded; what is not there is built into the kernel."""
    for name in names:
        if name in there:
            needs = re.search(rb"\0depends=([^\0]*)\0", there[name].read_bytes())
            yield from _with_dependencies(tuple(needs[1].decode().split(",")) if needs else (), there)
            yield name


def _disk(work: Path, kernel: Path, initrd: Path) -> Path:
    """One active partition with a FAT file system, in which syslinux finds the kernel."""
    raw, made = work / "guest.raw", work / "guest.qcow2"
    with raw.open("wb") as disk:
        disk.truncate(SIZE)
        disk.write(_MBR.read_bytes()[:440])
        disk.seek(446)
        first, count = START // 512, (SIZE - START) // 512
        beyond = b"\xfe\xff\xff"  # an address of heads and cylinders that nobody reads
        disk.write(struct.pack("<B3sB3sII", 0x80, beyond, 0x0E, beyond, first, count))
        disk.seek(510)
        disk.write(b"\x55\xaa")
    offset, sectors = START // 512, (SIZE - START) // 1024
    _run(work, "mkfs.fat", "-F", "16", "-h", offset, f"--offset={offset}", raw, sectors)
    menu = work / "syslinux.cfg"
    arguments = " ".join(ARGUMENTS)
    menu.write_text(f"default linux\nlabel linux\nlinux linux\ninitrd initrd.img\nappend {arguments}\n")
    _run(work, "mcopy", "-i", f"{raw}@@{START}", kernel, "::linux")
    _run(work, "mcopy", "-i", f"{raw}@@{START}", initrd, menu, "::")
    _run(work, "syslinux", "--install", "--offset", START, raw)
    _run(work, "qemu-img", "convert", "-f", "raw", "-O", "qcow2", "-o", "compat=1.1", raw, made)
    return made


def _run(directory: Path, *command: object) -> str:
    words = [str(each) for each in command]
    settings = {**os.environ, "PATH": _PATH, "LC_ALL": "C"}
    done = subprocess.run(words, cwd=directory, env=settings, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip() or done.returncode}")
    return done.stdout
