"""The conformance suite, whole, on a hard Compute Engine."""

import pytest

from emulator.conformance_bed import GcpBed
from portinfra.testing.conformance import ProviderConformance


class TestGcp(ProviderConformance):
    repeats = None
    stale_seconds = 0.0

    @pytest.fixture
    def bed(self):
        with GcpBed(stale_seconds=self.stale_seconds) as bed:
            bed.repeats = self.repeats
            yield bed
            assert bed.gce.violations == []
            assert bed.gce.gaps == []


@pytest.mark.slow
class TestStaleLists(TestGcp):
    """Lists show each record as it was at another moment, as late as portinfra expects of Compute Engine."""

    stale_seconds = 5.0


@pytest.mark.soak
class TestEveryWrite(TestGcp):
    """The crash sweeps try every write, not only the first of each action."""

    repeats = 1
