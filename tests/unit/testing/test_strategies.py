"""What is drawn is valid, and an edit of it is, too."""

from hypothesis import given
from hypothesis import strategies as st

from portinfra import INTERNET, Environment, Role, Topology, allow, placed
from portinfra.testing import strategies


@given(strategies.topologies().filter(lambda topology: topology.roles), strategies.environments())
def test_every_topology_can_be_placed(topology, environment):
    assert placed(topology, environment).resources


@given(strategies.histories(), strategies.environments())
def test_every_edit_leads_to_a_topology_that_can_be_placed(history, environment):
    for topology in history:
        assert placed(topology, environment).resources


@given(st.data(), strategies.topologies())
def test_an_edit_keeps_the_name_and_every_roles_slot(data, topology):
    edited = data.draw(strategies.edits(topology))
    assert edited.name == topology.name
    slots = {role.name: role.slot for role in topology.roles}
    for role in edited.roles:
        former = role.name if role.name in slots else role.renamed_from
        assert slots.get(former, role.slot) == role.slot


OWN = Topology(
    "own",
    roles=[Role("web", public="customers"), Role("app"), Role("db"), Role("queue")],
    flows=[
        allow(INTERNET, ["web"], tcp=443, why="customers"),
        allow("web", ["app", "db"], tcp=1, why="orders"),
    ],
)


@given(st.data())
def test_ones_own_topology_is_edited_into_valid_ones(data):
    topology = OWN
    for _ in range(4):
        topology = data.draw(strategies.edits(topology))
        if topology.roles:
            assert placed(topology, Environment("production", on="fake:us-east-1")).resources
