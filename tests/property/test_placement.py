from ipaddress import ip_network
from itertools import combinations

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from portinfra.model.resources import Instance, Subnet
from portinfra.placement import place
from portinfra.testing import strategies


def of_kind(placed, kind):
    return [spec for spec in placed.resources.values() if isinstance(spec, kind)]


@given(strategies.topologies(), strategies.environments())
def test_the_same_declaration_gives_the_same_world_on_every_cloud(topology, environment):
    anywhere = evolve(topology, roles=[evolve(role, native={}) for role in topology.roles])
    here = place(anywhere, environment)
    elsewhere = place(anywhere, evolve(environment, on="gcp:europe-west1", account="other"))
    assert here.resources == elsewhere.resources


@given(strategies.topologies(), strategies.environments())
def test_no_two_subnets_overlap_and_no_two_hosts_share_an_address(topology, environment):
    placed = place(topology, environment)
    subnets = [ip_network(subnet.cidr) for subnet in of_kind(placed, Subnet)]
    assert not any(a.overlaps(b) for a, b in combinations(subnets, 2))
    addresses = [host.private_address for host in of_kind(placed, Instance)]
    assert len(set(addresses)) == len(addresses)


@given(strategies.topologies(), strategies.environments(), st.data())
def test_one_host_more_changes_nothing_else(topology, environment, data):
    if not topology.roles:
        return
    role = data.draw(st.sampled_from(topology.roles))
    more = topology.with_role(evolve(role, count=role.count + 1))
    before, after = place(topology, environment), place(more, environment)
    assert before.resources.items() <= after.resources.items()
    assert f"instance.{role.name}{role.count + 1}" in after.resources


@given(strategies.topologies(), strategies.environments())
def test_zones_of_a_role_differ_by_one_host_at_most(topology, environment):
    placed = place(topology, environment)
    for role in topology.roles:
        zones = [h.zone for h in of_kind(placed, Instance) if placed.roles[h.address] == role.name]
        counts = [zones.count(zone) for zone in range(3)]
        assert max(counts) - min(counts) <= 1
