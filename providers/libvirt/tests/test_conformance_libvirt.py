"""The conformance suite, whole, on real hypervisors."""

from pathlib import Path

import pytest

from hypervisors.conformance_bed import LibvirtBed
from hypervisors.site import Site
from portinfra.testing.conformance import ProviderConformance, Stage
from portinfra.testing.conformance.suite.crashes import sweep_to, sweep_to_nothing
from portinfra_libvirt.actions import consoles


@pytest.fixture
def bed(rack: Site, depot: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LibvirtBed:
    """Two zones; the crash sweep of the suite tries every twentieth call."""
    sites = tmp_path / "sites.hcl"
    sites.write_text(rack.hcl() + depot.hcl())
    monkeypatch.setenv("PORTINFRA_SITES", str(sites))
    monkeypatch.setattr(consoles, "LISTEN_SECONDS", 3.0)  # its guests print all the time, or never
    return LibvirtBed(rack, depot)


class TestLibvirt(ProviderConformance):
    """Every test of the suite."""


@pytest.mark.soak
class TestEveryCall(ProviderConformance):
    """Crashes at each call, not only at every twentieth."""

    def test_while_creating(self, stage: Stage) -> None:
        stage.bed.stride = 1
        counted(sweep_to(stage, None, stage.bed.before))

    def test_while_changing_one_of_each_kind(self, stage: Stage) -> None:
        stage.bed.stride = 1
        counted(sweep_to(stage, stage.bed.before, stage.bed.after))

    def test_while_destroying(self, stage: Stage) -> None:
        stage.bed.stride = 1
        counted(sweep_to_nothing(stage, stage.bed.before))


def counted(copies: int) -> None:
    """Say how many crashes there were: `-rP` shows it, and the page on reliability tells it."""
    print(f"{copies} crashes")
    assert copies
