"""A value of the wrong Python type is a finding, never a traceback, and is not shown."""

import pytest
from attrs import evolve, fields

from portinfra.errors import ValidationError
from portinfra.model.catalogue import Capabilities
from portinfra.model.environment import Environment
from portinfra.model.recovery import RecoveryPlan
from portinfra.model.resources import Volume
from portinfra.model.topology import Flow, Role, Topology
from portinfra.validation import types, validate, validate_declared

ROLE = Role("app")
VOLUME = Volume("data", gib=1)
FLOW = Flow(("app",), ("app",), icmp=True, why="x")
TOPOLOGY = Topology("shop", roles=[ROLE])
PLACE = Environment("test", on="fake:a")
WRONG = [
    None,
    3,
    "x",
    1.5,
    True,
    b"x",
    (),
    ("x",),
    (1,),
    {},
    {"a": 1},
    {1: {}},
    object(),
    ((1, 2, 3),),
    ((5, 1),),
]


def subjects(topology: Topology, environment: Environment = PLACE) -> set[str]:
    try:
        findings = validate(topology, environment, Capabilities(), {"a": {}})
    except ValidationError as error:
        findings = error.findings
    return {finding.subject for finding in findings if finding.rule.endswith("/wrong-type")}


def variants(value, table):
    """The value with each wrong thing in each field; what a converter refuses cannot be made at all."""
    for name in table:
        for wrong in WRONG:
            try:
                yield name, evolve(value, **{name: wrong})
            except (TypeError, ValueError):
                continue


def test_each_field_of_a_role_is_reported_when_wrong_and_only_then():
    for name, role in variants(ROLE, types.ROLE):
        wrong = not types.ROLE[name][1](getattr(role, name))
        assert subjects(Topology("shop", roles=[role])) == ({f"role.{role.name}.{name}"} if wrong else set())


def test_nothing_in_a_volume_brings_a_traceback():
    for _, volume in variants(VOLUME, types.VOLUME):
        subjects(Topology("shop", roles=[evolve(ROLE, volumes=[volume])]))


def test_nothing_in_a_flow_brings_a_traceback():
    for _, flow in variants(FLOW, types.FLOW):
        subjects(Topology("shop", roles=[ROLE], flows=[flow]))


def test_nothing_in_an_environment_brings_a_traceback():
    for _, environment in variants(PLACE, types.ENVIRONMENT):
        subjects(TOPOLOGY, environment)


def test_nothing_in_a_recovery_plan_brings_a_traceback(declared):
    plan = RecoveryPlan("shop", "a", "b", rpo="1h", rto="1h", waves=[])
    for _, wrong in variants(plan, types.RECOVERY):
        with pytest.raises(ValidationError):
            validate_declared(declared(TOPOLOGY, recoveries=[wrong]))


@pytest.mark.parametrize(
    ("attribute", "value", "said"),
    [
        ("count", "3", "must be a whole number, and is text"),
        ("count", True, "must be a whole number, and is True or False"),
        ("tags", {"a": 1}, "is a mapping that holds a whole number and text"),
        ("user_data", b"hunter2", "must be text, and is of type bytes"),
    ],
)
def test_it_is_said_in_words_without_the_value(attribute, value, said):
    with pytest.raises(ValidationError, match=said) as error:
        validate(Topology("shop", roles=[evolve(ROLE, **{attribute: value})]), PLACE, Capabilities())
    assert "hunter2" not in str(error.value)


def test_strangers_among_roles_flows_and_volumes_are_found():
    topology = Topology("shop", roles=["app", evolve(ROLE, volumes=["data"])], flows=["app"])
    assert subjects(topology) == {"topology.shop.roles", "topology.shop.flows", "role.app.volumes"}


def test_every_field_that_a_user_gives_is_checked():
    left_out = {"location", "roles", "flows", "volumes", "kind", "zone"}
    tables = {
        Role: types.ROLE,
        Volume: types.VOLUME,
        Flow: types.FLOW,
        Topology: types.TOPOLOGY,
        Environment: types.ENVIRONMENT | {"roles": types.MAPS},
        RecoveryPlan: types.RECOVERY,
    }
    for kind, table in tables.items():
        assert {field.name for field in fields(kind)} - left_out == set(table) - left_out, kind
