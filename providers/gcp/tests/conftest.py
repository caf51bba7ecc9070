"""What all tests of the GCP provider share: a bed that is Compute Engine to them.

Where the official discovery document or Google's own client is not installed, the tests that need the bed are
left out; those of the drivers alone run.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from emulator import Local
    from emulator.hand import Hand
    from emulator.raw import Raw

sys.path.insert(0, str(Path(__file__).parent))


def _installed(*names: str) -> bool:
    try:
        return all(importlib.util.find_spec(name) for name in names)
    except ModuleNotFoundError:  # not even the package above it
        return False


why_ignored = "Google's own clients are not installed"
collect_ignore_glob = [] if _installed("googleapiclient", "google.cloud.compute_v1") else ["test_*.py"]


@pytest.fixture(scope="session")
def running_emulator() -> Iterator[Local]:
    """One server for all tests of a session."""
    from emulator import in_thread

    with in_thread() as local:
        yield local


@pytest.fixture
def gce(running_emulator: Local, monkeypatch: pytest.MonkeyPatch) -> Local:
    """An empty Compute Engine with the settings it starts with; Google's variables point to it."""
    for name in [name for name in os.environ if name.startswith(("GOOGLE_", "CLOUDSDK_", "GCE_"))]:
        monkeypatch.delenv(name)
    running_emulator.bed.restore()
    for name, value in running_emulator.environment.items():
        monkeypatch.setenv(name, value)
    return running_emulator


@pytest.fixture(scope="session")
def _hand(running_emulator: Local) -> Hand:
    from emulator.hand import Hand

    return Hand(running_emulator.endpoint)


@pytest.fixture
def hand(gce: Local, _hand: Hand) -> Hand:
    """google-cloud-compute's clients of that Compute Engine: independent ones, which repeat nothing."""
    return _hand


@pytest.fixture
def raw(gce: Local) -> Raw:
    """Requests to that Compute Engine as they go over the wire."""
    from emulator.raw import Raw

    return Raw(gce.endpoint)
