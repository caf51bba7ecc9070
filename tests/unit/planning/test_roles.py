"""The role of a resource that is no longer declared is read from its name, by the kind of the resource."""

import pytest

from portinfra import Role, Topology
from portinfra.model.address import Address
from portinfra.placement import place
from portinfra.planning.roles import role_of
from portinfra.testing.simulation import SOMEWHERE


@pytest.mark.parametrize("role", ["web", "k8s", "web-app", "tier1-db"])
def test_all_resources_of_a_role_are_of_it_also_when_it_is_removed(role):
    declared = place(Topology("shop", [Role(role, count=1, public="customers")]), SOMEWHERE)
    removed = place(Topology("shop", [Role("k")]), SOMEWHERE)
    for address in declared.roles:
        assert role_of(declared, address) == role
        assert role_of(removed, address) == role, address


def test_a_number_in_the_name_of_a_volume_is_not_of_the_role():
    placed = place(Topology("shop", [Role("web")]), SOMEWHERE)
    assert role_of(placed, Address("volume.db1-data2")) == "db"
