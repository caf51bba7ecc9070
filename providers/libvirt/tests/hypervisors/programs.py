"""Programs that cost a hypervisor of these tests less than the real ones."""

import shlex
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from attrs import frozen

QEMU_IMG = "/usr/bin/qemu-img"
QEMU = "/usr/bin/qemu-system-x86_64"

FIRMWARE = ("/usr/share/qemu", "/usr/share/seabios", "/usr/lib/ipxe/qemu")

ROM_BYTES = 64 * 1024
RESET_VECTOR = 16
"""Where a processor begins, in bytes before the end of its ROM."""
CLI, HLT = b"\xfa", b"\xf4"


@frozen
class Booting:
    """Which guests of a hypervisor boot. The others halt at birth, which saves some seconds of this
    machine's processor for each.
    """

    guests: str = "*"
    """A pattern of the shell, for their names; empty: none."""
    options: Sequence[str] = ()
    """QEMU's own, for those that boot."""


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
  {guests}) exec {real} {firmware} {options} "$@" ;;
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
    given = {
        "guests": booting.guests or "''",
        "options": shlex.join(booting.options),
        "real": real,
        "rom": rom,
    }
    given["modules"] = next(Path("/usr/lib").glob("*/qemu/accel-*.so")).parent  # it looks beside itself, too
    given["firmware"] = " ".join(f"-L {place}" for place in FIRMWARE)
    _write(wrapper, QEMU_WRAPPER.format(**given))
    return wrapper


def _write(program: Path, text: str) -> None:
    program.write_text(text)
    program.chmod(0o755)
