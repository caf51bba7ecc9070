"""Programs that cost a hypervisor of these tests less than the real ones."""

import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

QEMU_IMG = "/usr/bin/qemu-img"
QEMU = "/usr/bin/qemu-system-x86_64"

FIRMWARE = ("/usr/share/qemu", "/usr/share/seabios", "/usr/lib/ipxe/qemu")

ROM_BYTES = 64 * 1024
RESET_VECTOR = 16
"""Where a processor begins, in bytes before the end of its ROM."""
CLI, HLT = b"\xfa", b"\xf4"


Booting = Mapping[str, Sequence[str]]
"""Which guests of a hypervisor boot: a pattern of the shell for their names → QEMU's options for them. The
first that matches decides. The others halt at birth, which saves some seconds of this machine's processor.
"""

QEMU_WRAPPER = """\
#!/bin/sh
export QEMU_MODULE_DIR={modules}
arguments="$*"
case "$arguments" in
  *guest=*) ;;
  *) exec {real} {firmware} "$@" ;;  # libvirt reads what this QEMU can do
esac
name="${{arguments#*guest=}}"
case "${{name%%,*}}" in
  portinfra-overlay-*) exec {real} {firmware} "$@" ;;  # it tries a bridge: it boots from the network
{ways}
  *) exec {real} {firmware} -bios {rom} "$@" ;;
esac
"""


def quick_qemu_img(directory: Path) -> Path:
    """A qemu-img that is itself, but for its sense of time."""
    wrapper, real = directory / "qemu-img", directory / "qemu-img.real"
    shutil.copy(QEMU_IMG, real)
    _write(wrapper, f'#!/bin/sh\nLD_PRELOAD={library("quick_clock", directory)} exec {real} "$@"\n')
    return wrapper


def library(name: str, directory: Path) -> Path:
    """A library of this folder, compiled into a directory. A program that preloads it calls its functions."""
    made = directory / f"{name}.so"
    source = Path(__file__).with_name(f"{name}.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", made, source, "-ldl"], check=True)
    return made


def qemu_that_boots(directory: Path, booting: Booting) -> Path:
    """A QEMU that gives a ROM which halts the processor to each guest that is not to boot."""
    rom, real, wrapper = (directory / name for name in ("halt.rom", "qemu.real", "qemu"))
    rom.write_bytes(HLT * (ROM_BYTES - RESET_VECTOR) + CLI + HLT * (RESET_VECTOR - 1))
    shutil.copy(QEMU, real)
    given = {"real": real, "rom": rom}
    given["modules"] = next(Path("/usr/lib").glob("*/qemu/accel-*.so")).parent  # it looks beside itself, too
    given["firmware"] = " ".join(f"-L {place}" for place in FIRMWARE)
    given["ways"] = "\n".join(
        f'  {guests}) exec {real} {given["firmware"]} {shlex.join(options)} "$@" ;;'
        for guests, options in booting.items()
    )
    _write(wrapper, QEMU_WRAPPER.format(**given))
    return wrapper


def _write(program: Path, text: str) -> None:
    program.write_text(text)
    program.chmod(0o755)
