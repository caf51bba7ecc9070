"""The provider's test file: the conformance suite on the bed."""

from typing import ClassVar

import pytest
from acme_bed import AcmeBed

from portinfra.testing.conformance import ProviderConformance


class TestAcme(ProviderConformance):
    gaps: ClassVar = {"test_what_others_make_within_ours_is_listed_and_left_alone": "not listed"}

    @pytest.fixture
    def bed(self):
        return AcmeBed()
