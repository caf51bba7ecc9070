"""The conformance suite, whole, on a hard Compute Engine."""

import pytest

from emulator.conformance_bed import GcpBed
from portinfra.testing.conformance import ProviderConformance


class TestGcp(ProviderConformance):
    repeats = None

    @pytest.fixture
    def bed(self):
        with GcpBed() as bed:
            bed.repeats = self.repeats
            yield bed
            assert bed.gce.violations == []
            assert bed.gce.gaps == []


@pytest.mark.soak
class TestEveryWrite(TestGcp):
    """The crash sweeps try every write, not only the first of each action."""

    repeats = 1
