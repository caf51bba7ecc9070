"""The conformance suite, whole, on a hard EC2."""

import pytest

from bed.conformance_bed import AwsBed
from portinfra.testing.conformance import ProviderConformance


class TestAws(ProviderConformance):
    @pytest.fixture
    def bed(self):
        with AwsBed() as bed:
            yield bed
            assert bed.ec2.violations == []
            assert bed.ec2.gaps == []
