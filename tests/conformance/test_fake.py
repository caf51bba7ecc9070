"""The simulator, in every shape, keeps to the contract."""

import pytest
from fake_bed import FakeBed

from portinfra.testing.conformance import ProviderConformance
from portinfra.testing.fake import SHAPES, plugin


class TestFake(ProviderConformance):
    """Every shape."""

    @pytest.fixture(params=sorted(SHAPES))
    def bed(self, request):
        yield FakeBed(request.param)
        plugin.cloud = None
