"""The provider that docs/writing-a-provider.md shows keeps to the contract."""

import sys
from pathlib import Path
from typing import ClassVar

import pytest

from portinfra.provider import registry
from portinfra.testing.conformance import ProviderConformance

sys.path.append(str(Path(__file__).parents[2] / "examples" / "acme"))

from acme_bed import AcmeBed
from portinfra_acme.plugin import plugin


@pytest.mark.slow
class TestAcme(ProviderConformance):
    gaps: ClassVar = {"test_what_others_make_within_ours_is_listed_and_left_alone": "not listed"}

    @pytest.fixture
    def bed(self):
        with registry.substitute(plugin):
            bed = AcmeBed()
            bed.stride = 15  # the toy and the simulator try more crashes
            yield bed
