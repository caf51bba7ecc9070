"""The conformance suite, whole, on a hard Compute Engine."""

import pytest

from emulator.conformance_bed import GcpBed
from portinfra.testing.conformance import ProviderConformance


class TestGcp(ProviderConformance):
    @pytest.fixture
    def bed(self):
        with GcpBed() as bed:
            yield bed
            assert bed.gce.violations == []
            assert bed.gce.gaps == []
