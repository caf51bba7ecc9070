"""What is drawn is valid, and an edit of it is, too."""

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portinfra import (
    INTERNET,
    Action,
    DataPolicy,
    Environment,
    Probe,
    RecoveryPlan,
    Role,
    Service,
    Topology,
    Volume,
    Wave,
    allow,
    place,
)
from portinfra.model.topology import Flow
from portinfra.testing import strategies


@given(strategies.topologies().filter(lambda topology: topology.roles), strategies.environments())
def test_every_topology_can_be_placed(topology, environment):
    assert place(topology, environment).resources


@given(strategies.histories(), strategies.environments())
def test_every_edit_leads_to_a_topology_that_can_be_placed(history, environment):
    for topology in history:
        assert place(topology, environment).resources


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
            assert place(topology, Environment("production", on="fake:us-east-1")).resources


LEFT_OUT = {
    "Probe.from_role": "a drill then reads the console of a blank world",
    "Probe.files": "they would have to be here",
    "Topology.name": "any may become any other, which is the same one",
    "Topology.location": "where it was written",
    "Role.location": "where it was written",
    "Role.deletion_protection": "what is protected refuses edits",
    "Role.profile": "the host that signs certificates needs a flow from every role",
    "Role.ignore": "what is ignored does not become as it is declared",
    "Role.renamed_from": "edits draw it",
    "Volume.location": "where it was written",
    "Volume.deletion_protection": "what is protected refuses edits",
    "Volume.source": "recovery gives it",
    "Volume.zone": "placement gives it",
    "Service.location": "where it was written",
    "Flow.why": "only people read it",
    "Flow.location": "where it was written",
    "Environment.name": "tests tell environments by it",
    "Environment.on": "where the simulated cloud is",
    "Environment.account": "whose the simulated cloud is",
    "Environment.roles": "it names roles of one topology",
    "Environment.trust": "it needs files with secrets",
    "Environment.dns": "each apply would start a process",
    "Environment.location": "where it was written",
    "RecoveryPlan.name": "it is its topology's",
    "RecoveryPlan.source": "`environments` draws it",
    "RecoveryPlan.target": "`targets` draws it",
    "RecoveryPlan.rpo": "tests measure time by it",
    "RecoveryPlan.rto": "tests measure time by it",
    "RecoveryPlan.vault": "it needs files with secrets",
    "RecoveryPlan.without": "every role is in a wave",
    "RecoveryPlan.location": "where it was written",
    "Wave.location": "where it was written",
    "DataPolicy.retention": "the former name of keep",
    "DataPolicy.location": "where it was written",
    "Action.name": "only people read it",
    "Action.location": "where it was written",
    "Probe.name": "only people read it",
    "Probe.run": "hooks pass",
    "Probe.location": "where it was written",
}
"""Attributes that no strategy varies, each with the reason."""

DRAWN = (Topology, Role, Volume, Service, Flow, Environment, RecoveryPlan, Wave, DataPolicy, Action, Probe)


@pytest.mark.slow
def test_every_attribute_is_drawn_or_left_out_for_a_reason():
    seen = {}

    @settings(max_examples=150)
    @given(st.data(), strategies.topologies().filter(lambda topology: topology.roles))
    def draw(data, topology):
        plan = data.draw(strategies.recoveries(topology))
        values = [topology, *topology.roles, *topology.flows, data.draw(strategies.environments()), plan]
        values += [part for role in topology.roles for part in (*role.volumes, *role.offers)]
        values += [*plan.waves, *plan.data, *plan.actions, *plan.probes]
        for value in values:
            for field in attrs.fields(type(value)):
                name = f"{type(value).__name__}.{field.name}"
                seen.setdefault(name, set()).add(repr(getattr(value, field.name)))

    draw()
    varied = {name for name, values in seen.items() if len(values) > 1 and not name.endswith(".location")}
    every = {f"{value.__name__}.{field.name}" for value in DRAWN for field in attrs.fields(value)}
    assert every - varied == set(LEFT_OUT)
