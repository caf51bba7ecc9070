"""Removing a role moves nothing: one error prints one line, and with this line only the role goes."""

import ast
import re

from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from portinfra import workflow
from portinfra.model.location import Location
from portinfra.model.topology import Role, Topology
from portinfra.planning.roles import role_of
from portinfra.testing import strategies
from portinfra.testing.simulation import SOMEWHERE, apply_and_check, simulate


def named(topology):
    """Return the slots of a topology by role."""
    return dict(zip((role.name for role in topology.roles), topology.slots, strict=True))


@st.composite
def several_roles(draw):
    """Return a topology of two roles or more, of which some have a slot of their own."""
    drawn = draw(strategies.topologies(max_hosts=2).filter(lambda topology: len(topology.roles) > 1))
    roles = [
        evolve(role, slot=draw(st.sampled_from([None, None, None, 10 + number])))
        for number, role in enumerate(drawn.roles)
    ]
    return evolve(drawn, roles=roles, retired=draw(st.sampled_from([{}, {"old": 1}, {"old": 0, "older": 2}])))


def without(topology, role):
    """Return the topology without a role, with the flows that name it, and those flows' other ends."""
    kept = [flow for flow in topology.flows if role.name not in (*flow.sources, *flow.targets)]
    ends = {end for flow in topology.flows if flow not in kept for end in (*flow.sources, *flow.targets)}
    roles = [each for each in topology.roles if each.name != role.name]
    return evolve(topology, roles=roles, flows=kept), ends


def add_line(topology, fix):
    """Return the topology with the line that an error printed."""
    if topology.location.file.endswith(".hcl"):
        pairs = re.findall(r"([\w-]+) = (\d+)", fix.partition("retired = {")[2])
        return evolve(topology, retired={name: int(slot) for name, slot in pairs})
    return evolve(topology, retired=ast.literal_eval(fix.partition("retired=")[2]))


@settings(max_examples=min(40, settings.default.max_examples))
@given(several_roles(), st.data(), st.sampled_from(["shop.py", "shop.hcl"]))
def test_with_the_line_that_the_error_prints_only_the_role_goes(topology, data, file):
    gone = data.draw(st.sampled_from(topology.roles))
    topology = evolve(topology, location=Location(file, 1))
    with simulate():
        apply_and_check(topology)
        shorter, ends = without(topology, gone)
        plan = workflow.plan(shorter, SOMEWHERE)
        moves = {name: slot for name, slot in named(shorter).items() if named(topology)[name] != slot}
        if moves:
            (error,) = plan.findings
            assert (error.rule, error.location) == ("plan/subnet-moves", topology.location)
            mended = add_line(shorter, error.fix)
            assert topology.retired.items() <= mended.retired.items()
            plan = workflow.plan(mended, SOMEWHERE)
        assert not plan.errors
        for change in plan.changes:
            role = role_of(plan.placed, change.address)
            assert role == gone.name or (change.address.kind == "firewall-rules" and role in ends)


def test_the_slot_of_a_retired_role_can_be_used_again():
    with simulate():
        apply_and_check(
            evolve(SHOP, roles=[Role("web", count=1), Role("redis", count=1), Role("app", count=1)])
        )
        apply_and_check(
            evolve(SHOP, roles=[Role("web", count=1), Role("app", count=1)], retired={"redis": 1})
        )
        again = [Role("web", count=1), Role("cache", count=1), Role("app", count=1)]
        plan = workflow.plan(evolve(SHOP, roles=again), SOMEWHERE)
    assert not plan.errors
    assert {role_of(plan.placed, change.address) for change in plan.changes} == {"cache"}


SHOP = Topology("shop", roles=[Role("web", count=1)])
