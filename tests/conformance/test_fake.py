"""The simulator, in every shape, keeps to the contract."""

import pytest
from fake_bed import FakeBed
from sweeps import one_in_quick

from portinfra.testing.conformance import ProviderConformance
from portinfra.testing.fake import SHAPES, plugin


class TestFake(ProviderConformance):
    """Every shape. The crash sweeps try one write in six of each action in the first shape, and the first
    write of each action in the others.
    """

    repeats = 6

    @pytest.fixture(params=one_in_quick(*sorted(SHAPES)))
    def bed(self, request):
        bed = FakeBed(request.param)
        bed.repeats = self.repeats if request.param == min(SHAPES) or self.repeats == 1 else None
        yield bed
        plugin.cloud = None


@pytest.mark.soak
class TestEveryWrite(TestFake):
    """The crash sweeps try every write of every shape."""

    repeats = 1
