"""A world in which the shop runs in production, with something written on every volume."""

import subprocess
from contextlib import contextmanager

import pytest
from begun import begun
from vaults import moved_in
from worlds import shop_has_a_point, shop_runs

from portinfra.execution.run import Run


@pytest.fixture
def cloud():
    """The simulator, of EC2's shape."""
    with begun(shop_runs) as cloud:
        yield cloud


@pytest.fixture
def ready():
    """With a point to come back from."""
    with begun(shop_has_a_point) as cloud:
        yield cloud


@pytest.fixture
def living(monkeypatch):
    """The environments whose runs say right now that they live, by the name that each claim is held under."""
    there, original = [], Run.keep_lease

    @contextmanager
    def noted(run):
        there.append(run._scope.environment)
        with original(run):
            yield
        there.remove(run._scope.environment)

    monkeypatch.setattr(Run, "keep_lease", noted)
    return there


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home with a vault in a folder, and keys."""
    monkeypatch.setenv("HOME", str(tmp_path))
    subprocess.run(["age-keygen", "-o", tmp_path / "identity"], capture_output=True, check=True)
    (tmp_path / "password").write_text("open sesame\n")
    moved_in(tmp_path)
    return tmp_path
