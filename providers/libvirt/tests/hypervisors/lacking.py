"""Whether this machine can run hypervisors of its own for tests."""

import importlib.util
import os
import shutil

TOOLS = ("libvirtd", "qemu-system-x86_64", "qemu-img", "ebtables", "nft", "tcpdump", "syslinux")


def lacking() -> str:
    """Why there can be no hypervisors here; empty: there can."""
    if os.geteuid() != 0:
        return "only root can start hypervisors of its own"
    if importlib.util.find_spec("libvirt") is None:
        return "libvirt's Python binding is not installed"
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    return f"{', '.join(missing)} is not installed" if missing else ""
