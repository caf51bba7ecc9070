"""A provider written from its documentation alone, for a cloud that is nothing like the built-in one."""

from collections.abc import Iterator

import pytest

from portinfra.provider import registry
from portinfra.testing.conformance import ProviderConformance

from .toy.bed import ToyBed
from .toy.cloud import ToyCloud
from .toy.plugin import ToyPlugin

pytestmark = pytest.mark.slow


class TestToy(ProviderConformance):
    @pytest.fixture
    def bed(self) -> Iterator[ToyBed]:
        cloud = ToyCloud()
        with registry.substituted(ToyPlugin(cloud)):
            yield ToyBed(cloud)
