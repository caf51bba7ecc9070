"""Programs that cost a hypervisor of these tests less than the real ones."""

import shutil
import subprocess
from pathlib import Path

QEMU_IMG = "/usr/bin/qemu-img"
QEMU = "/usr/bin/qemu-system-x86_64"

FIRMWARE = ("/usr/share/qemu", "/usr/share/seabios", "/usr/lib/ipxe/qemu")

ROM_BYTES = 64 * 1024
RESET_VECTOR = 16
"""Where a processor begins, in bytes before the end of its ROM."""
CLI, HLT = b"\xfa", b"\xf4"

HALTED = """\
#!/bin/sh
export QEMU_MODULE_DIR={modules}
case "$*" in
  *-overlay-*) exec {real} {firmware} "$@" ;;
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


def halting_qemu(directory: Path) -> Path:
    """A QEMU whose ROM halts the processor. A guest that tries a bridge boots from the network, so it has the
    usual ROM.
    """
    rom, real, wrapper = (directory / name for name in ("halt.rom", "qemu.real", "qemu"))
    rom.write_bytes(HLT * (ROM_BYTES - RESET_VECTOR) + CLI + HLT * (RESET_VECTOR - 1))
    shutil.copy(QEMU, real)
    modules = next(Path("/usr/lib").glob("*/qemu/accel-*.so")).parent  # it looks for them beside itself, too
    firmware = " ".join(f"-L {place}" for place in FIRMWARE)
    _write(wrapper, HALTED.format(real=real, rom=rom, modules=modules, firmware=firmware))
    return wrapper


def _write(program: Path, text: str) -> None:
    program.write_text(text)
    program.chmod(0o755)
