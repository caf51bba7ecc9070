"""The conformance suite, whole, on a hard Compute Engine."""

import pytest

from emulator.conformance_bed import GcpBed
from portinfra.testing.conformance import ProviderConformance


class TestGcp(ProviderConformance):
    repeats = 6

    @pytest.fixture
    def bed(self):
        with GcpBed() as bed:
            bed.repeats = self.repeats
            yield bed
            assert bed.gce.violations == []
            assert bed.gce.gaps == []


@pytest.mark.soak
class TestEveryWrite(TestGcp):
    """The crash sweeps try every write, not only one in six of an action."""

    repeats = 1
