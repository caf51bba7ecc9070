"""Whatever the flows before and after: no call closes what both allow, or opens what neither allows."""

import pytest
from attrs import evolve
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from portinfra import INTERNET, Environment, Role, Topology, allow, plan
from portinfra.testing.conformance.rule_walk import RuleWalker
from portinfra.testing.fake import SHAPES, FakeCloud, plugin
from portinfra.testing.fake.drivers import drivers

ROLES = [Role("web", count=1, public="customers"), Role("db", count=1), Role("mail", count=2)]
PRODUCTION = Environment("production", on="fake:us-east-1", cidr="10.10.0.0/16")
NARROW = 4
"""Rules that a firewall of the shape `narrow` may have: often fewer than old and new ones together."""
PEERS = (
    *(role.name for role in ROLES),
    INTERNET,
    "10.0.0.0/8",
    "10.10.0.0/16",
    "10.10.0.4/32",
    "10.10.4.0/22",
    "203.0.113.0/25",
)


@pytest.fixture(scope="module")
def walkers():
    """One walker for each shape of the simulator. The catalogue is the same."""
    plugin.cloud = FakeCloud()
    catalogue = plan(Topology("steady", ROLES), PRODUCTION).catalogue
    plugin.cloud = None
    zones = tuple(zone.name for zone in catalogue.zones)
    found = {name: RuleWalker(PRODUCTION, catalogue, drivers(shape, zones)) for name, shape in SHAPES.items()}
    narrow = evolve(catalogue, rules_max=NARROW)
    return {**found, "narrow": RuleWalker(PRODUCTION, narrow, drivers(SHAPES["aws"], zones))}


@st.composite
def flows(draw):
    ends = [draw(st.sampled_from(ROLES)).name, draw(st.sampled_from(PEERS))]
    source, target = draw(st.permutations(ends))
    first = draw(st.integers(1, 5))
    return allow(source, target, tcp=f"{first}-{first + draw(st.integers(0, 3))}", why="drawn")


topologies = st.lists(flows(), max_size=5).map(lambda drawn: Topology("steady", ROLES, drawn))


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(topologies, topologies, st.sampled_from(sorted(SHAPES)), st.integers(0, 9), st.booleans())
def test_traffic_that_both_topologies_allow_passes_after_every_call(
    walkers, before, after, shape, seed, forget
):
    walk = walkers[shape].walk(before, after, seed, forget=forget)
    assert walk.violations == []


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(topologies, topologies, st.integers(0, 9))
def test_traffic_passes_also_where_old_and_new_rules_do_not_fit_together(walkers, before, after, seed):
    """A plan that does not come to an end refuses; it never goes half-way."""
    try:
        walk = walkers["narrow"].walk(before, after, seed)
    except AssertionError as refused:
        if f"{NARROW} is the most" not in str(refused):
            raise
        assume(False)
    assert walk.violations == []
