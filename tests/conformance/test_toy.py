"""A provider written from its documentation alone, for a cloud that is nothing like the built-in one."""

from collections.abc import Iterator
from typing import ClassVar

import pytest

from portinfra.provider import registry
from portinfra.testing.conformance import ProviderConformance

from .toy.bed import ToyBed
from .toy.cloud import ToyCloud
from .toy.plugin import ToyPlugin

pytestmark = pytest.mark.slow


class TestToy(ProviderConformance):
    gaps: ClassVar = {"test_what_others_make_within_ours_is_listed_and_left_alone": "not listed"}

    @pytest.fixture
    def bed(self) -> Iterator[ToyBed]:
        cloud = ToyCloud()
        with registry.substitute(ToyPlugin(cloud)):
            yield ToyBed(cloud)
