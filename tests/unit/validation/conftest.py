"""Declarations made from their parts."""

import pytest

from portinfra.declaration.declared import Declared


@pytest.fixture
def declared():
    def make(*topologies, environments=(), recoveries=()) -> Declared:
        return Declared(tuple(topologies), tuple(environments), tuple(recoveries))

    return make
