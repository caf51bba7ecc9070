"""The conformance suite, whole, on a hard EC2."""

import pytest

from bed.conformance_bed import AwsBed
from portinfra.testing.conformance import ProviderConformance


class TestAws(ProviderConformance):
    repeats = None
    stale_seconds = 0.0

    @pytest.fixture
    def bed(self):
        with AwsBed(stale_seconds=self.stale_seconds) as bed:
            bed.repeats = self.repeats
            yield bed
            assert bed.ec2.violations == []
            assert bed.ec2.gaps == []


@pytest.mark.slow
class TestStaleLists(TestAws):
    """Lists show each record as it was at another moment, as late as portinfra expects of EC2."""

    stale_seconds = 15.0


@pytest.mark.soak
class TestEveryWrite(TestAws):
    """The crash sweeps try every write, not only the first of each action."""

    repeats = 1
