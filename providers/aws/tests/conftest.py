"""What all tests of the AWS provider share: a bed that is EC2 to them.

Where moto is not installed, the tests that need the bed are left out; those of the drivers alone run.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from bed import Local
    from bed.conformance_bed import AwsBed

sys.path.insert(0, str(Path(__file__).parent))

why_ignored = "moto is not installed"
collect_ignore_glob = [] if importlib.util.find_spec("moto") else ["test_*.py"]


@pytest.fixture(scope="session")
def running_bed() -> Iterator[Local]:
    """One server for all tests of a session."""
    from bed import in_thread

    with in_thread() as local:
        yield local


@pytest.fixture
def ec2(running_bed: Local, monkeypatch: pytest.MonkeyPatch) -> Local:
    """An empty EC2 with the settings it starts with; the variables of AWS's tools point to it."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    running_bed.bed.restore()
    for name, value in running_bed.environment.items():
        monkeypatch.setenv(name, value)
    return running_bed


@pytest.fixture(scope="session")
def _client(running_bed: Local) -> Any:
    from bed import hand

    return hand.client(running_bed.endpoint)


@pytest.fixture
def boto(ec2: Local, _client: Any) -> Any:
    """boto3's client of that EC2: an independent one, which repeats nothing."""
    return _client


@pytest.fixture
def bed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsBed]:
    """A bed of the conformance suite. No request to it broke a rule of EC2, or found a gap of the bed."""
    from bed.conformance_bed import AwsBed

    monkeypatch.setenv("PORTINFRA_HOME", str(tmp_path))
    with AwsBed() as bed:
        yield bed
        assert bed.ec2.violations == []
        assert bed.ec2.gaps == []
