"""The simulator, in every shape, keeps to the contract."""

import pytest
from fake_bed import FakeBed
from sweeps import one_in_quick

from portinfra.testing.conformance import ProviderConformance
from portinfra.testing.fake import SHAPES, plugin


class TestFake(ProviderConformance):
    """Every shape. The crash sweeps try every write of the first shape, and fewer of the others."""

    repeats = 6

    @pytest.fixture(params=one_in_quick(*sorted(SHAPES)))
    def bed(self, request):
        bed = FakeBed(request.param)
        bed.repeats = 1 if request.param == min(SHAPES) else self.repeats
        yield bed
        plugin.cloud = None


@pytest.mark.soak
class TestEveryWrite(TestFake):
    """The crash sweeps try every write of every shape."""

    repeats = 1
