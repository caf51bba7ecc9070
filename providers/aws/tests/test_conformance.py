"""The conformance suite, whole, on a hard EC2."""

import pytest

from bed.conformance_bed import AwsBed
from portinfra.testing.conformance import ProviderConformance


class TestAws(ProviderConformance):
    repeats = None

    @pytest.fixture
    def bed(self):
        with AwsBed() as bed:
            bed.repeats = self.repeats
            yield bed
            assert bed.ec2.violations == []
            assert bed.ec2.gaps == []


@pytest.mark.soak
class TestEveryWrite(TestAws):
    """The crash sweeps try every write, not only the first of each action."""

    repeats = 1
