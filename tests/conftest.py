"""What every test stands on: chance that repeats itself, and a home that is not yours."""

import os

import pytest
from hypothesis import settings

settings.register_profile("everyday", deadline=None, derandomize=True, database=None, max_examples=60)
settings.register_profile("soak", deadline=None, database=None, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "everyday"))


@pytest.fixture(autouse=True)
def home(tmp_path, tmp_path_factory, monkeypatch):
    """Journals, and whatever else a test leaves behind, go to a folder of its own."""
    for name in [name for name in os.environ if name.startswith("PORTINFRA_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PORTINFRA_HOME", str(tmp_path_factory.mktemp("home")))
    monkeypatch.chdir(tmp_path)
