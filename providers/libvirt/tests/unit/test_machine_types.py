"""Any number of processors and MiB that a machine could hold is a size."""

import pytest

from portinfra.model.environment import Environment
from portinfra_libvirt.catalogue import DESCRIBE, assemble
from portinfra_libvirt.published import SIZES
from portinfra_libvirt.site import Hypervisor, Site

TOLD = {"interfaces": [], "images": [], "memory_mib": 8192, "processors": 2, "hostname": "rack"}


@pytest.fixture
def types():
    rack = Hypervisor("rack", "qemu:///system", ("a", "b", "c"))
    there = assemble(
        Environment("here", on="libvirt:rack"), Site("rack", (rack,)), "rack", {DESCRIBE: [{"rack": TOLD}]}
    )
    return there.machine_types


@pytest.mark.parametrize("name", ["c2-m1536", "c1-m700", "c3-m6000", *SIZES.values()])
def test_what_fits_is_offered_in_every_zone(types, name):
    assert name in types
    assert types[name].zones == {"a", "b", "c"}


@pytest.mark.parametrize("name", ["c1-m99999", "c200-m512", "m5.large", "c0-m1", ""])
def test_what_does_not_is_not(types, name):
    assert name not in types
    assert types.get(name) is None


def test_the_usual_ones_are_listed(types):
    assert {"c1-m512", "c2-m2048"} <= set(types)
    assert all(types[name].memory_gib <= 8 for name in types)
    assert len(types) == len(list(types))
