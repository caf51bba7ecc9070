"""The provider's test file: the conformance suite on the bed."""

import pytest
from acme_bed import AcmeBed

from portinfra.testing.conformance import ProviderConformance


class TestAcme(ProviderConformance):
    @pytest.fixture
    def bed(self):
        return AcmeBed()
