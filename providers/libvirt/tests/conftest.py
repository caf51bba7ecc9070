"""The beds of these tests: real hypervisors, started once a test process and gone with it.

Where a machine cannot run them, the tests that need them are skipped; in CI, they fail.
"""

import importlib.util
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

TOOLS = ("libvirtd", "qemu-system-x86_64", "qemu-img", "ebtables", "nft", "tcpdump", "syslinux")

MODULES = (
    *("conformance", "encryption", "forwards", "killed", "laptop", "mounts", "overlay", "postgres"),
    *("recovery", "truth", "vault", "walls"),
)
"""Test modules that need hypervisors."""


def lacking() -> str:
    """Why there can be no hypervisors here; empty: there can."""
    if os.geteuid() != 0:
        return "only root can start hypervisors of its own"
    if importlib.util.find_spec("libvirt") is None:
        return "libvirt's Python binding is not installed"
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    return f"{', '.join(missing)} is not installed" if missing else ""


why_ignored = lacking()
collect_ignore = (
    [f"test_{name}_libvirt.py" for name in MODULES] if why_ignored and "CI" not in os.environ else []
)


@pytest.fixture(scope="session")
def rack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A site of two zones whose guests have a blank disk."""
    from hypervisors.site import site

    directory: Path = tmp_path_factory.mktemp("libvirt")
    with site("rack", directory / "rack") as running:
        yield running


@pytest.fixture(scope="session")
def depot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Another site, of one zone."""
    from hypervisors.site import site

    directory: Path = tmp_path_factory.mktemp("libvirt")
    with site("depot", directory / "depot", zones=("c",)) as running:
        yield running
