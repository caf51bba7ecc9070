"""The simulator, in every shape, keeps to the contract."""

import pytest
from fake_bed import FakeBed
from sweeps import one_in_quick

from portinfra.testing.conformance import ProviderConformance
from portinfra.testing.fake import SHAPES, plugin


class TestFake(ProviderConformance):
    """Every shape."""

    @pytest.fixture(params=one_in_quick(*sorted(SHAPES)))
    def bed(self, request):
        yield FakeBed(request.param)
        plugin.cloud = None
