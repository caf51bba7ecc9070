"""The beds of these tests: real hypervisors, started once a test process and gone with it.

Where a machine cannot run them, the tests that need them are skipped; in CI, they fail.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hypervisors.lacking import lacking

MODULES = (
    *("conformance", "encryption", "forwards", "killed", "laptop", "mounts", "overlay", "postgres"),
    *("recovery", "standby", "truth", "vault", "walls"),
)
"""Test modules that need hypervisors."""


why_ignored = lacking()
collect_ignore = (
    [f"test_{name}_libvirt.py" for name in MODULES] if why_ignored and "CI" not in os.environ else []
)


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory that all test processes of a run share: guest images, and what libvirt finds out about
    QEMU. The first process that needs one of them makes it.
    """
    base = tmp_path_factory.getbasetemp()
    return (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared"


@pytest.fixture(scope="session")
def rack(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Iterator[Any]:
    """A bare site of two zones, whose guests have a blank disk. Each process has its own."""
    from hypervisors.site import site

    with site("rack", tmp_path_factory.mktemp("libvirt") / "rack", shared=shared, bare=True) as running:
        yield running


@pytest.fixture(scope="session")
def depot(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Iterator[Any]:
    """Another bare site, of one zone."""
    from hypervisors.site import site

    directory = tmp_path_factory.mktemp("libvirt") / "depot"
    with site("depot", directory, shared=shared, zones=("c",), bare=True) as running:
        yield running
