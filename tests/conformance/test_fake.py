"""The simulator, in every shape, keeps to the contract."""

import pytest
from fake_bed import FakeBed
from sweeps import one_in_quick

from portinfra.testing.conformance import ProviderConformance
from portinfra.testing.fake import SHAPES, plugin


class TestFake(ProviderConformance):
    """Every shape. Of each action, the crash sweeps try one write in six in the first shape, every write in
    the shape that waits for nothing, and the first write in the others.
    """

    @staticmethod
    def repeats(shape):
        return {"aws": 6, "instant": 1}.get(shape)

    @pytest.fixture(params=one_in_quick(*sorted(SHAPES)))
    def bed(self, request):
        bed = FakeBed(request.param)
        bed.repeats = self.repeats(request.param)
        yield bed
        plugin.cloud = None


@pytest.mark.slow
class TestVaryingLag(ProviderConformance):
    """Lists show each record as it was at another moment. Of each action, the first write crashes."""

    @pytest.fixture(params=["aws", "gcp"])
    def bed(self, request):
        bed = FakeBed(request.param, lag_varies=True)
        bed.repeats = None
        yield bed
        plugin.cloud = None


@pytest.mark.soak
class TestEveryWrite(TestFake):
    """The crash sweeps try every write of every shape."""

    @staticmethod
    def repeats(shape):
        return 1
