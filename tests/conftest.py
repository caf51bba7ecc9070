"""What holds for every test: a folder of its own to work in, and chance that is the same on every run."""

import os

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile(
    "soak", max_examples=2_000, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.fixture(autouse=True)
def _folder_of_its_own(tmp_path, monkeypatch):
    """Journals and simulated worlds go where the test ends, not into the project."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("PORTINFRA_")]:
        monkeypatch.delenv(name)
